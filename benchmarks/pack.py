"""What the policy pack costs: start, memory, what it adds to a large preview; and `phi check` on a large stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measuring import ROOT, SYNTHETIC, Instant, median, prepared, run, without_pack
from benchmarks.processes import PeakMemory
from operations.local import LocalRun

LARGE = 5_000
CHECKED = 1_000
BUCKETS = 30
"""Buckets that make the production stack one of a little more than `CHECKED` resources."""
NOTHING = ROOT / "benchmarks" / "nothing"


def measure(local: LocalRun, instant: Instant, runs: int) -> dict[str, Any]:
    """Everything about the pack. The previews of `LARGE` resources are run once each: they last minutes."""
    return {
        "start_seconds": {
            "nothing": median(runs, lambda: start_seconds(NOTHING)),
            "pack": median(runs, lambda: start_seconds(ROOT / "policies")),
        },
        "preview": preview(local, instant),
        "check": check(local.directory, runs),
    }


def start_seconds(pack: Path) -> float:
    """Seconds until a pack is ready: it prints the port it serves on."""
    begin = time.perf_counter()
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(pack)]  # it calls no engine to start
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        seconds = time.perf_counter() - begin
        process.terminate()
    if not port.isdecimal():
        sys.exit(f"{pack} did not start: {port!r}")
    return seconds


def preview(local: LocalRun, instant: Instant) -> dict[str, Any]:
    """Preview of the synthetic stack with no pack, with one that says nothing, with ours; peak memory of both packs."""
    command, environment = prepared(local, instant, LARGE)
    without = run(command, without_pack(environment), SYNTHETIC)
    measured: dict[str, Any] = {"resources": LARGE, "without_pack_seconds": round(without, 2)}
    for name, pack in (("nothing", NOTHING), ("pack", ROOT / "policies")):
        with PeakMemory() as memory:
            seconds = run(command, chosen(environment, pack), SYNTHETIC)
        measured[f"{name}_seconds"] = round(seconds, 2)
        measured[f"{name}_adds"] = round(seconds / without - 1, 2)
        measured[f"{name}_peak_mib"] = memory.peaks.get("pack")
    return measured


def chosen(environment: dict[str, str], pack: Path) -> dict[str, str]:
    """The environment of an engine with one pack."""
    return {**environment, "PULUMI_OPTION_POLICY_PACK": str(pack)}


def check(folder: Path, runs: int) -> dict[str, Any]:
    """`phi check` of the production stack with many more buckets."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.production.yaml").read_text())
    buckets = content["config"]["phi-platform:storage"]["buckets"]
    buckets |= {f"more-{number}": buckets["uploads"] for number in range(BUCKETS)}
    file = folder / "large" / "Pulumi.production.yaml"  # the name that the stack's waivers are for
    file.parent.mkdir()
    file.write_text(yaml.safe_dump(content))
    command = [sys.executable, "-m", "operations.cli", "check", str(file), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"phi check failed:\n{done.stdout[-2000:]}{done.stderr}")
    resources = json.loads(done.stdout)["resources"]
    assert resources >= CHECKED
    return {"resources": resources, "seconds": median(runs, lambda: run(command, dict(os.environ), ROOT))}
