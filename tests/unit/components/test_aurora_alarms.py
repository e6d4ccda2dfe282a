"""Alarms of an Aurora cluster: they follow a failover, and watch capacity where an instance's storage was watched."""

from __future__ import annotations

import pytest

from components.alarms import Comparison, database_alarms
from components.watched import WatchedDatabase
from settings.observability import DatabaseThresholds

CLUSTER = WatchedDatabase(identifier="clinic-production", max_connections=823, max_acu=4, readers=True)
INSTANCE = WatchedDatabase(identifier="clinic-production", max_connections=400)


@pytest.mark.requirement("ALL-17", "MSP-N13", "OMN-N15")
def test_capacity_in_use_is_an_alarm_at_ninety_percent_and_storage_is_none() -> None:
    alarms = {alarm.key: alarm for alarm in database_alarms(CLUSTER, DatabaseThresholds())}
    capacity = alarms["database-capacity"]
    assert (capacity.metric, capacity.statistic, capacity.threshold) == ("ACUUtilization", "Average", 90)
    assert capacity.comparison is Comparison.ABOVE
    assert "FreeStorageSpace" not in {alarm.metric for alarm in alarms.values()}
    assert "ACUUtilization" not in {alarm.metric for alarm in database_alarms(INSTANCE, DatabaseThresholds())}


@pytest.mark.requirement("ALL-17", "OMN-N15", "OMN-DB-12")
def test_a_cluster_has_the_alarms_of_an_instance_by_role() -> None:
    alarms = {alarm.key: alarm for alarm in database_alarms(CLUSTER, DatabaseThresholds())}
    thresholds = {key: alarm.limit for key, alarm in alarms.items()}
    for prefix, role in (("", "WRITER"), ("reader-", "READER")):
        assert thresholds[f"database-{prefix}cpu"] == 80
        assert thresholds[f"database-{prefix}memory"] == 512 * 1024**2
        assert thresholds[f"database-{prefix}connections"] == 823 * 80 // 100
        assert alarms[f"database-{prefix}cpu"].dimensions == {"DBClusterIdentifier": "clinic-production", "Role": role}
    assert len(alarms) == 8


def test_a_cluster_without_readers_has_no_alarms_of_readers() -> None:
    alone = WatchedDatabase(identifier="clinic", max_connections=823, max_acu=4)
    assert not [alarm.key for alarm in database_alarms(alone, DatabaseThresholds()) if "reader" in alarm.key]
