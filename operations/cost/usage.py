"""How much a stack is used in a month: what its settings cannot say, as data that a person may replace."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from operations.mistakes import Mistake

ASSUMPTIONS = Path(__file__).parent / "usage.yaml"


class Amount(BaseModel):
    """A quantity on a usual month, and on the busiest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: float = Field(ge=0)
    peak: float = Field(ge=0)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.peak < self.base:
            raise ValueError(f"expected a peak of base ({self.base:g}) or more, found {self.peak:g}")
        return self


class Usage(BaseModel):
    """Quantities of one month.

    instances, tasks, acu: running instances, running tasks of all services together, average ACU of each Aurora
        instance; absent: what the settings allow, from the fewest to the most.
    *_gb: gigabytes transferred, kept on average, or ingested.   *_million_*, *_thousands: requests.
    function_seconds: of an average call.   vpn_connection_hours: of all people together.
    other_region_gb: copied to the recovery region.   backup_gb: kept by AWS Backup in each of its vaults.
    alarms: CloudWatch alarms; the program derives them from everything else.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    instances: Amount | None = None
    tasks: Amount | None = None
    acu: Amount | None = None
    nat_gb: Amount
    internet_gb: Amount
    other_region_gb: Amount
    storage_gb: Amount
    puts_thousands: Amount
    gets_thousands: Amount
    cdn_gb: Amount
    cdn_million_requests: Amount
    firewall_million_requests: Amount
    load_balancer_lcus: Amount
    api_million_requests: Amount
    monthly_users: Amount
    function_million_requests: Amount
    function_seconds: Amount
    vpn_connection_hours: Amount
    images_gb: Amount
    aurora_gb: Amount
    aurora_million_requests: Amount
    backup_gb: Amount
    log_gb: Amount
    alarms: Amount
    trail_hundred_thousands: Amount
    config_items: Amount


def assumed(system: str, file: Path | None = None) -> Usage:
    """The assumptions for a system, with what a person's file says instead.

    system: as in the settings; one without figures of its own has the defaults. Raises Mistake for a file that is not
    usage.
    """
    known = yaml.safe_load(ASSUMPTIONS.read_text())
    given = {} if file is None else _given(file)
    try:
        return Usage.model_validate({**known["default"], **known["systems"].get(system, {}), **given})
    except ValidationError as error:
        problems = "\n".join(f"  {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise Mistake(f"{file or ASSUMPTIONS.name} is not the usage of a month:\n{problems}") from None


def _given(file: Path) -> dict[str, Any]:
    try:
        found: object = yaml.safe_load(file.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise Mistake(f"{file}: expected YAML that can be read ({error}).") from None
    if not isinstance(found, dict):
        raise Mistake(f"{file}: expected names and amounts such as `internet_gb: {{base: 50, peak: 80}}`.")
    return found  # pyright: ignore[reportUnknownVariableType]
