"""Which section of the runbook says what to do about an alarm; its description leads there."""

from __future__ import annotations

from fnmatch import fnmatchcase

RUNBOOK = "docs/runbooks/on-call.md"
OWN = "alarms-of-your-own"
SECTIONS = {
    "users-notice": (
        "api-errors", "api-latency", "cdn-errors", "function-*-errors", "load-balancer-errors",
        "load-balancer-latency", "load-balancer-*-unhealthy", "service-*-tasks", "database-*storage",
        "database-*connections", "function-*-dead-letters", "system-unhealthy", "healthy-targets",
    ),
    "capacity": (
        "database-*cpu", "database-*memory", "database-*capacity", "database-*lag", "cache-*", "queue-*",
        "service-*-cpu", "service-*-memory", "fleet-cpu", "function-*-duration", "function-*-throttles", "nat-*",
    ),
    "data-and-recovery": ("*-replication-*", "notifications-failed", "backups-late"),
    "security": ("security-*",),
}  # fmt: skip
"""Section → the alarms its table has, by the keys of `components.alarms.Alarm`."""


def advised(description: str, key: str) -> str:
    """An alarm's description with where to read what to do (LWO-OPS-07, 45 CFR 164.308(a)(6)(ii))."""
    found = (name for name, patterns in SECTIONS.items() if any(fnmatchcase(key, pattern) for pattern in patterns))
    return f"{description}. What to do: {RUNBOOK}#{next(found, OWN)}"
