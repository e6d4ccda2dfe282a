"""Resources of the APIs that moto lacks, kept in memory like the rest of the embedded account."""

from __future__ import annotations

from collections import defaultdict

from localaws.handler import Props


class MemoryStore:
    """One dict per kind and region, keyed by resource id."""

    def __init__(self) -> None:
        self._kept: defaultdict[tuple[str, str], dict[str, Props]] = defaultdict(dict)

    def of(self, kind: str, region: str) -> dict[str, Props]:
        """The resources of one kind in one region; what is put there stays until the account ends."""
        return self._kept[kind, region]
