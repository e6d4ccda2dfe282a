"""`make bench`: how long previews and updates take against the least they could, as JSON, measured in one run.

Quote the ratios: both sides of each are measured in turns on the same machine. Every time is the median of
`--runs` runs, in seconds of wall time, imports and start of the engine included.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import pack
from benchmarks.measuring import QUIET, ROOT, SYNTHETIC, Instant, median, medians, prepared, run, without_pack
from benchmarks.processes import PeakMemory
from localaws import lifecycle
from operations.local import LocalRun

STACKS = ("staging", "production", "berthcare", "facnet")
LARGE = 1_000

console = Console(stderr=True)


def synthetic(local: LocalRun, instant: Instant, resources: int, runs: int) -> dict[str, Any]:
    """Preview of the synthetic stack on the instant provider: its floor, and with ours or a pack that does nothing."""
    preview, environment = prepared(local, instant, resources)
    with PeakMemory() as memory:
        measured: dict[str, Any] = medians(
            runs,
            {
                "floor_seconds": lambda: run(preview, without_pack(environment), SYNTHETIC),
                "with_nothing_seconds": lambda: run(preview, pack.chosen(environment, pack.NOTHING), SYNTHETIC),
                "with_pack_seconds": lambda: run(preview, environment, SYNTHETIC),
            },
        )
    for each in ("nothing", "pack"):
        measured[f"with_{each}_to_floor"] = round(measured[f"with_{each}_seconds"] / measured["floor_seconds"], 2)
    return {"resources": resources, **measured, "peak_mib": memory.peaks}


def system(local: LocalRun, instant: Instant, stack: str, runs: int) -> dict[str, Any]:
    """First and second `up` of a stack, then previews of it while it does not exist, beside their floor."""
    pulumi = str(local.engine.pulumi)
    environment = local.environment(stack, local.prepare(stack))
    preview = [pulumi, "preview", *QUIET]
    with PeakMemory() as memory:
        run(preview, environment, ROOT)  # the first one after a start of the embedded AWS loads what it needs
        up = [pulumi, "up", "--yes", *QUIET]
        measured: dict[str, Any] = {"first_up_seconds": round(run(up, environment, ROOT), 2)}
        resources = local.resources(stack)
        measured["resources"] = len(resources)
        again = [sys.executable, "-m", "operations.cli", "local", "up", stack]
        folder = {**os.environ, "PHI_DIRECTORY": str(local.directory)}
        measured["second_up_seconds"] = median(runs, lambda: run(again, folder, ROOT))
        _remove(local, stack)
        environment = local.environment(stack, local.prepare(stack))
        types = {resource["type"] for resource in resources}
        services = " ".join(sorted({type.split(":")[1].split("/")[0] for type in types if type.startswith("aws:")}))
        floor, alone = prepared(local, instant, len(resources) // 10 * 10, services)
        measured |= medians(
            runs,
            {
                "floor_seconds": lambda: run(floor, without_pack(alone), SYNTHETIC),
                "preview_without_pack_seconds": lambda: run(preview, without_pack(environment), ROOT),
                "preview_with_pack_seconds": lambda: run(preview, environment, ROOT),
            },
        )
    with_pack = measured["preview_with_pack_seconds"]
    measured["preview_with_pack_to_floor"] = round(with_pack / measured["floor_seconds"], 2)
    measured["pack_adds"] = round(with_pack / measured["preview_without_pack_seconds"] - 1, 2)
    measured["peak_mib"] = memory.peaks
    _remove(local, stack)
    return measured


def _remove(local: LocalRun, stack: str) -> None:
    if local.destroy(stack):
        sys.exit(f"{stack} could not be taken down")


def import_seconds(runs: int) -> dict[str, float]:
    """Start of Python, and of Python with the whole program imported."""
    environment = dict(os.environ)
    bare = median(runs, lambda: run([sys.executable, "-c", "pass"], environment, ROOT))
    program = median(runs, lambda: run([sys.executable, "-c", "import program"], environment, ROOT))
    return {"python_seconds": bare, "program_seconds": program}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs of each measurement; the median is printed")
    parser.add_argument("--stack", action="append", help=f"a stack to measure; default {', '.join(STACKS)}")
    parser.add_argument("--resources", type=int, default=LARGE, help="size of the synthetic stack")
    options = parser.parse_args()
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the engine's own words leave the JSON alone
    report: dict[str, Any] = {"cores": os.cpu_count(), "runs": options.runs, "import": import_seconds(options.runs)}
    with tempfile.TemporaryDirectory() as folder, Instant() as instant:
        local = LocalRun(project=ROOT, directory=Path(folder), policy_pack=ROOT / "policies", console=console)
        try:
            report["stacks"] = {}
            for stack in options.stack or STACKS:
                console.print(f"Measuring {stack}")
                report["stacks"][stack] = system(local, instant, stack, options.runs)
            console.print(f"Measuring {options.resources} resources")
            report["synthetic"] = synthetic(local, instant, options.resources, options.runs)
            console.print("Measuring the policy pack")
            report["pack"] = pack.measure(local, instant, options.runs)
        finally:
            lifecycle.stop(local.directory)
    print(json.dumps(report, indent=2), file=answer, flush=True)


if __name__ == "__main__":
    main()
