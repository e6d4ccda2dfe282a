"""What every `phi` command prints with, and where the project is."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

output = Console()
errors = Console(stderr=True)

USER_MISTAKE = 2


def project() -> Path:
    """The folder of the Pulumi project: the working directory, or the nearest folder above it with a `Pulumi.yaml`."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "Pulumi.yaml").exists()), here)
