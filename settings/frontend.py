"""Settings of what a browser application is told about the stack: names and addresses, nothing secret."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settings.base import Section

Fact = Annotated[
    str,
    Field(
        pattern=r"^(region|user_pool_id|user_pool_client_id|identity_pool_id|api_endpoint|cdn_url|buckets\.[a-z][a-z0-9-]*)$",
        examples=["api_endpoint"],
    ),
]
"""What a variable says: `region`, `user_pool_id`, `user_pool_client_id`, `identity_pool_id`, `api_endpoint`, `cdn_url`,
or `buckets.<purpose>`. Nothing of the database is among them (MSP-IAM-13)."""

VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", examples=["API_ENDPOINT"])]


class FrontendSettings(Section):
    """The environment of a browser application, an output of the stack (MSP-OUT-01 to 08, MSP-N29)."""

    prefix: Annotated[str, Field(pattern=r"^([A-Z][A-Z0-9_]*_)?$")] = "VITE_"
    """What every name begins with; build tools publish only variables that begin so."""
    variables: Annotated[dict[VariableName, Fact], Field(min_length=1)]
    """Name without prefix → what it says."""
