"""`phi check`: every rule over a stack, without the engine and without AWS."""

from __future__ import annotations

import gc
import importlib
from pathlib import Path
from typing import Annotated

import typer

from operations.terminal import USER_MISTAKE, errors, output, project


def _silent(*_: object, **__: object) -> None:
    pass


def check_stack(
    stack: Annotated[str, typer.Argument(help="Name of a stack, or a stack file.")] = "staging",
    state: Annotated[Path | None, typer.Option(help="Judge a state from `pulumi stack export` instead.")] = None,
    pack_config: Annotated[Path | None, typer.Option(help="Configuration of the policy pack (JSON).")] = None,
    baseline: Annotated[Path | None, typer.Option(help="Fail only on findings that are not in this file.")] = None,
    write_baseline: Annotated[bool, typer.Option("--write-baseline", help="Write the baseline file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    sarif: Annotated[Path | None, typer.Option(help="Also write SARIF 2.1.0 to this file.")] = None,
) -> None:
    """Judge a stack by every policy, in seconds, with no engine and no AWS.

    Exit codes: 0 no mandatory finding, 1 some, 2 a mistake in the command line, the settings or the configuration.
    """
    if write_baseline and baseline is None:
        errors.print("--write-baseline: expected --baseline FILE beside it, found none", markup=False)
        raise typer.Exit(USER_MISTAKE)
    gc.disable()  # nothing of a run that lasts seconds is worth collecting
    # By name: `operations` knows neither the components nor the policies; `checking` brings the two together.
    command, config = importlib.import_module("checking.command"), importlib.import_module("policies.config")
    importlib.import_module("pulumi").log.debug = _silent  # nobody listens
    file = state or (Path(stack) if stack.endswith(".yaml") else project() / f"Pulumi.{stack}.yaml")
    try:
        code = command.run(
            file,
            state=state is not None,
            pack_config=pack_config,
            baseline_file=baseline,
            write_baseline=write_baseline,
            as_json=as_json,
            sarif=sarif,
            console=output,
        )
    except config.ConfigError as error:
        errors.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(USER_MISTAKE) from None
    raise typer.Exit(code)
