"""What a resource type's handler is: four verbs over an AWS client, and the facts `check` and `diff` need."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

Props = dict[str, Any]  # property values by provider name (camelCase), as JSON values; secrets already unwrapped


class Store(Protocol):
    """Resources of the APIs that moto lacks, kept by localaws itself: one dict per (kind, region), keyed by id."""

    def of(self, kind: str, region: str) -> dict[str, Props]: ...


@dataclass(frozen=True)
class Call:
    """What one operation may use.

    region: where the resource lives (its own `region` input, else the provider's).
    """

    region: str
    account_id: str
    store: Store
    clients: Any  # localaws.clients.Clients

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of the embedded account; global services may be asked in any region."""
        return self.clients.get(service, region or self.region)


class Handler(ABC):
    """One resource type. Subclass, set the facts, implement the verbs; `@register` puts it in the table.

    The provider builds a resource's outputs as its inputs overlaid by what `read` returns, plus `id`, `region` and
    `tagsAll`, so a handler never repeats an input that AWS does not change.
    """

    type: ClassVar[str]  # "aws:s3/bucket:Bucket"
    inputs: ClassVar[frozenset[str]]  # input properties it models; any other one is refused by name
    replace_on: ClassVar[frozenset[str]] = frozenset()  # inputs whose change means a new resource
    cloudformation: ClassVar[str | None] = None  # registry type that `check` validates against
    renames: ClassVar[dict[str, str]] = {}  # input name -> registry property, where it is not the PascalCase one
    autoname: ClassVar[str | None] = None  # input that gets a generated name when the program gives none
    write_only: ClassVar[frozenset[str]] = frozenset()  # inputs AWS never gives back; `read` leaves them out
    secret: ClassVar[frozenset[str]] = frozenset()  # outputs that are secrets whatever the program says
    archives: ClassVar[frozenset[str]] = frozenset()  # inputs that may hold files, such as a function's code
    side_by_side: ClassVar[bool] = False  # True when a replacement is made before what it replaces is deleted
    listed_tags: ClassVar[bool] = False  # True when `tags` is a list, which default tags do not reach
    emulated: ClassVar[bool] = False  # True when moto lacks the API and `Store` keeps the resource
    defaults: ClassVar[Props] = {}  # input -> what AWS has when the program does not say (also inside a map)
    left_to_aws: ClassVar[frozenset[str]] = frozenset()  # inputs that keep AWS's own choice while the program says none

    def imported(self, call: Call, id: str) -> str:
        """The provider id behind the id that `pulumi import` takes: the same, unless a type says otherwise."""
        return id

    @property
    def tag_map(self) -> bool:
        """Whether the resource has tags of the usual kind."""
        return "tags" in self.inputs and not self.listed_tags

    @abstractmethod
    def create(self, call: Call, inputs: Props) -> str:
        """Create it and return its provider id (the one `pulumi import` takes)."""

    @abstractmethod
    def read(self, call: Call, id: str, known: Props) -> Props | None:
        """What the account holds, as provider properties; None when it is gone. `known` is empty on import.

        An `id` among them replaces the one asked for: some types are imported by more than their id.
        """

    @abstractmethod
    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        """Change in place what differs between two sets of inputs."""

    @abstractmethod
    def delete(self, call: Call, id: str, known: Props) -> None:
        """Delete it; a resource that is gone already is not an error."""


HANDLERS: dict[str, Handler] = {}
Some = TypeVar("Some", bound=Handler)


def register(handler: type[Some]) -> type[Some]:
    """Class decorator: makes the type known to the provider."""
    if handler.type in HANDLERS:
        raise ValueError(f"{handler.type} has a handler already")
    HANDLERS[handler.type] = handler()
    return handler


# Functions (`get_*`): token -> (call, arguments) -> result
INVOKES: dict[str, Any] = {}


def invoke(token: str) -> Any:
    """Decorator: answers one provider function, for example `aws:index/getCallerIdentity:getCallerIdentity`."""

    def add(function: Any) -> Any:
        INVOKES[token] = function
        return function

    return add
