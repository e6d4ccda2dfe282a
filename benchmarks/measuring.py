"""What every section of the benchmarks measures with: commands and their times, the synthetic stack."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from operations.local import LocalRun

ROOT = Path(__file__).resolve().parent.parent
SYNTHETIC = ROOT / "benchmarks" / "thousand"
QUIET = ("--suppress-outputs", "--suppress-progress")


class Instant:
    """The instant provider as a process; `environment` attaches it to an engine."""

    def __enter__(self) -> Instant:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.instant_provider"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()

    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return {**environment, "PULUMI_DEBUG_PROVIDERS": f"aws:{self.port},random:{self.port}"}


def run(arguments: list[str], environment: dict[str, str], folder: Path) -> float:
    """Seconds one command takes; its own words and an exit when it fails."""
    start = time.perf_counter()
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return seconds


def median(runs: int, measure: Callable[[], float]) -> float:
    return round(statistics.median(measure() for _ in range(runs)), 2)


def medians(runs: int, measures: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each; they take turns, so that a machine that slows down meanwhile leaves their ratios alone."""
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(runs):
        for name, measure in measures.items():
            taken[name].append(measure())
    return {name: round(statistics.median(each), 2) for name, each in taken.items()}


def without_pack(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name != "PULUMI_OPTION_POLICY_PACK"}


def prepared(local: LocalRun, instant: Instant, resources: int, services: str = "") -> tuple[list[str], dict[str, str]]:
    """The command that previews the synthetic stack in `SYNTHETIC` on the instant provider, and its environment.

    services: modules of pulumi_aws it imports beside its own.
    """
    environment = instant.environment(local.environment("bench", None))
    stack = f"bench-{resources}-{len(services)}"
    config = local.directory / f"Pulumi.{stack}.yaml"
    environment["PULUMI_OPTION_CONFIG_FILE"] = str(config)
    work = local.directory / "bench"
    work.mkdir(exist_ok=True)
    if not config.exists():
        (work / "Pulumi.yaml").write_text("{name: thousand, runtime: python}\n")
        run([str(local.engine.pulumi), "stack", "init", stack, "--no-select"], environment, work)
        salt = (work / f"Pulumi.{stack}.yaml").read_text()
        config.write_text(
            f'{salt}config:\n  aws:region: ca-central-1\n  thousand:resources: "{resources}"\n'
            f'  thousand:services: "{services}"\n'
            "  phi-platform:jurisdiction: canada\n"
        )
    return [str(local.engine.pulumi), "preview", "-s", stack, *QUIET], environment
