"""`phi evidence`: what an auditor gets of a stack, for people and for machines."""

from __future__ import annotations

import gc
import importlib
import json
from pathlib import Path
from typing import Annotated

import typer

from operations import outputs
from operations.mistakes import FINDING, Mistake
from operations.terminal import output, project


def collect_evidence(
    stack: Annotated[str, typer.Argument(help="Name of a stack, or a stack file.")] = "staging",
    state: Annotated[Path | None, typer.Option(help="Judge what `pulumi stack export` has written.")] = None,
    deployed: Annotated[bool, typer.Option("--deployed", help="Judge the stack as it was last deployed.")] = False,
    folder: Annotated[Path, typer.Option("--output", "-o", help="Folder of the two reports.")] = Path("evidence"),
    pack_config: Annotated[Path | None, typer.Option(help="Configuration of the policy pack (JSON).")] = None,
    baseline: Annotated[Path | None, typer.Option(help="Findings accepted before; shown as such.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Report every safeguard of a stack with its controls and resources, as HTML and as OSCAL.

    From the program, before anything is created; with --state or --deployed from the stack as it is. Exit codes: 0 no
    mandatory control failed, 1 some did, 2 a mistake.
    """
    if state is not None and deployed:
        raise Mistake("--state, --deployed: expected one of them, found both.")
    file = Path(stack) if stack.endswith((".yaml", ".yml")) else project() / f"Pulumi.{stack}.yaml"
    text, name = None, ""
    if state is not None:
        text, name = outputs.text_of(state), str(state)
    elif deployed:
        text, name = outputs.engine_answer(stack, "export"), f"pulumi stack export of {stack}"
    gc.disable()  # nothing of a run that lasts seconds is worth collecting
    # By name: `operations` knows neither the components nor the policies; `checking` brings the two together.
    command, config = importlib.import_module("checking.evidence_command"), importlib.import_module("policies.config")
    try:
        found = command.collect(file, state=text, state_name=name, pack_config=pack_config, baseline_file=baseline)
    except config.ConfigError as error:
        raise Mistake(str(error)) from None
    page, document = command.write(found, folder)
    if as_json:
        output.print_json(json.dumps({**command.summary(found), "html": str(page), "oscal": str(document)}))
    else:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(found.counts.items()))
        output.print(f"{found.stack}: {len(found.controls)} controls: {counts}.", markup=False)
        output.print(f"For people: {page}\nFor machines (OSCAL): {document}", markup=False, soft_wrap=True)
    if any(control.rule.mandatory for control in found.failing):
        raise typer.Exit(FINDING)
