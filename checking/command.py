"""The body of `phi check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from rich.console import Console

from checking import report
from checking.judgement import Judged, exported, judge, registered
from policies import baseline
from policies.config import ConfigError
from policies.rules import RULES


def run(
    file: Path,
    *,
    state: bool,
    pack_config: Path | None,
    baseline_file: Path | None,
    write_baseline: bool,
    as_json: bool,
    sarif: Path | None,
    console: Console,
) -> int:
    """Judge a stack file (or a state), print or write the findings.

    Returns 0 without mandatory findings, 1 with some. Raises SettingsError and ConfigError for what a person can put
    right.
    """
    given = pack_config_of(pack_config)
    accepted = baseline.load(baseline_file) if baseline_file and not write_baseline else frozenset[str]()
    judged = _judged(file, state, given, accepted)
    if write_baseline:
        assert baseline_file is not None
        kept = [(v.rule.id, v.urn, v.message) for v in judged.verdicts if v.waived is None and not v.broken]
        baseline_file.write_text(baseline.render(kept))
        console.print(f"{baseline_file}: {len(kept)} findings accepted.", markup=False)
        return 0
    if sarif is not None:
        sarif.write_text(json.dumps(report.as_sarif(judged, RULES), indent=1) + "\n")
    if as_json:
        console.print_json(json.dumps(report.as_json(judged)))
    else:
        report.show(judged, console)
    return 1 if judged.failing else 0


def _judged(file: Path, state: bool, given: dict[str, Any], accepted: frozenset[str]) -> Judged:
    if state:
        resources = exported(file)
        root = resources[0].urn.removeprefix("urn:pulumi:").partition("::")[0] if resources else file.stem
        return judge(root, file, resources, {}, pack_config=given, accepted=accepted)
    name = file.stem.partition(".")[2] or file.stem
    resources, configuration = registered(file, name)
    return judge(name, file, resources, configuration, pack_config=given, accepted=accepted)


def pack_config_of(file: Path | None) -> dict[str, Any]:
    """A configuration of the pack, empty without a file. Raises ConfigError."""
    if file is None:
        return {}
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"--pack-config: expected a readable JSON file, found {file} ({error})") from None
    if not isinstance(found, dict):
        raise ConfigError(f"--pack-config: expected a JSON object, found another value in {file}")
    return cast("dict[str, Any]", found)
