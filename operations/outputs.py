"""The outputs of a stack: what every operation knows about it (addresses, names and ARNs, never a secret)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from operations.engine_call import pulumi, required
from operations.mistakes import Mistake
from operations.terminal import project


def read(stack: str, file: Path | None = None) -> dict[str, Any]:
    """The outputs of a stack, from its state or from a file that `pulumi stack output --json` has written.

    The state is the one `pulumi` itself would use here: after `eval "$(phi local env --stack NAME)"` that of the
    embedded AWS. Raises Mistake for a file that cannot be read, Refused when there is no engine, or it fails.
    """
    text = engine_answer(stack, "output", "--json") if file is None else text_of(file)
    try:
        outputs: object = json.loads(text)
    except ValueError as error:
        raise Mistake(f"{file or 'pulumi stack output'}: expected JSON, found something else ({error}).") from None
    if not isinstance(outputs, dict):
        raise Mistake(f"{file or 'pulumi stack output'}: expected names and values, found {type(outputs).__name__}.")
    return cast("dict[str, Any]", outputs)


def text_of(file: Path) -> str:
    """What a file holds. Raises Mistake when it cannot be read."""
    try:
        return file.read_text()
    except OSError as error:
        raise Mistake(f"{file}: cannot be read ({error.strerror}).") from None


def engine_answer(stack: str, *command: str) -> str:
    """What `pulumi stack COMMAND` prints of a stack. Raises Refused when there is no engine, or it fails."""
    otherwise = f", or give a file that `pulumi stack {' '.join(command)}` has written"
    engine = required(" to read the stack with", otherwise)
    return pulumi("stack", *command, "--stack", stack, folder=project(), engine=engine, of=stack)
