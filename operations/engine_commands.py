"""`phi engine`: where the Pulumi CLI comes from."""

from __future__ import annotations

import typer

from engine import install
from operations.terminal import errors, output

app = typer.Typer(no_args_is_help=True, help="The Pulumi CLI: an official one on PATH, or one built from Go modules.")


@app.command("install")
def install_engine() -> None:
    """Make sure there is an engine, building it when there is none (about 4 minutes, once per user)."""
    engine = install.install(errors)
    where = "official, on PATH" if engine.official else "built for this user"
    output.print(f"Pulumi {engine.version}, {where}: {engine.pulumi}", highlight=False, soft_wrap=True)


@app.command()
def path() -> None:
    """Print the path of the engine that runs use."""
    engine = install.find()
    if engine is None:
        raise install.EngineError("No Pulumi engine yet: `phi engine install` finds or builds one.")
    output.print(str(engine.pulumi), highlight=False, soft_wrap=True)
