"""`python -m docs.diagrams`: draw every stack anew into `docs/diagrams/`.

Apart from `make docs`, because where things come to lie depends on the fonts of the machine.
"""

from __future__ import annotations

import sys
from pathlib import Path

from operations.diagram.commands import of_program
from operations.diagram.drawing import draw
from operations.diagram.overview import Overview, overview

FOLDER = Path(__file__).resolve().parent / "diagrams"
ROOT = FOLDER.parents[1]


def overviews() -> dict[str, Overview]:
    """Stack → what is drawn of it."""
    files = {file.stem.partition(".")[2]: file for file in sorted(ROOT.glob("Pulumi.*.yaml"))}
    return {stack: overview(stack, of_program(file, stack)) for stack, file in files.items()}


def main() -> None:
    """Write the pictures."""
    for stack, drawn in overviews().items():
        draw(drawn, FOLDER / f"{stack}.svg")
        sys.stdout.write(f"wrote diagrams/{stack}.svg\n")


if __name__ == "__main__":
    main()
