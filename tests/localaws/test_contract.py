"""Every type localaws models keeps the provider's contract: create, read back, refresh clean, change, delete."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from localaws.handler import HANDLERS
from localaws.values import says_the_same
from tests.localaws import cases
from tests.localaws.case import Case, Ref
from tests.localaws.conftest import Account, Made

CASES: list[Case] = [
    case for module in iter_modules(cases.__path__) for case in import_module(f"{cases.__name__}.{module.name}").CASES
]
NONE = provider_pb2.DiffResponse.DIFF_NONE


def resolved(value: Any, made: dict[str, Made]) -> Any:
    match value:
        case Ref():
            known = made[value.need]
            return known.id if value.output == "id" else known.outputs[value.output]
        case str() if value.startswith("${") and "}" in value:
            return value
        case dict():
            return {name: resolved(item, made) for name, item in value.items()}
        case list():
            return [resolved(item, made) for item in value]
        case _:
            return value


def visible(account: Account, made: Made) -> dict[str, Any]:
    """The inputs that AWS gives back."""
    return {name: value for name, value in made.inputs.items() if name not in HANDLERS[made.type].write_only}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_contract_is_kept(account: Account, case: Case) -> None:
    made: dict[str, Made] = {}
    for name, need in case.needs.items():
        made[name] = account.create(need.type, resolved(need.inputs, made))

    created = account.create(case.type, resolved(case.inputs, made))
    for name, value in visible(account, created).items():
        assert says_the_same(value, created.outputs.get(name)), f"{name} was not read back"
    for name in HANDLERS[case.type].write_only:
        assert name not in created.outputs, f"{name} is write-only and came back"

    assert account.diff(created, created.inputs).changes == NONE, "no change was asked for"
    refreshed = account.read(created)
    assert refreshed is not None, "it is there, yet read does not find it"
    assert refreshed.inputs == created.inputs, "a refresh right after the creation finds drift"

    current = refreshed
    if case.change is not None:
        wanted = {**created.inputs, **resolved(case.change, made)}
        difference = account.diff(current, wanted)
        assert difference.changes != NONE
        assert not list(difference.replaces), f"the change replaces: {list(difference.replaces)}"
        current = account.update(current, wanted)
        for name, value in visible(account, current).items():
            assert says_the_same(value, current.outputs.get(name)), f"{name} was not changed"
        again = account.read(current)
        assert again is not None
        assert again.inputs == wanted, "a refresh right after the change finds drift"

    account.delete(current)
    if case.gone:
        assert account.read(current) is None, "it is deleted, yet read finds it"
    account.delete(current)


def test_every_type_has_a_contract_case() -> None:
    assert sorted(HANDLERS.keys() - {case.type for case in CASES}) == []
