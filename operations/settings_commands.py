"""`phi settings`: what a stack file says, and what it may say."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.syntax import Syntax

from operations.terminal import output, project
from settings import load, schema

app = typer.Typer(no_args_is_help=True, help="What a stack file says, and what it may say.")


@app.command()
def show(
    stack: Annotated[str, typer.Argument(help="Name of a stack, or a stack file.")] = "staging",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show every setting of a stack, given and derived. All mistakes are listed at once, with exit code 2."""
    file = Path(stack) if stack.endswith(".yaml") else project() / f"Pulumi.{stack}.yaml"
    settings = load.from_file(file).model_dump(mode="json")
    if as_json:
        output.print_json(json.dumps(settings))
    else:
        output.print(Syntax(yaml.safe_dump(settings, sort_keys=False), "yaml", background_color="default"))


@app.command("schema")
def show_schema() -> None:
    """Print the JSON schema of stack files, which lets editors complete them."""
    sys.stdout.write(json.dumps(schema.document(), indent=2) + "\n")
