"""Types whose API moto lacks: kept by localaws, checked like the others, seen by no AWS client."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from localaws.handler import Call, Handler, Props


class Emulated(Handler):
    """A resource that lives in `Store`: what it was given is what it is. Subclasses say its id and computed outputs."""

    emulated: ClassVar[bool] = True

    @abstractmethod
    def identify(self, call: Call, inputs: Props) -> str:
        """The provider id of a resource with these inputs."""

    def computed(self, call: Call, id: str, inputs: Props) -> Props:
        """Outputs beyond the inputs."""
        return {}

    def create(self, call: Call, inputs: Props) -> str:
        id = self.identify(call, inputs)
        kept = call.store.of(self.type, call.region)
        if id in kept:
            refuse(self.type, "ResourceAlreadyExists", f"{id} exists already")
        kept[id] = dict(inputs)
        return id

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        inputs = call.store.of(self.type, call.region).get(id)
        return None if inputs is None else {**inputs, **self.computed(call, id, inputs)}

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        call.store.of(self.type, call.region)[id] = dict(new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.store.of(self.type, call.region).pop(id, None)


def refuse(operation: str, code: str, message: str) -> Any:
    """Raise what boto3 raises when AWS refuses."""
    raise ClientError({"Error": {"Code": code, "Message": message}}, operation)
