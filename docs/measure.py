"""Measure stacks for the README: `python -m docs.measure [STACK…]`, all without names.

Each stack goes up on an embedded AWS of its own, up again, is refreshed and goes down, by the commands people use.
Times are seconds of wall clock with the engine and the dependencies in place, on a machine that does nothing else; all
stacks take about twenty minutes on two cores. The run fails when a second `up` or a refresh changes something. What was
measured before of other stacks is kept; `make docs` then writes the table.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from docs.stacks_table import MEASURED, ROOT, measured, stacks
from localaws import lifecycle
from operations.local import LocalRun
from operations.terminal import errors

CHANGED = re.compile(r"^\s+[+~±-]+ ?\d+ (?:to )?(?:creat|updat|delet|replac)", re.MULTILINE)
REFRESH = ("run", "--", "refresh", "--yes", "--skip-preview", "--expect-no-changes")


def phi(directory: Path, *arguments: str) -> tuple[float, str]:
    """(seconds, output) of one `phi local …`. Ends the run with its output when it fails."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "operations.cli", "local", *arguments],
        cwd=ROOT, env={**os.environ, "PHI_DIRECTORY": str(directory)}, check=False, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"phi local {' '.join(arguments)} failed:\n{done.stdout}")
    return round(time.perf_counter() - started, 1), done.stdout


def of(stack: str, directory: Path) -> dict[str, Any]:
    """What one stack takes. Ends the run when something changes that must not."""
    run = LocalRun(project=ROOT, directory=directory, policy_pack=ROOT / "policies", console=errors)
    up, _ = phi(directory, "up", stack)
    resources = [each for each in run.resources(stack) if not each["type"].startswith("pulumi:")]
    again, said = phi(directory, "up", stack)
    if CHANGED.search(said):
        sys.exit(f"The second up of {stack} changes something:\n{said}")
    refresh, _ = phi(directory, REFRESH[0], "--stack", stack, *REFRESH[1:])
    down, _ = phi(directory, "down", stack)
    return {
        "resources": len(resources),
        "up_seconds": up,
        "second_up_seconds": again,
        "refresh_seconds": refresh,
        "down_seconds": down,
    }


def main(names: list[str]) -> int:
    """Measure, and write `docs/stacks.json` after each stack. Exit code 2 for a stack that does not exist."""
    unknown = sorted(set(names) - set(stacks()))
    if unknown:
        errors.print(f"No stack {', '.join(unknown)}. There are: {', '.join(stacks())}.")
        return 2
    for stack in names or stacks():
        errors.print(f"Measuring {stack}")
        with tempfile.TemporaryDirectory() as folder:
            directory = Path(folder) / "run"
            try:
                row = of(stack, directory)
            finally:
                lifecycle.stop(directory)
        found = measured()
        found["machine"] = {"cores": os.cpu_count()}
        found["stacks"] = dict(sorted({**found["stacks"], stack: row}.items()))
        MEASURED.write_text(json.dumps(found, indent=2) + "\n")
    errors.print("Write the table with `make docs`.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
