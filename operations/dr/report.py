"""The report of a drill, a failover or a failback: what took how long, and whether the objectives were met."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from operations.dr.steps import Journal
from settings.recovery import RecoverySettings

EMBEDDED = "embedded AWS of this machine"
_MINUTE = 60
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Minutes; None: not measured.   rto: until service was back.   rpo: of data lost."""

    rto: float | None
    rpo: float | None


def measured(journal: Journal) -> Measured:
    """RTO: from the loss to the end of the verification. RPO: from the newest data restored to the loss."""
    values = journal.values
    lost = _moment(values.get("lost"))
    verified = journal.done("verify")
    taken = ((journal.done("loss") or {}).get("facts") or {}).get("snapshot_taken")
    back = None if verified is None else _moment(verified["finished"])
    return Measured(
        rto=None if lost is None or back is None else (back - lost).total_seconds() / _MINUTE,
        rpo=None if lost is None or taken is None else max((lost - _known(taken)).total_seconds() / _MINUTE, 0),
    )


def write(journal: Journal, recovery: RecoverySettings, folder: Path) -> tuple[Path, Path]:
    """`report.json` and `report.md` in a folder."""
    document = content(journal, recovery)
    return _written(document, text(document), folder)


def content(journal: Journal, recovery: RecoverySettings) -> dict[str, Any]:
    """The report as data."""
    values, result = journal.values, measured(journal)
    rpo_limit = recovery.region_rpo_minutes
    return {
        "kind": values["kind"], "stack": values["stack"], "from": values["from"], "to": values["to"],
        "lost": values.get("lost"), "started": values["started"], "finished": values.get("finished"),
        "rto_minutes": result.rto, "rto_objective_minutes": recovery.rto_minutes,
        "rto_met": None if result.rto is None else result.rto <= recovery.rto_minutes,
        "rpo_minutes": result.rpo, "rpo_objective_minutes": rpo_limit,
        "rpo_met": None if result.rpo is None else result.rpo <= rpo_limit,
        "steps": _steps(values),
        "answers": (values.get("answers") or {}).get("verify", []),
    }  # fmt: skip


def _steps(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, **entry, "seconds": _seconds(entry)} for name, entry in values["steps"].items()]


def text(document: Mapping[str, Any]) -> str:
    """The report for people, in Markdown."""
    return "\n".join((f"# {_title(document)}", "", *_objectives(document), *_course(document)))


def _title(document: Mapping[str, Any]) -> str:
    return f"{document['kind'].capitalize()} of {document['stack']}"


def _objectives(document: Mapping[str, Any]) -> list[str]:
    """Wanted and measured; of a failback, which has no objective, nothing."""
    if document["kind"] == "failback":
        return []
    return [
        "| Objective | Wanted | Measured | Met |", "|---|---|---|---|",
        _row("RTO: service is back", document, "rto"), _row("RPO: data lost", document, "rpo"), "",
    ]  # fmt: skip


def _course(document: Mapping[str, Any]) -> list[str]:
    """What was done, and what the stack answered in the end."""
    return [
        f"{document['from']} → {document['to']}, begun {_shown(document['started'])}, "
        f"ended {_shown(document['finished'])}.",
        "", "| Step | Began | Seconds | Facts |", "|---|---|---:|---|",
        *(
            f"| {step['name']} | {_shown(step['started'])} | {_shown(step['seconds'])} "
            f"| {'asked below' if step['name'] == 'verify' else _facts(step.get('facts') or {})} |"
            for step in document["steps"]
        ),
        "", "| Asked | Answer | Good |", "|---|---|---|",
        *(f"| {each['what']} | {each['found']} | {_word(each['good'])} |" for each in document["answers"]),
        "",
    ]  # fmt: skip


def write_rehearsal(
    drill: Journal, failover: Journal, failback: Journal, recovery: RecoverySettings, folder: Path
) -> tuple[Path, Path]:
    """`report.json` and `report.md` of a drill on the embedded AWS: its own steps, the failover's, the failback's."""
    over, back = content(failover, recovery), content(failback, recovery)
    measures = {name: over[name] for name in over if name.startswith(("rto", "rpo"))}
    compared = {step: len(drill.values["steps"][step]["facts"]["data"]) for step in ("load", "work")}
    steps = _steps(drill.values)
    document = {
        **{name: drill.values[name] for name in ("kind", "stack", "started", "finished")}, "account": EMBEDDED,
        **measures, "compared": compared, "steps": steps, "failover": over, "failback": back,
    }  # fmt: skip
    lines = [
        f"# {_title(document)}", "", *_objectives(over),
        f"On the {EMBEDDED}, begun {_shown(document['started'])}, ended {_shown(document['finished'])}. Resources are "
        "there at once in it: on AWS creating a database alone takes 15 to 20 minutes more, which the RTO must hold.",
        "", "| Step | Began | Seconds |", "|---|---|---:|",
        *(f"| {step['name']} | {_shown(step['started'])} | {_shown(step['seconds'])} |" for step in steps),
        "", f"After the failover {compared['load']} tables and objects were as they had been loaded, after the "
        f"failback {compared['work']} as they had been in the recovery region.",
        *(line for each in (over, back) for line in ("", f"## {_title(each)}", "", *_course(each))),
    ]  # fmt: skip
    return _written(document, "\n".join(lines), folder)


def _written(document: Mapping[str, Any], words: str, folder: Path) -> tuple[Path, Path]:
    files = folder / "report.json", folder / "report.md"
    files[0].write_text(json.dumps(document, indent=2, default=str) + "\n")
    files[1].write_text(words)
    return files


def _row(title: str, document: Mapping[str, Any], name: str) -> str:
    found = document[f"{name}_minutes"]
    shown = "not measured" if found is None else f"{found:.1f} minutes"
    limit = document[f"{name}_objective_minutes"]
    return f"| {title} | at most {limit} minutes | {shown} | {_word(document[f'{name}_met'])} |"


def _word(good: bool | None) -> str:
    return {True: "yes", False: "no", None: "not asked"}[good]


def _facts(facts: Mapping[str, Any]) -> str:
    plain = {name: value for name, value in facts.items() if name != "addresses"}
    return "; ".join(f"{name.replace('_', ' ')}: {_shown(value)}" for name, value in plain.items()).replace("|", "\\|")


def _shown(value: object) -> str:
    """A value for people."""
    match value:
        case None:
            return "none"
        case bool():
            return _word(value)
        case float():
            return f"{value:.0f}"
        case list() | tuple():
            return ", ".join(map(_shown, cast("list[object]", value))) or "none"
        case dict():
            return (
                ", ".join(f"{name} {_shown(each)}" for name, each in cast("dict[str, object]", value).items()) or "none"
            )
        case str() if _MOMENT.fullmatch(value):
            return f"{value[:10]} {value[11:19]} UTC"
        case _:
            return str(value)


def _seconds(entry: Mapping[str, Any]) -> float | None:
    if "finished" not in entry:
        return None
    return (_known(entry["finished"]) - _known(entry["started"])).total_seconds()


def _moment(moment: str | None) -> datetime | None:
    return None if moment is None else _known(moment)


def _known(moment: str) -> datetime:
    return datetime.fromisoformat(moment)
