"""`phi`, the console command of the project."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from engine.install import EngineError
from operations.local import LocalError
from operations.mistakes import FAILED, FINDING, MISTAKE, Mistake, Refused
from operations.terminal import errors
from settings.problems import SettingsError

COMMANDS = {
    "settings": "operations.settings_commands:app",
    "engine": "operations.engine_commands:app",
    "local": "operations.local_commands:app",
    "check": "operations.check_command:check_stack",
    "review": "operations.review.commands:review_stack",
    "deploy": "operations.review.commands:deploy_stack",
    "adopt": "operations.adopt_commands:adopt_stack",
    "database": "operations.database.commands:app",
    "diagram": "operations.diagram.commands:draw_diagram",
    "evidence": "operations.evidence_command:collect_evidence",
    "cost": "operations.cost.commands:show_cost",
    "backend": "operations.backend.commands:app",
    "setup": "operations.setup.commands:setup",
    "doctor": "operations.doctor.commands:doctor",
    "verify": "operations.verify.commands:verify_stack",
    "release": "operations.release.commands:app",
    "dns": "operations.dns.commands:app",
    "secrets": "operations.secrets.commands:app",
    "env": "operations.environment_command:show_environment",
    "status": "operations.status_command:show_status",
    "logs": "operations.logs_command:show_logs",
    "user": "operations.user_commands:app",
    "dr": "operations.dr.commands:app",
}
"""Where each command is: a group of commands (`app`), or a function."""


class OnDemand(TyperGroup):
    """A group whose commands are imported when they are asked for: `phi local up` needs no PostgreSQL driver.

    Source: Click documentation, "Lazily Loading Subcommands".
    """

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is Click's
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found: Any = getattr(import_module(module), name)
        if isinstance(found, typer.Typer):
            command: Any = typer.main.get_group(found)
        else:
            alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            alone.command(cmd_name)(found)
            command = typer.main.get_command(alone)
        command.name = cmd_name
        for each in (command, *getattr(command, "commands", {}).values()):
            each.help = _reflowed(each.help or "")
        return command


def _reflowed(text: str) -> str:
    """Paragraphs without the line breaks of the source: a terminal has its own width."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


app = typer.Typer(
    cls=OnDemand,
    name="phi",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Regulated-health infrastructure: settings, policies, deployments, and what people do around them.",
)


@app.callback()
def _phi() -> None:
    """Make `phi` a group although its commands are found on demand."""


def main() -> None:
    """Run `phi`; what a person can put right is shown as a message, never as a traceback.

    Exit codes: 0 fine, 1 the answer is not the wanted one, 2 a mistake in the command line or in the settings, 3 AWS or
    a database failed.
    """
    try:
        app()
    except Exception as error:
        told = explained(error)
        if told is None:
            raise
        message, code = told
        message = "\n".join((message, *getattr(error, "__notes__", ())))
        errors.print(message, style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(code)


def explained(error: Exception) -> tuple[str, int] | None:
    """What to tell a person of an error, and the exit code; None for an error that is ours."""
    if isinstance(error, SettingsError | Mistake):
        return str(error), MISTAKE
    if isinstance(error, Refused):
        return str(error), FAILED
    if isinstance(error, LocalError | EngineError):
        return str(error), FINDING
    if _is(error, "botocore.exceptions", "ClientError", "BotoCoreError"):
        return f"AWS: {error}", FAILED
    if _is(error, "psycopg", "Error"):
        return f"Database: {primary(error)}", FAILED
    return None


def _is(error: Exception, module: str, *names: str) -> bool:
    """Whether an error is of a library, which is loaded when it raised it, and need not be otherwise."""
    library = sys.modules.get(module)
    return library is not None and isinstance(error, tuple(getattr(library, name) for name in names))


def primary(error: Any) -> str:
    """What a server says is wrong, without the detail, which may quote a patient's row."""
    return error.diag.message_primary or str(error).strip()


if __name__ == "__main__":
    main()
