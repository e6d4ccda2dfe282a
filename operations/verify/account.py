"""The live account next to what a stack says of it; every question to AWS is asked once."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from operations.aws import Clients
from operations.state import Resource, State
from settings.keys import Purpose
from settings.stack import Settings

_HERE = frozenset({"127.0.0.1", "localhost", "::1"})
STACK = "pulumi:pulumi:Stack"


class Missing(Exception):
    """The resource is in the stack's state, but AWS does not know it."""


class Account:
    """A stack's settings and state, and the account it is in.

    settings: what the stack file wants.   state: what Pulumi made of it, which says what AWS calls each resource.
    """

    def __init__(self, settings: Settings, state: State, clients: Clients) -> None:
        self.settings, self.state = settings, state
        self.clients = clients
        self.now = datetime.now(UTC)
        self._made: dict[tuple[str, str], Any] = {}
        self._answers: dict[str, Any] = {}

    def of(self, *types: str) -> list[Resource]:
        """Resources of these types."""
        return [resource for resource in self.state.resources if resource.type in types]

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """Outputs of the stack."""
        return next((resource.outputs for resource in self.of(STACK)), {})

    @cached_property
    def embedded(self) -> bool:
        """Whether the account is the embedded one: its endpoint is this machine."""
        return urlsplit(self.client("sts", self.settings.region).meta.endpoint_url).hostname in _HERE

    def key(self, purpose: Purpose) -> str | None:
        """ARN of the key that encrypts something in the home region."""
        return self.outputs.get("kms_key_arns", {}).get(purpose.value)

    def region(self, resource: Resource) -> str:
        """Region of a resource."""
        return str(resource.outputs.get("region") or self.settings.region)

    def client(self, service: str, region: str) -> Any:
        """A boto3 client, one per service and region."""
        if (service, region) not in self._made:
            self._made[service, region] = self.clients(service, region)
        return self._made[service, region]

    def ask(
        self, service: str, operation: str, *, region: str | None = None, absent: tuple[str, ...] = (), **arguments: Any
    ) -> dict[str, Any]:
        """What one operation answers.   absent: error codes that mean "there is none", answered with an empty dict.

        region: the home region by default.
        """
        home = region or self.settings.region
        question = repr((service, home, operation, sorted(arguments.items())))
        if question not in self._answers:
            try:
                self._answers[question] = getattr(self.client(service, home), operation)(**arguments)
            except ClientError as error:
                if error.response["Error"]["Code"] not in absent:
                    raise
                self._answers[question] = {}
        return self._answers[question]

    def all(self, service: str, operation: str, key: str, *, region: str | None = None, **arguments: Any) -> list[Any]:
        """Every item of a paged list."""
        home = region or self.settings.region
        client = self.client(service, home)
        if not client.can_paginate(operation):
            return list(self.ask(service, operation, region=home, **arguments).get(key) or ())
        question = repr((service, home, operation, key, sorted(arguments.items())))
        if question not in self._answers:
            pages = client.get_paginator(operation).paginate(**arguments)
            self._answers[question] = [item for page in pages for item in page.get(key) or ()]
        return self._answers[question]

    def one(
        self, service: str, operation: str, key: str, *, region: str | None = None, **arguments: Any
    ) -> dict[str, Any]:
        """The only item of a list. Raises Missing when it is empty."""
        found = self.all(service, operation, key, region=region, **arguments)
        if not found:
            raise Missing
        return found[0]
