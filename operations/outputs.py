"""The outputs of a stack: what every operation knows about it (addresses, names and ARNs, never a secret)."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, cast

from engine import install
from operations.mistakes import Mistake, Refused
from operations.terminal import project


def read(stack: str, file: Path | None = None) -> dict[str, Any]:
    """The outputs of a stack, from its state or from a file that `pulumi stack output --json` has written.

    The state is the one `pulumi` itself would use here: after `eval "$(phi local env --stack NAME)"` that of the
    embedded AWS. Raises Mistake for a file that cannot be read, Refused when there is no engine, or it fails.
    """
    text = _of_state(stack) if file is None else _of_file(file)
    try:
        outputs: object = json.loads(text)
    except ValueError as error:
        raise Mistake(f"{file or 'pulumi stack output'}: expected JSON, found something else ({error}).") from None
    if not isinstance(outputs, dict):
        raise Mistake(f"{file or 'pulumi stack output'}: expected names and values, found {type(outputs).__name__}.")
    return cast("dict[str, Any]", outputs)


def _of_file(file: Path) -> str:
    try:
        return file.read_text()
    except OSError as error:
        raise Mistake(f"{file}: cannot be read ({error.strerror}).") from None


def _of_state(stack: str) -> str:
    engine = install.find()
    if engine is None:
        raise Refused(
            "No Pulumi engine to read the stack's outputs with: `phi engine install` gets one, or --outputs names a "
            "file that `pulumi stack output --json` has written."
        )
    done = subprocess.run(
        [engine.pulumi, "stack", "output", "--json", "--stack", stack, "--non-interactive"],
        cwd=project(),
        env={**os.environ, **install.environment(engine)},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise Refused(f"The outputs of {stack} cannot be read: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
