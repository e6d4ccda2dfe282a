"""Run the test tiers one after the other and print one summary: `python -m tests.tiers [TIER…]`, all without names."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
PYTEST = [sys.executable, "-m", "pytest", "-q"]
IN_PARALLEL = ["-n", "auto", "--dist", "loadfile"]
SHARED_OUT = ["-n", "auto", "--dist", "worksteal"]  # where a few files have most of the tests

TIERS = {
    "check": ["make", "--no-print-directory", "check"],
    "unit": [*PYTEST, *SHARED_OUT, "tests/unit", "tests/engine"],
    "operations": [*PYTEST, *IN_PARALLEL, "tests/operations", "tests/checking", "tests/ci"],
    "policies": [*PYTEST, *IN_PARALLEL, "tests/policies"],
    "localaws": [*PYTEST, *SHARED_OUT, "tests/localaws"],
    "docs": [*PYTEST, "tests/docs"],
    "end_to_end": [*PYTEST, "-n", "2", "--dist", "loadfile", "tests/end_to_end"],  # each an engine and an AWS
}


def main(names: list[str]) -> int:
    console = Console()
    unknown = sorted(set(names) - set(TIERS))
    if unknown:
        console.print(f"Unknown tiers: {', '.join(unknown)}. There are: {', '.join(TIERS)}.")
        return 2
    table = Table("Tier", "Result", "Seconds")
    failed = False
    for name in names or TIERS:
        console.rule(name)
        started = time.monotonic()
        code = subprocess.run(TIERS[name], cwd=ROOT, check=False).returncode
        failed |= code != 0
        table.add_row(name, "passed" if code == 0 else f"[red]failed ({code})[/]", f"{time.monotonic() - started:.0f}")
    console.print(table)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
