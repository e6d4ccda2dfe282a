"""`make bench`: how long previews and updates take against the least they could, as JSON, measured in one run.

Quote the ratios: both sides of each are measured minutes apart on the same machine. Every time is the median of
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
from benchmarks.measuring import QUIET, ROOT, SYNTHETIC, Instant, median, prepared, run, without_pack
from benchmarks.processes import PeakMemory
from localaws import lifecycle
from operations.local import LocalRun

STACKS = ("staging", "production", "berthcare", "facnet")
LARGE = 1_000

console = Console(stderr=True)


def synthetic(
    local: LocalRun, instant: Instant, resources: int, runs: int, *, services: str = "", pack: bool
) -> dict[str, Any]:
    """Preview of the synthetic stack on the instant provider: the floor, and with `pack` what the pack adds to it.

    services: modules of pulumi_aws it imports beside its own.
    """
    preview, environment = prepared(local, instant, resources, services)
    measured: dict[str, Any] = {"resources": resources}
    measured["floor_seconds"] = median(runs, lambda: run(preview, without_pack(environment), SYNTHETIC))
    if pack:
        with PeakMemory() as memory:
            measured["with_pack_seconds"] = median(runs, lambda: run(preview, environment, SYNTHETIC))
        measured["with_pack_to_floor"] = round(measured["with_pack_seconds"] / measured["floor_seconds"], 2)
        measured["peak_mib"] = memory.peaks
    return measured


def system(local: LocalRun, instant: Instant, stack: str, runs: int) -> dict[str, Any]:
    """Previews of a stack that does not exist yet, its first and its second `up`."""
    pulumi = str(local.engine.pulumi)
    endpoint = local.prepare(stack)
    environment = local.environment(stack, endpoint)
    preview = [pulumi, "preview", *QUIET]
    measured: dict[str, Any] = {}
    with PeakMemory() as memory:
        run(preview, environment, ROOT)  # the first one after a start of the embedded AWS loads what it needs
        measured["preview_with_pack_seconds"] = median(runs, lambda: run(preview, environment, ROOT))
        measured["preview_without_pack_seconds"] = median(runs, lambda: run(preview, without_pack(environment), ROOT))
        up = [pulumi, "up", "--yes", *QUIET]
        measured["first_up_seconds"] = round(run(up, environment, ROOT), 2)
        measured["resources"] = len(local.resources(stack))
        again = [sys.executable, "-m", "operations.cli", "local", "up", stack]
        folder = {**os.environ, "PHI_DIRECTORY": str(local.directory)}
        measured["second_up_seconds"] = median(runs, lambda: run(again, folder, ROOT))
    types = {resource["type"] for resource in local.resources(stack)}
    services = " ".join(sorted({type.split(":")[1].split("/")[0] for type in types if type.startswith("aws:")}))
    floor = synthetic(local, instant, measured["resources"] // 10 * 10, runs, services=services, pack=False)
    measured["floor_seconds"] = floor["floor_seconds"]
    measured["preview_with_pack_to_floor"] = round(measured["preview_with_pack_seconds"] / floor["floor_seconds"], 2)
    measured["pack_adds"] = round(
        measured["preview_with_pack_seconds"] / measured["preview_without_pack_seconds"] - 1, 2
    )
    measured["peak_mib"] = memory.peaks
    if local.destroy(stack):
        sys.exit(f"{stack} could not be taken down")
    return measured


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
            report["synthetic"] = synthetic(local, instant, options.resources, options.runs, pack=True)
            console.print("Measuring the policy pack")
            report["pack"] = pack.measure(local, instant, options.runs)
        finally:
            lifecycle.stop(local.directory)
    print(json.dumps(report, indent=2), file=answer, flush=True)


if __name__ == "__main__":
    main()
