"""The root of a stack's settings: what one system in one environment is; its file says everything (ALL-01)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from settings import checks
from settings.api import ApiSettings
from settings.base import Environment, RegionName, Section
from settings.bastion import BastionSettings
from settings.cache import CacheSettings
from settings.compute import ComputeSettings
from settings.database import DatabaseSettings
from settings.defaults import derive
from settings.detection import DetectionSettings
from settings.directory import DirectorySettings
from settings.edge import EdgeSettings
from settings.frontend import FrontendSettings
from settings.identity import IdentitySettings
from settings.jurisdiction import Jurisdiction
from settings.keys import KeysSettings
from settings.naming import NamingSettings
from settings.network import NetworkSettings
from settings.objectives import Objectives, objectives
from settings.observability import ObservabilitySettings
from settings.recovery import RecoverySettings
from settings.secrets import SecretsSettings
from settings.storage import StorageSettings
from settings.tags import TagsSettings

SystemName = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=3, max_length=20, examples=["clinic"])
]
"""First part of names: no two hyphens in a row, which RDS and ElastiCache refuse."""


class AgreementSettings(Section):
    """The signed AWS Business Associate Agreement (ALL-16; 45 CFR 164.308(b)(1))."""

    signed: date
    """Day of signature."""
    reference: Annotated[str, Field(min_length=3, max_length=200)]
    """Where the signed agreement is kept (document number, AWS Artifact agreement id)."""


class ResidencyWaiverSettings(Section):
    """A recorded decision that copies may leave the jurisdiction (ALL-15, BER-N01)."""

    regions: Annotated[tuple[RegionName, ...], Field(min_length=1)]
    """Regions outside the jurisdiction that may hold copies; never the home region."""
    reason: Annotated[str, Field(min_length=20, max_length=500)]
    """Why, in a sentence or two."""
    approved_by: Annotated[str, Field(min_length=3, max_length=100)]
    """Role of the person who decided."""
    until: date
    """Day the decision must be taken again."""


class Settings(Section):
    """Everything a stack file says."""

    system: SystemName
    """The product's short name, 3 to 20 characters; first part of every physical name (BER-TAG-02)."""
    environment: Environment
    """What the stack is for."""
    jurisdiction: Jurisdiction
    """Legal regime; decides the regions that may be used."""
    region: RegionName
    """Home region, from `aws:region`; lies in the jurisdiction."""
    agreement: AgreementSettings | None = None
    """The signed AWS Business Associate Agreement; production in the United States needs it."""
    residency_waiver: ResidencyWaiverSettings | None = None
    """Decision that copies may leave the jurisdiction; absent: they may not."""
    protect: bool
    """Whether stores of patient data refuse deletion and replacement (ALL-12). Default: in production."""
    tags: TagsSettings
    """Tags of every resource."""
    naming: NamingSettings = NamingSettings()
    """Physical names."""
    network: NetworkSettings
    """VPC, subnets, ways out."""
    keys: KeysSettings = KeysSettings()
    """KMS keys."""
    identity: IdentitySettings = IdentitySettings()
    """Limits of every role, deployment from CI, access in an emergency."""
    database: DatabaseSettings | None = None
    """PostgreSQL, on RDS or Aurora; absent: none."""
    cache: CacheSettings | None = None
    """Redis; absent: none."""
    queue: CacheSettings | None = None
    """A second Redis for job queues, which forgets nothing, beside a cache that evicts; absent: none (FAC-N16)."""
    secrets: SecretsSettings = SecretsSettings()
    """Secrets of the application; those of database and cache exist anyway."""
    storage: StorageSettings = StorageSettings()
    """Buckets; the one of access logs always exists."""
    compute: ComputeSettings | None = None
    """Fargate services, EC2 instances, Lambda functions; absent: none."""
    directory: DirectorySettings | None = None
    """Users of the product, in Cognito; absent: none."""
    api: ApiSettings | None = None
    """HTTP API of functions; absent: none."""
    frontend: FrontendSettings | None = None
    """What a browser application is told; absent: no such output."""
    bastion: BastionSettings | None = None
    """A way for administrators to database and cache; absent: none (FAC-N05)."""
    edge: EdgeSettings | None = None
    """Domain, load balancer, CDN, firewall; absent: none."""
    observability: ObservabilitySettings
    """Alarms, dashboards, events, audit trail."""
    detection: DetectionSettings = DetectionSettings()
    """GuardDuty, AWS Config, Security Hub, Access Analyzer; all off by default."""
    recovery: RecoverySettings | None = None
    """Copies in another region; absent: none."""

    @model_validator(mode="before")
    @classmethod
    def _derive(cls, values: Any) -> Any:
        return derive(values) if isinstance(values, Mapping) else values  # pyright: ignore[reportUnknownArgumentType]

    @model_validator(mode="after")
    def _together(self) -> Self:
        problems = checks.run({name: getattr(self, name) for name in type(self).model_fields})
        if problems:
            raise ValueError("\n".join(map(str, problems)))
        return self

    @property
    def recovery_region(self) -> str | None:
        """Where copies are kept; None when the stack keeps none."""
        return None if self.recovery is None else self.recovery.region

    @property
    def recovery_objectives(self) -> Objectives | None:
        """What the recovery objectives derive: intervals, retention, ages an alarm is due at; None without recovery."""
        return None if self.recovery is None else objectives(self.recovery, self.database, self.storage)

    @property
    def resource_tags(self) -> dict[str, str]:
        """Tags of every resource (ALL-11)."""
        return self.tags.all(system=self.system, environment=self.environment)
