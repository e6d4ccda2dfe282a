"""`phi`, the console command of the project."""

from __future__ import annotations

import sys

import psycopg
import typer
from botocore.exceptions import BotoCoreError, ClientError

from engine.install import EngineError
from operations import adopt_commands, check_command, engine_commands, local_commands, settings_commands
from operations.database import commands as database_commands
from operations.local import LocalError
from operations.mistakes import FAILED, MISTAKE, Mistake, Refused
from operations.terminal import USER_MISTAKE, errors
from settings.load import SettingsError

app = typer.Typer(
    name="phi",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Regulated-health infrastructure: settings, the Pulumi engine, and runs on the embedded AWS.",
)
app.add_typer(settings_commands.app, name="settings")
app.add_typer(engine_commands.app, name="engine")
app.add_typer(local_commands.app, name="local")
app.command("adopt")(adopt_commands.adopt_stack)
app.add_typer(database_commands.app, name="database")
app.command("check")(check_command.check_stack)


def main() -> None:
    """Run `phi`; what a person can put right is shown as a message, never as a traceback.

    Exit codes: 0 fine, 1 the answer is not the wanted one, 2 a mistake in the command line or in the settings, 3 AWS or
    a database failed.
    """
    try:
        app()
    except SettingsError as error:
        errors.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(USER_MISTAKE)
    except Mistake as error:
        errors.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(MISTAKE)
    except Refused as error:
        errors.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(FAILED)
    except (LocalError, EngineError) as error:
        errors.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(1)
    except (ClientError, BotoCoreError) as error:
        errors.print(f"AWS: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(FAILED)
    except psycopg.Error as error:
        errors.print(f"Database: {primary(error)}", style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(FAILED)


def primary(error: psycopg.Error) -> str:
    """What a server says is wrong, without the detail, which may quote a patient's row."""
    return error.diag.message_primary or str(error).strip()


if __name__ == "__main__":
    main()
