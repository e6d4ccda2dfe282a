"""Settings of what the account may cost, and who hears when it costs more."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settings.base import EmailAddress, Section

Share = Annotated[int, Field(ge=1, le=1000)]


class BudgetSettings(Section):
    """A monthly limit with notifications (FAC-OBS-13: US$700)."""

    monthly_usd: Annotated[int, Field(ge=1, le=10_000_000)]
    """The limit, US dollars a month."""
    actual_percent: Annotated[tuple[Share, ...], Field(max_length=5)] = (80, 100)
    """Notify when this share of the limit has been spent."""
    forecast_percent: Annotated[tuple[Share, ...], Field(max_length=5)] = (100,)
    """Notify when this share of the limit is expected by the end of the month."""
    own_tags_only: bool = False
    """Whether only what carries this stack's tags counts, not the whole account. `Project` and `Environment` must be
    active cost-allocation tags, which the owner of the bill switches on (FAC-OBS-15)."""


class AnomalySettings(Section):
    """AWS looks for unusual spending by itself."""

    threshold_usd: Annotated[int, Field(ge=1, le=10_000_000)] = 50
    """Notify when an anomaly has cost at least this, US dollars."""
    existing: bool = False
    """Whether the account watches its services already: it can have one such monitor."""


class CostSettings(Section):
    """Budget and anomalies; both tell the alarm topic (FAC-OBS-13, FAC-OBS-14)."""

    budget: BudgetSettings | None = None
    """Monthly budget; absent: none."""
    anomalies: AnomalySettings | None = None
    """Cost anomaly detection; absent: none."""
    emails: Annotated[tuple[EmailAddress, ...], Field(max_length=10)] = ()
    """More people the budget writes to, such as who pays the bill."""
