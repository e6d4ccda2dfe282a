"""Settings of what a browser application is told about the stack: names and addresses, nothing secret."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import SECRET_NAME, Section

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
    """The environment of a browser application, an output of the stack (MSP-OUT-01 to 08, MSP-N29, FAC-IAM-13)."""

    prefix: Annotated[str, Field(pattern=r"^([A-Z][A-Z0-9_]*_)?$")] = "VITE_"
    """What every name begins with; build tools publish only variables that begin so."""
    variables: dict[VariableName, Fact] = Field(default_factory=dict)
    """Name without prefix → what it says of this stack."""
    values: dict[VariableName, str] = Field(default_factory=dict)
    """Name without prefix → its text, of what this stack does not know: identifiers of a sign-in service elsewhere.
    Everyone with a browser can read it."""

    @model_validator(mode="after")
    def _public(self) -> Self:
        if not self.variables and not self.values:
            raise ValueError("variables: expected one or more, here or in values")
        for name, value in self.values.items():
            if name in self.variables:
                raise ValueError(f"values.{name}: expected a name that variables does not use")
            if SECRET_NAME.search(name):
                raise ValueError(f"values.{name}: looks like a secret, which a browser is never told")
            if not value or not value.isprintable():
                raise ValueError(f"values.{name}: expected one line of text")
        return self
