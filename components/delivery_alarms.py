"""Alarms of what must arrive: backups, copies in the recovery region, and notifications."""

from __future__ import annotations

from components.alarms import COUNT, MINUTES_OF_SECONDS, Alarm, Comparison
from components.watched import WatchedBackups, WatchedReplication
from settings.alarms import Missing
from settings.observability import DeliveryThresholds, ReplicationThresholds

_HOUR_SECONDS = 3600


def backup_alarms(backups: WatchedBackups) -> list[Alarm]:
    """No backup was completed for longer than the recovery objectives allow: jobs that fail tell by themselves, jobs
    that never start do not. It also holds until the first backup of a new stack (FAC-DR-01, BER-DR-04).

    Source: AWS Backup Developer Guide, "AWS Backup metrics with Amazon CloudWatch".
    """
    hours = -(-backups.age_minutes // 60)
    return [
        Alarm(
            key="backups-late",
            title=f"Backups completed within {hours} hours",
            namespace="AWS/Backup",
            metric="NumberOfBackupJobsCompleted",
            dimensions={"BackupVaultName": backups.vault_name},
            statistic="Sum",
            comparison=Comparison.BELOW,
            threshold=1,
            missing=Missing.BAD,
            period_seconds=_HOUR_SECONDS,
            evaluations=hours,
        )
    ]


def failed_replication(purpose: str, pair: WatchedReplication, thresholds: ReplicationThresholds) -> list[Alarm]:
    """Operations that were not copied, from the first; measured in the source's region (BER-OBS-11, BER-N06)."""
    return [
        Alarm(
            key=f"{purpose}-replication-failed",
            title=f"Operations on {pair.source} that were not replicated",
            namespace="AWS/S3",
            metric="OperationsFailedReplication",
            dimensions=_dimensions(pair),
            statistic="Sum",
            comparison=Comparison.ABOVE,
            threshold=thresholds.failed_operations,
            missing=Missing.FINE,
            evaluations=1,
        )
    ]


def late_replication(
    purpose: str, pair: WatchedReplication, thresholds: ReplicationThresholds, region: str
) -> list[Alarm]:
    """How far the copy is behind, in time and in operations; measured in the copy's region (BER-DR-12, BER-N06).

    A gap in these measurements says nothing (S3 User Guide, "S3 Replication metrics in CloudWatch").
    """
    behind = {
        "late": ("Delay of the copy of", "ReplicationLatency", thresholds.late_minutes, MINUTES_OF_SECONDS),
        "pending": (
            "Operations not yet copied of",
            "OperationsPendingReplication",
            thresholds.pending_operations,
            COUNT,
        ),
    }
    return [
        Alarm(
            key=f"{purpose}-replication-{key}",
            title=f"{title} {pair.source}",
            namespace="AWS/S3",
            metric=metric,
            dimensions=_dimensions(pair),
            statistic="Maximum",
            comparison=Comparison.ABOVE,
            threshold=threshold,
            unit=unit,
            missing=Missing.AS_BEFORE,
            region=region,
        )
        for key, (title, metric, threshold, unit) in behind.items()
    ]


def topic_alarms(topic_name: str, thresholds: DeliveryThresholds) -> list[Alarm]:
    """Notifications that reached nobody, from the first; other subscribers of the topic hear of it."""
    return [
        Alarm(
            key="notifications-failed",
            title="Notifications that reached nobody",
            namespace="AWS/SNS",
            metric="NumberOfNotificationsFailed",
            dimensions={"TopicName": topic_name},
            statistic="Sum",
            comparison=Comparison.ABOVE,
            threshold=thresholds.failed_notifications,
            missing=Missing.FINE,
            evaluations=1,
        )
    ]


def _dimensions(pair: WatchedReplication) -> dict[str, str]:
    return {"SourceBucket": pair.source, "DestinationBucket": pair.copy, "RuleId": pair.rule_id}
