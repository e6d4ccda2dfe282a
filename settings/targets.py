"""What the load balancer must know of anything it sends requests to, whether tasks or instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class TargetSettings(Protocol):
    """A group of targets behind the load balancer; services and the fleet are such groups.

    target_type: how targets are registered, `ip` or `instance`.   port: where they listen, HTTP.
    health_path: a healthy target answers 200 there.   stop_seconds: time to drain a target that goes.
    paths, hosts: path patterns and hosts of the requests it gets; no hosts: any.
    priority: order in which the load balancer compares them.
    """

    @property
    def target_type(self) -> str: ...

    @property
    def port(self) -> int | None: ...

    @property
    def health_path(self) -> str: ...

    @property
    def stop_seconds(self) -> int: ...

    @property
    def paths(self) -> Sequence[str]: ...

    @property
    def hosts(self) -> Sequence[str]: ...

    @property
    def priority(self) -> int: ...
