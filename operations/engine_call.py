"""Calling the engine on the backend in use, as every operation does it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from engine import install
from engine.install import Engine
from operations.mistakes import Refused

QUIET = ("--suppress-outputs", "--suppress-progress")
"""What the engine need not print: the outputs are read on their own, and progress is for a person at a terminal."""


_FIXES = {
    "PULUMI_ACCESS_TOKEN must be set": "Sign in to the home of the state first: `pulumi login` with the address that "
    "`phi backend create` printed, or PULUMI_BACKEND_URL.",
    "no stack named": "`pulumi stack ls` shows the stacks of this home, `pulumi whoami --verbose` which home it is.",
    "passphrase must be set": "Set PULUMI_CONFIG_PASSPHRASE_FILE, or keep the stack's secrets under a KMS key.",
}
"""What the engine says, and what to do about it."""


def required(purpose: str = "", otherwise: str = "") -> Engine:
    """The engine there is. Raises Refused when there is none, which says what for and what else would do."""
    found = install.find()
    if found is None:
        raise Refused(f"No Pulumi engine{purpose}: `phi engine install` gets one{otherwise}.")
    return found


def running(engine: Engine, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the engine runs with.   base: default: this process's environment."""
    return {**(os.environ if base is None else base), **install.environment(engine)}


def pulumi(
    *arguments: str,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    engine: Engine | None = None,
    of: str = "",
) -> str:
    """What a `pulumi` command prints.

    engine: default: the one there is.   of: name of the stack, for the message.
    Raises Refused with the command's own words when it fails, or there is no engine.
    """
    engine = engine or required()
    done = subprocess.run(
        [engine.pulumi, *arguments, "--non-interactive"],
        cwd=folder,
        env=running(engine, environment),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        subject = f"`pulumi {' '.join(arguments[:2])}`{of and f' of {of}'}"
        said = done.stderr.strip() or done.stdout.strip()
        fix = "".join(f". {fix}" for words, fix in _FIXES.items() if words in said)
        raise Refused(f"{subject} fails: {said}{fix}")
    return done.stdout
