"""The changes of a review on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from operations import terminal
from operations.review.result import Change, Review

PROPERTIES = 4


def losses(console: Console, reviewed: Review) -> None:
    """Print what loses data, a line each."""
    for change in reviewed.losses:
        console.print(
            f"[bold red]{change.operation}[/] {escape(change.name)} ({change.data_store}): its data is lost",
            highlight=False,
        )


def table(changes: Iterable[Change]) -> Table:
    """Changes with their resource, and the first of the properties that change in what is there already."""
    rows = terminal.table("Change", "Resource", "Type", "Properties")
    for change in changes:
        paths = [each.path for each in change.properties if change.operation in ("update", "replace")]
        more = len(paths) - PROPERTIES
        properties = ", ".join(paths[:PROPERTIES]) + (f" and {more} more" if more > 0 else "")
        rows.add_row(change.operation, escape(change.name), short(change.type), escape(properties))
    return rows


def short(type_: str) -> str:
    """A type as the engine shows it: `aws:s3:Bucket` for `aws:s3/bucket:Bucket`."""
    package, module, name = type_.split(":")
    return f"{package}:{module.partition('/')[0]}:{name}"
