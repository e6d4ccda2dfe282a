"""`phi diagram`: a picture of a stack."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer

from operations import state as states
from operations.diagram.overview import Thing, overview
from operations.mistakes import Mistake
from operations.terminal import output, project

FORMATS = (".svg", ".png")


def draw_diagram(
    stack: Annotated[str, typer.Argument(help="Name of a stack, or a stack file.")] = "staging",
    file: Annotated[Path | None, typer.Option("--output", "-o", help="Picture to write, .svg or .png.")] = None,
    state: Annotated[Path | None, typer.Option(help="Draw what `pulumi stack export` has written.")] = None,
    deployed: Annotated[bool, typer.Option("--deployed", help="Draw the stack as it was last deployed.")] = False,
) -> None:
    """Draw an overview of a stack with AWS's icons: edge, network, compute, data, copies.

    From the program; with --state or --deployed from the stack as it is. Exit codes: 0 fine, 2 a mistake.
    """
    if state is not None and deployed:
        raise Mistake("--state, --deployed: expected one of them, found both.")
    source = Path(stack) if stack.endswith((".yaml", ".yml")) else project() / f"Pulumi.{stack}.yaml"
    name = source.stem.partition(".")[2] or source.stem
    target = file or Path(f"{name}.svg")
    if target.suffix not in FORMATS:
        raise Mistake(f"--output: expected a file that ends in {' or '.join(FORMATS)}, found {target.name}.")
    things = of_state(states.read(name, state)) if deployed or state is not None else of_program(source, name)
    found = overview(name, things)
    importlib.import_module("operations.diagram.drawing").draw(found, target)  # takes a second to load
    output.print(f"{target}: {len(found.nodes)} of {len(things)} resources drawn.", markup=False)


def of_program(file: Path, name: str) -> list[Thing]:
    """What the program of a stack file declares."""
    # By name: `operations` does not know the components; `checking` runs the program.
    resources, _ = importlib.import_module("checking.judgement").registered(file, name)
    return [Thing(type=each.type, name=each.name, properties=each.properties) for each in resources]


def of_state(state: states.State) -> list[Thing]:
    """What a state holds."""
    return [
        Thing(type=each.type, name=each.name, properties={**each.outputs, **each.inputs}) for each in state.resources
    ]
