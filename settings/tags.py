"""Settings of the tags every resource carries."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from settings.base import Section


def _free(key: str) -> str:
    if key.lower().startswith("aws:"):
        raise ValueError("expected a name that does not begin with aws:, which AWS reserves")
    return key


TagValue = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[\w .:/=+@-]+$", examples=["platform"])]
TagKey = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\w .:/=+@-]+$"), AfterValidator(_free)]


class TagsSettings(Section):
    """Tags of every taggable resource, beside those the program sets itself (ALL-11, BER-TAG-01, FAC-TAG-01,
    LWO-TAG-02, MSP-TAG-02)."""

    owner: TagValue
    """Team answerable for the system; tag `Owner`."""
    cost_center: TagValue
    """Where the cost is booked; tag `CostCenter` (FAC-OBS-15)."""
    hipaa: bool
    """Whether the system keeps protected health information under HIPAA; tag `HIPAA=true` when it does (OMN-TAG-01).
    Default: true in the United States, else false."""
    extra: dict[TagKey, TagValue] = Field(default_factory=dict)
    """Further tags, name → value."""

    def all(self, *, system: str, environment: str) -> dict[str, str]:
        """The tags of every resource of the stack, without its data class and name."""
        fixed = {
            "Project": system,
            "Environment": environment,
            "ManagedBy": "pulumi",
            "Owner": self.owner,
            "CostCenter": self.cost_center,
        }
        return {**self.extra, **fixed, **({"HIPAA": "true"} if self.hipaa else {})}
