"""What the pack says of a stack file, or of an exported state, in this process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, cast

from policies import baseline, config, waivers
from policies.config import ConfigError
from policies.graph import STACK, Resource, Stack
from policies.judge import Judge, Verdict
from policies.rules import RULES
from policies.values import UNKNOWN

SETTINGS = "region-allowed"  # the entry of a pack-config file that carries the settings of the whole pack
LEVELS = ("advisory", "mandatory", "remediate", "disabled")
_UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"


@dataclass(frozen=True)
class Judged:
    """The findings of one run.

    name: the stack's.   file: what was judged.   resources: how many.   disabled: ids of rules that the pack's
    configuration turns off.   judge, stack: what judged, and what it looked at, for those who ask more.
    """

    name: str
    file: Path
    resources: int
    verdicts: tuple[Verdict, ...]
    disabled: frozenset[str]
    judge: Judge = field(repr=False)
    stack: Stack = field(repr=False)

    @property
    def failing(self) -> list[Verdict]:
        """Mandatory findings that neither a waiver nor the baseline excuses."""
        return [verdict for verdict in self.verdicts if verdict.fails]


def registered(file: Path, name: str) -> tuple[tuple[Resource, ...], dict[str, str]]:
    """The resources of a stack file as its program declares them, and the configuration that the pack reads.

    Computed ids and ARNs are what AWS would answer. Raises SettingsError, or what the program raises.
    """
    from program import build
    from recording import REGION, Recorder
    from settings import load

    settings = load.from_file(file)
    recorder = Recorder()
    recorder.run(lambda: build(settings), stack=name)

    urns: dict[str, str] = {}  # the mock's, which name the nearest parent's type only → the engine's

    def urn(text: str) -> str:
        return urns.get(text, text.replace("urn:pulumi:test::", f"urn:pulumi:{name}::"))

    def placed(value: Any) -> Any:
        """What the mock answered, which is always of one region, as the stack's own region would."""
        if isinstance(value, str):
            return value.replace(f":{REGION}:", f":{settings.region}:").replace(f".{REGION}.", f".{settings.region}.")
        if isinstance(value, dict):
            return {key: placed(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType]
        return [placed(each) for each in value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType]

    found = [Resource(STACK, {}, urn=f"urn:pulumi:{name}::phi-platform::{STACK}::phi-platform-{name}")]
    for entry in recorder.registrations:
        around = urn(entry.parent or "").split("::")[2:3]
        types = "$".join([*(type for type in around if type != STACK), entry.type])
        urns[entry.urn] = f"urn:pulumi:{name}::phi-platform::{types}::{entry.name}"
    for entry in recorder.registrations:
        computed = {key: placed(entry.outputs[key]) for key in ("id", "arn") if key in entry.outputs}
        inputs = {
            key: placed(value) if entry.property_dependencies.get(key) else value for key, value in entry.inputs.items()
        }
        found.append(
            Resource(
                entry.type,
                {**computed, **inputs},
                urn=urn(entry.urn),
                name=entry.name,
                provider={"region": settings.region},
                parent=urn(entry.parent),
                protect=entry.protect,
                dependencies={
                    key: [urn(each) for each in sorted(urns)] for key, urns in entry.property_dependencies.items()
                },
                declared=frozenset(entry.inputs),
            )
        )
    return tuple(found), {"phi-platform:jurisdiction": str(settings.jurisdiction)}


def exported(file: Path) -> tuple[Resource, ...]:
    """The resources of a state that `pulumi stack export` wrote. Raises ConfigError."""
    try:
        text = file.read_text()
    except OSError as error:
        raise ConfigError(f"--state: expected a file that can be read, found {file} ({error.strerror})") from None
    return exported_text(text, str(file))


def exported_text(text: str, source: str) -> tuple[Resource, ...]:
    """The resources of a state as `pulumi stack export` prints it.   source: what to call it. Raises ConfigError."""
    try:
        entries: list[dict[str, Any]] = json.loads(text)["deployment"].get("resources") or []
        providers = {f"{each['urn']}::{each.get('id')}": _plain(each.get("inputs") or {}) for each in entries}
        return tuple(
            Resource(
                each["type"],
                _plain({**(each.get("outputs") or {}), **(each.get("inputs") or {})}),
                urn=each["urn"],
                provider=providers.get(each.get("provider", ""), {}),
                parent=each.get("parent"),
                protect=bool(each.get("protect")),
                dependencies=each.get("propertyDependencies") or {},
                declared=frozenset(each.get("inputs") or {}),
            )
            for each in entries
            if not each.get("delete")
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"--state: expected what `pulumi stack export` writes, found {source} ({error!r})") from None


def _plain(value: Any) -> Any:
    """A value of a state; what is encrypted in it is not known."""
    if value == _UNKNOWN_TEXT:
        return UNKNOWN
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:  # pyright: ignore[reportUnknownMemberType]
            return UNKNOWN
        return {key: _plain(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return [_plain(each) for each in value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType]


def judge(
    name: str,
    file: Path,
    resources: tuple[Resource, ...],
    stack: Mapping[str, str],
    *,
    pack_config: Mapping[str, Any] | None = None,
    accepted: frozenset[str] = frozenset(),
    today: date | None = None,
) -> Judged:
    """Every rule over the resources, waivers and baseline applied, enforced as the pack-config says.

    Raises ConfigError.
    """
    entries = dict(pack_config or {})
    levels = _levels(entries)
    found: Any = entries.get(SETTINGS)
    own = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    given = {key: value for key, value in own.items() if key != "enforcementLevel"}
    settings = config.load(given, stack)
    path = Path(settings.waivers) if settings.waivers else waivers.FILE
    good, problems = waivers.load(path, (rule.id for rule in RULES))
    if settings.baseline_file:
        accepted |= baseline.load(Path(settings.baseline_file))
    of = Judge(RULES, settings, good, problems, today=today or date.today(), accepted=accepted)
    verdicts = [verdict for each in resources for verdict in of.resource(each)]
    whole = Stack(resources)
    verdicts += of.stack(whole)
    verdicts.sort(key=lambda each: (each.urn, each.rule.id, each.message))  # resources are declared in any order
    disabled = frozenset(rule.id for rule in RULES if levels.get(rule.id, levels.get("all")) == "disabled")
    return Judged(name, file, len(resources), tuple(_enforced(verdicts, levels)), disabled, of, whole)


def _levels(entries: Mapping[str, Any]) -> dict[str, str]:
    """Rule id (or `all`) → how a pack-config enforces it."""
    known = {rule.id for rule in RULES} | {"all"}
    levels: dict[str, str] = {}
    problems: list[str] = []
    for id, entry in entries.items():
        level: Any = cast("dict[str, Any]", entry).get("enforcementLevel") if isinstance(entry, dict) else entry
        if id not in known:
            problems.append(f"{id}: expected the id of a rule (docs/controls.md) or all, found an unknown id")
        elif level is not None and level not in LEVELS:
            problems.append(f"{id}: expected one of {', '.join(LEVELS)}, found {level!r}")
        elif level is not None:
            levels[id] = level
    if problems:
        raise ConfigError("\n".join(problems))
    return levels


def _enforced(verdicts: list[Verdict], levels: Mapping[str, str]) -> list[Verdict]:
    kept: list[Verdict] = []
    for verdict in verdicts:
        level = levels.get(verdict.rule.id, levels.get("all"))
        if level == "disabled":
            continue
        overridden = level is not None and verdict.mandatory is None
        kept.append(replace(verdict, mandatory=level != "advisory") if overridden else verdict)
    return kept
