"""Settings of the Redis cache."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import DailyWindow, LogRetentionDays, Section, WeeklyWindow, daily_minutes
from settings.database import require_windows

_SHORTEST_SNAPSHOT_MINUTES = 60


class Eviction(StrEnum):
    """What happens when memory is full (`maxmemory-policy`): queues need `noeviction`; a cache forgets what was used
    longest ago (`lru`), least often (`lfu`), soonest to expire (`ttl`) or anything; `volatile` only what expires."""

    NOEVICTION = "noeviction"
    ALLKEYS_LRU = "allkeys-lru"
    ALLKEYS_LFU = "allkeys-lfu"
    ALLKEYS_RANDOM = "allkeys-random"
    VOLATILE_LRU = "volatile-lru"
    VOLATILE_LFU = "volatile-lfu"
    VOLATILE_RANDOM = "volatile-random"
    VOLATILE_TTL = "volatile-ttl"


class CacheSettings(Section):
    """Amazon ElastiCache for Redis: private, encrypted, with a token, in two zones (ALL-05)."""

    engine_version: Annotated[str, Field(pattern=r"^7\.[01]$", examples=["7.1"])] = "7.1"
    """Redis version, 7.0 or 7.1; earlier ones take no mode of encryption in transit (BER-CCH-01, ALL-02)."""
    node_type: Annotated[str, Field(pattern=r"^cache\.[a-z0-9]+\.[a-z0-9]+$")] = "cache.t4g.micro"
    """Size of the nodes (BER-CCH-01, FAC-CCH-01)."""
    replicas: Annotated[int, Field(ge=1, le=5)] = 1
    """Nodes beside the primary, one of which takes over (BER-CCH-02)."""
    snapshot_days: Annotated[int, Field(ge=1, le=35)] = 5
    """Days daily snapshots are kept (BER-CCH-06)."""
    snapshot_window: DailyWindow = "06:00-07:00"
    """Daily window of the snapshot, UTC, an hour or longer."""
    maintenance_window: WeeklyWindow = "sun:08:00-sun:09:00"
    """Weekly window of maintenance, UTC; never overlaps the snapshot window (ALL-14)."""
    eviction: Eviction = Eviction.ALLKEYS_LRU
    """What happens when memory is full; `noeviction` where job queues or sessions live in it (FAC-N16)."""
    port: Annotated[int, Field(ge=1150, le=65_535)] = 6379
    """Port it listens on (BER-CCH-05)."""
    log_days: LogRetentionDays = 365
    """Days the engine's logs are kept (ALL-10)."""

    @model_validator(mode="after")
    def _windows(self) -> Self:
        if daily_minutes(self.snapshot_window) < _SHORTEST_SNAPSHOT_MINUTES:
            raise ValueError(f"snapshot_window: expected {_SHORTEST_SNAPSHOT_MINUTES} minutes or more")
        require_windows(self.snapshot_window, self.maintenance_window, "snapshot_window")
        return self
