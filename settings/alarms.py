"""Settings of single alarms: what one of them does differently, and alarms on metrics the application publishes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import Section

Period = Annotated[int, Field(ge=60, le=86_400, multiple_of=60)]
"""Seconds of one measurement: whole minutes, up to a day."""

Evaluations = Annotated[int, Field(ge=1, le=100)]
"""Measurements an alarm looks at."""

Statistic = Annotated[
    str,
    Field(
        pattern=r"^(Average|Maximum|Minimum|SampleCount|Sum|p(\d{1,2}(\.\d{1,10})?|100))$", examples=["Average", "p95"]
    ),
]
"""What is made of the values in one period: a statistic, or a percentile such as `p95`."""

AlarmPattern = Annotated[str, Field(pattern=r"^[a-z0-9*-]{1,100}$", examples=["cache-*-hit-rate"])]
"""An alarm's part of its name (`database-cpu`), or several by `*`."""


class Missing(StrEnum):
    """What a period without data means.

    UNKNOWN: for values a living resource always reports; silence shows as INSUFFICIENT_DATA.
    FINE: for counts and rates that exist only when something happens.   BAD: silence is the failure itself.
    AS_BEFORE: the alarm stays in the state it has.
    """

    UNKNOWN = "missing"
    FINE = "notBreaching"
    BAD = "breaching"
    AS_BEFORE = "ignore"


class AlarmOverride(Section):
    """What one alarm does differently from its kind; what is left out stays (FAC-N24, LWO-N11, BER-N25)."""

    period_seconds: Period | None = None
    """Length of one measurement."""
    evaluations: Evaluations | None = None
    """Measurements looked at."""
    datapoints: Evaluations | None = None
    """How many of them must be beyond the threshold; default: all."""
    threshold: float | None = None
    """The threshold, in the unit of the setting it stands for (percent, MiB, GiB, milliseconds, …)."""
    statistic: Statistic | None = None
    """What is made of the values in one period. An alarm that divides one metric by another has none to change."""
    missing: Missing | None = None
    """What a period without data means: `missing`, `notBreaching`, `breaching`, `ignore`."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(f"expected one of {', '.join(type(self).model_fields)}, found nothing")
        return self


class CustomAlarm(Section):
    """An alarm on any metric, such as one the application publishes (FAC-OBS-07, FAC-N30)."""

    title: Annotated[str, Field(min_length=1, max_length=200, examples=["Validation queue"])]
    """What is measured, for people."""
    namespace: Annotated[str, Field(pattern=r"^[A-Za-z0-9_./#:-]{1,255}$", examples=["Facnet/Validation"])]
    """Namespace of the metric."""
    metric: Annotated[str, Field(min_length=1, max_length=255, examples=["QueueLength"])]
    """Name of the metric."""
    dimensions: Annotated[dict[str, Annotated[str, Field(min_length=1, max_length=1024)]], Field(max_length=30)] = (
        Field(default_factory=dict)
    )
    """Dimensions of the metric, exactly those it is published with."""
    statistic: Statistic = "Maximum"
    """What is made of the values in one period."""
    above: float | None = None
    """Alarm when the value is above this."""
    below: float | None = None
    """Alarm when the value is below this; one of the two is given."""
    missing: Missing = Missing.FINE
    """What a period without data means."""
    symptom: bool = False
    """Whether users notice; the alarm of the whole system then listens to it."""

    @model_validator(mode="after")
    def _one_threshold(self) -> Self:
        if (self.above is None) == (self.below is None):
            found = "neither" if self.above is None else "both"
            raise ValueError(f"above, below: expected one of the two, found {found}")
        return self
