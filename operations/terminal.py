"""What every `phi` command prints with, and where the project is."""

from __future__ import annotations

import sys
from pathlib import Path

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from operations.mistakes import Mistake

output = Console(emoji=False)  # an ARN of a secret holds `:secret:`, which is one
errors = Console(stderr=True, emoji=False)

USER_MISTAKE = 2


def project() -> Path:
    """The folder of the Pulumi project: the working directory, or the nearest folder above it with a `Pulumi.yaml`."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "Pulumi.yaml").exists()), here)


def table(*columns: str, title: str | None = None) -> Table:
    """A table that cuts no name off, however narrow the terminal."""
    made = Table(title=title, title_justify="left")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def indented(text: str, style: str = "") -> Padding:
    """A text in the paragraph of what stands above it."""
    return Padding(Text(text, style, overflow="fold"), (0, 0, 0, 4))


def agree(question: str, yes: bool) -> None:
    """Go on only when told to. Raises Mistake when nobody is there to be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Mistake(f"{question} Nobody is at the terminal to answer: say --yes.")
    typer.confirm(question, abort=True, err=True)
