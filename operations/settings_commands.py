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
    file: Annotated[Path | None, typer.Argument(help="A stack file, instead of --stack.")] = None,
    stack: Annotated[str, typer.Option("--stack", "-s", help="Name of the stack.")] = "staging",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show every setting of a stack, given and derived. All mistakes are listed at once, with exit code 2."""
    settings = load.from_file(file or project() / f"Pulumi.{stack}.yaml").model_dump(mode="json")
    if as_json:
        output.print_json(json.dumps(settings))
    else:
        output.print(Syntax(yaml.safe_dump(settings, sort_keys=False), "yaml", background_color="default"))


@app.command("schema")
def show_schema(
    write: Annotated[
        bool, typer.Option("--write", help="Write docs/settings.schema.json and docs/settings.md.")
    ] = False,
) -> None:
    """Print the JSON schema of stack files, which lets editors complete them."""
    if not write:
        sys.stdout.write(json.dumps(schema.document(), indent=2) + "\n")
        return
    for file, text in schema.files().items():
        file.write_text(text)
        output.print(f"Wrote {file}", highlight=False, soft_wrap=True)
