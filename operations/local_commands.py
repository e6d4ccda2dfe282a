"""`phi local`: stacks on the embedded AWS of this machine."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from localaws import lifecycle
from operations import adopt_commands
from operations.engine_call import QUIET
from operations.local import LocalRun, isolated
from operations.local_report import Report, text
from operations.terminal import errors, output, project
from settings import load

app = typer.Typer(no_args_is_help=True, help="Run stacks on the embedded AWS of this machine.")

Stack = Annotated[str, typer.Argument(help="Name of the stack: its file is Pulumi.<stack>.yaml.")]
StackOption = Annotated[str, typer.Option("--stack", "-s", help="Name of the stack: its file is Pulumi.<stack>.yaml.")]


def local_run() -> LocalRun:
    """The embedded run of the project we are in, in its `.phi` folder or the one that $PHI_DIRECTORY names."""
    folder = project()
    directory = Path(os.environ.get("PHI_DIRECTORY") or folder / ".phi").absolute()
    return LocalRun(project=folder, directory=directory, policy_pack=folder / "policies", console=errors)


@app.callback()
def leave_accounts_alone() -> None:
    """Run stacks on the embedded AWS of this machine: nothing here can reach a real account."""
    environment = isolated(os.environ)
    os.environ.clear()
    os.environ.update(environment)


def require_settings(run: LocalRun, stack: str) -> None:
    """SettingsError with everything that is wrong in the stack file, before the engine starts."""
    load.from_file(run.stack_file(stack))


def ending(code: int) -> None:
    """End with exit code 1 when the engine ended with an error, which it has shown itself."""
    if code:
        raise typer.Exit(1)


@app.command()
def start() -> None:
    """Start the embedded AWS; does nothing when it runs."""
    show(lifecycle_row(local_run().start()))


@app.command()
def stop() -> None:
    """End the embedded AWS; its account is lost, stacks are put right by their next `up`."""
    run = local_run()
    if lifecycle.status(run.directory) is None:
        output.print("The embedded AWS does not run.")
        return
    lifecycle.stop(run.directory)
    output.print("The embedded AWS has ended, its account with it.")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show whether the embedded AWS runs, where, and which stacks exist; exit code 1 when it does not run."""
    run = local_run()
    endpoint = lifecycle.status(run.directory)
    rows: dict[str, Any] = {
        "running": endpoint is not None,
        **(lifecycle_row(endpoint) if endpoint else {}),
        "stacks": run.stacks(),
    }
    if as_json:
        output.print_json(json.dumps(rows))
    else:
        show(rows)
    ending(endpoint is None)


def lifecycle_row(endpoint: lifecycle.Endpoint) -> dict[str, Any]:
    """Where the embedded AWS answers, in words."""
    return {
        "process": endpoint.pid,
        "account": endpoint.aws_url,
        "aws provider port": endpoint.provider_port,
        "random provider port": endpoint.random_port,
    }


def show(rows: dict[str, Any]) -> None:
    """Print names and values as a small table."""
    table = Table(show_header=False, box=None)
    for name, value in rows.items():
        table.add_row(name, text(value))
    output.print(table)


@app.command()
def up(stack: Stack = "staging") -> None:
    """Deploy a stack to the embedded AWS, the policy pack enforced, and show its outputs (never a secret)."""
    run = local_run()
    require_settings(run, stack)
    ending(run.up(stack))
    Report(stack, output).outputs(run.outputs(stack))


@app.command()
def preview(stack: Stack = "staging") -> None:
    """Show what `up` would change, and what the policy pack says about it."""
    run = local_run()
    require_settings(run, stack)
    ending(run.preview(stack))


@app.command()
def refresh(stack: Stack = "staging") -> None:
    """Bring the state in line with what the embedded account really holds."""
    ending(local_run().run(stack, ["refresh", "--yes", *QUIET]))


@app.command()
def down(stack: Stack = "staging") -> None:
    """Destroy a stack on the embedded AWS, protections lifted; with the last one, leave no process and no state."""
    run = local_run()
    ending(run.down(stack))
    left = run.stacks()
    output.print(
        f"{stack} is gone"
        + (f"; still there: {', '.join(left)}." if left else ", and with it the embedded AWS and its state."),
        highlight=False,
    )


@app.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def run_pulumi(
    arguments: Annotated[list[str], typer.Argument(help="Arguments for pulumi, after `--`.")],
    stack: StackOption = "staging",
) -> None:
    """Run any pulumi command on the embedded AWS: `phi local run -- preview --refresh`."""
    ending(local_run().run(stack, arguments))


@app.command("adopt")
def adopt_stack(
    stack: adopt_commands.Stack,
    file: adopt_commands.File = None,
    yes: adopt_commands.Yes = False,
    as_json: adopt_commands.Json = False,
) -> None:
    """Find running resources of a stack in the embedded account, and write the file that imports them."""
    adopt_commands.adopt_on(local_run(), stack, file, yes=yes, as_json=as_json)


@app.command()
def env(stack: StackOption = "staging") -> None:
    """Print the environment of the embedded run: after `eval "$(phi local env)"`, use `pulumi` as ever."""
    run = local_run()
    endpoint = run.prepare(stack)
    for name, value in sorted(run.environment(stack, endpoint).items()):
        if name.startswith(("AWS_", "PULUMI_", "PHI_")) or name in {"PATH", "NO_PROXY", "no_proxy"}:
            output.print(f"export {name}={shlex.quote(value)}", highlight=False, markup=False, soft_wrap=True)
