"""Settings of physical names: the patterns, and the recorded names that follow none."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from settings.base import Section


def _pattern(text: str) -> str:
    fields = {"system": "s", "environment": "e", "part": "p", "account": "a"}
    try:
        filled = text.format(**fields)
    except (KeyError, IndexError, ValueError):
        filled = ""
    if "{part}" not in text or not filled:
        raise ValueError("expected a pattern with {part}, and beside it only {system}, {environment}, {account}")
    return text


Pattern = Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9{}/_-]+$"), AfterValidator(_pattern)]
"""Text in which `{system}`, `{environment}`, `{part}` and `{account}` stand for what they say."""

PartName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9/-]{0,60}$", examples=["postgres"])]


class NamingSettings(Section):
    """How resources, buckets and secrets are called (BER-TAG-02, FAC-TAG-02, MSP-TAG-01, LWO-TAG-01, OMN-TAG-02)."""

    environment: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,15}$", examples=["prod"])] | None = None
    """The word for the environment in names. Default: the environment itself."""
    resource: Pattern = "{system}-{environment}-{part}"
    """Names of resources."""
    bucket: Annotated[Pattern, Field(pattern=r"^[a-z0-9{}-]+$")] = "{system}-{part}-{environment}"
    """Names of buckets, which are global: end them in `{account}` where another account may have taken them."""
    secret: Pattern = "{system}/{environment}/{part}"  # noqa: S105
    """Names of secrets."""
    names: dict[PartName, Annotated[str, Field(pattern=r"^[A-Za-z0-9/_.-]{1,255}$")]] = Field(default_factory=dict)
    """Part → name of a resource that does not follow the pattern; `services` is the cluster's. The resources of one
    service are told apart by `service/<name>`, `family/<name>` (task definitions) and `repository/<name>`."""
    bucket_names: dict[PartName, Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")]] = Field(
        default_factory=dict
    )
    """Purpose → name of a bucket that does not follow the pattern."""
    secret_names: dict[PartName, Annotated[str, Field(pattern=r"^[A-Za-z0-9/_+=.@-]{1,512}$")]] = Field(
        default_factory=dict
    )
    """Part → name of a secret that does not follow the pattern."""
