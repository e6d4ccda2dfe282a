"""The body of `phi evidence`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from checking import evidence_page, oscal
from checking.command import pack_config_of
from checking.evidence import Evidence, Source, gather, sha256
from checking.judgement import exported_text, judge, registered
from policies import baseline
from settings import load


def collect(
    file: Path, *, state: str | None, state_name: str, pack_config: Path | None, baseline_file: Path | None
) -> Evidence:
    """Judge a stack and keep what every rule answered.

    file: the stack file; with a state it need not exist, and says only whose law holds.
    state: what `pulumi stack export` prints; None: judge what the program declares.   state_name: what to call it.
    Raises SettingsError and ConfigError.
    """
    given = pack_config_of(pack_config)
    accepted = baseline.load(baseline_file) if baseline_file else frozenset[str]()
    name = file.stem.partition(".")[2] or file.stem
    if state is None:
        resources, configuration = registered(file, name)
        source = Source(kind="program", name=file.name, digest=sha256(file.read_bytes()))
    else:
        resources = exported_text(state, state_name)
        configuration = _jurisdiction(file)
        source = Source(kind="state", name=Path(state_name).name, digest=sha256(state.encode()))
    judged = judge(name, file, resources, configuration, pack_config=given, accepted=accepted)
    return gather(judged, source)


def write(evidence: Evidence, folder: Path) -> tuple[Path, Path]:
    """Write both reports into a folder. Returns their paths: the page, the OSCAL document."""
    folder.mkdir(parents=True, exist_ok=True)
    page, document = folder / f"{evidence.stack}.html", folder / f"{evidence.stack}.oscal.json"
    page.write_text(evidence_page.render(evidence))
    document.write_text(json.dumps(oscal.assessment_results(evidence), indent=1) + "\n")
    return page, document


def summary(evidence: Evidence) -> dict[str, Any]:
    """The figures of a report as plain data."""
    return {
        "stack": evidence.stack,
        "jurisdiction": evidence.jurisdiction,
        "source": {"kind": evidence.source.kind, "name": evidence.source.name, "sha256": evidence.source.digest},
        "pack": {"version": evidence.pack_version, "sha256": evidence.pack_digest},
        "collected": evidence.collected.isoformat(),
        "resources": evidence.resources,
        "controls": {str(outcome): count for outcome, count in sorted(evidence.counts.items())},
        "failed": [control.rule.id for control in evidence.failing],
        "waivers": [waiver.rule for waiver in evidence.waivers],
    }


def _jurisdiction(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    return {"phi-platform:jurisdiction": str(load.from_file(file).jurisdiction)}
