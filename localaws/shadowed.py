"""Types that moto holds in part: the resource is in the account for any client to see, the rest is kept beside it."""

from __future__ import annotations

from abc import abstractmethod

from localaws.handler import Call, Handler, Props


class Shadowed(Handler):
    """A resource whose inputs moto does not give back in full. What `live` reads from the account has the last word."""

    @abstractmethod
    def make(self, call: Call, inputs: Props) -> str:
        """Create it in the account and return its provider id."""

    @abstractmethod
    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        """What the account says about it; None when it is gone."""

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        """Change in the account what moto can change."""

    @abstractmethod
    def remove(self, call: Call, id: str, known: Props) -> None:
        """Delete it from the account."""

    def create(self, call: Call, inputs: Props) -> str:
        id = self.make(call, inputs)
        self._keep(call, id, inputs)
        return id

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        kept = call.store.of(self.type, call.region).get(id) or known
        live = self.live(call, id, kept)
        return None if live is None else {**{name: kept.get(name) for name in self.inputs - self.write_only}, **live}

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.change(call, id, old, new)
        self._keep(call, id, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        self.remove(call, id, known)
        call.store.of(self.type, call.region).pop(id, None)

    def _keep(self, call: Call, id: str, inputs: Props) -> None:
        call.store.of(self.type, call.region)[id] = {
            name: value for name, value in inputs.items() if name not in self.write_only
        }
