"""What every settings section is made of: the frozen model and the types that several sections share."""

from __future__ import annotations

import re
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""Retention periods CloudWatch Logs accepts (API reference: PutRetentionPolicy)."""

SECRET_NAME = re.compile(r"(?i)(passw|secret|token|credential|private|api_?key|access_?key)")
"""Names of variables whose values belong in Secrets Manager."""


class Section(BaseModel):
    """A part of the settings: unknown keys are refused, values never change, errors never print what was given."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)


class Environment(StrEnum):
    """What a stack is for; production refuses weaker values."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


def _log_retention(days: int) -> int:
    if days not in LOG_RETENTION_DAYS:
        raise ValueError(
            f"expected one of {', '.join(map(str, LOG_RETENTION_DAYS))} days, which CloudWatch Logs offers"
        )
    return days


def _private(network: IPv4Network) -> IPv4Network:
    if not network.is_private:
        raise ValueError("expected a private network, a part of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")
    return network


LogRetentionDays = Annotated[int, AfterValidator(_log_retention)]
"""Days CloudWatch Logs keeps log events (ALL-10: 365 for logs, 2,192 for audit trails)."""

PrivateCidr = Annotated[IPv4Network, AfterValidator(_private)]
"""A private IPv4 network in CIDR notation, host bits zero."""

RegionName = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", examples=["ca-central-1"])]
"""An AWS region by its full name."""

ZoneName = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$", examples=["ca-central-1a"])]
"""An availability zone by its full name."""

KeyArn = Annotated[str, Field(pattern=r"^arn:aws:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+$")]
"""ARN of a KMS key."""

EmailAddress = Annotated[
    str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254, examples=["ops@example.org"])
]
"""An e-mail address."""

DomainName = Annotated[
    str,
    Field(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
        max_length=253,
        examples=["clinic.example.org"],
    ),
]
"""A fully qualified DNS name in lower case, without the final dot."""

DailyWindow = Annotated[
    str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$", examples=["06:00-07:00"])
]
"""A daily window `hh:mm-hh:mm`, UTC."""

WeeklyWindow = Annotated[
    str,
    Field(
        pattern=r"^(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):[0-5]\d-(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):[0-5]\d$",
        examples=["sun:08:00-sun:09:00"],
    ),
]
"""A weekly window `ddd:hh:mm-ddd:hh:mm`, UTC."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES = 24 * 60
_WEEK_MINUTES = 7 * _DAY_MINUTES


def _clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _weekly_minutes(window: str) -> set[int]:
    start, end = window.split("-")
    first = _DAYS.index(start[:3]) * _DAY_MINUTES + _clock(start[4:])
    last = _DAYS.index(end[:3]) * _DAY_MINUTES + _clock(end[4:])
    length = (last - first) % _WEEK_MINUTES
    return {(first + minute) % _WEEK_MINUTES for minute in range(length)}


def _daily_minutes(window: str) -> set[int]:
    start, end = map(_clock, window.split("-"))
    length = (end - start) % _DAY_MINUTES
    return {
        (day * _DAY_MINUTES + start + minute) % _WEEK_MINUTES for day in range(len(_DAYS)) for minute in range(length)
    }


def daily_minutes(window: str) -> int:
    """Length of a daily window in minutes."""
    return len(_daily_minutes(window)) // len(_DAYS)


def weekly_minutes(window: str) -> int:
    """Length of a weekly window in minutes."""
    return len(_weekly_minutes(window))


def weekly(window: str) -> str:
    """A daily window as the weekly one of its Monday: what two daily windows share, they share on Mondays too."""
    start, end = window.split("-")
    return f"mon:{start}-{'mon' if _clock(end) > _clock(start) else 'tue'}:{end}"


def windows_overlap(daily: str, weekly: str) -> bool:
    """Whether a daily backup window and a weekly maintenance window share a minute, which AWS refuses (ALL-14)."""
    return not _daily_minutes(daily).isdisjoint(_weekly_minutes(weekly))
