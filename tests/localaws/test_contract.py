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
# Types of which moto holds too little to say what another tool made of them; AWS itself says all of it.
PARTLY_HELD = {
    "aws:cognito/userPool:UserPool": "whether names are case-sensitive",
    "aws:ecs/taskDefinition:TaskDefinition": "a revision is never adopted: a new one is registered",
    "aws:rds/clusterInstance:ClusterInstance": "the subnet group, which a member has of its cluster",
    "aws:secretsmanager/secretRotation:SecretRotation": "whether rotation without a function is on",
}
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


def prepared(account: Account, case: Case) -> Made:
    made: dict[str, Made] = {}
    for name, need in case.needs.items():
        made[name] = account.create(need.type, resolved(need.inputs, made))
    return account.create(case.type, resolved(case.inputs, made))


def import_id(case: Case, created: Made) -> str:
    abroad = f"@{created.inputs['region']}" if "region" in created.inputs else ""
    return str(case.imports).format(**{**created.inputs, **created.outputs}) + abroad


def unseen(case: Case) -> set[str]:
    return {*case.unread, *HANDLERS[case.type].write_only}


@pytest.mark.requirement("ALL-20", "MSP-N02", "BER-N26", "OMN-N17")
@pytest.mark.parametrize("case", [case for case in CASES if case.imports is not None], ids=str)
def test_it_can_be_imported_by_its_id_and_then_shows_no_change(account: Account, case: Case) -> None:
    created = prepared(account, case)
    adopted = account.adopt(case.type, import_id(case, created))
    assert adopted is not None, "it is there, yet an import does not find it"
    assert adopted.id == created.id
    missing = created.outputs.keys() - adopted.outputs.keys() - unseen(case)
    assert not missing, f"outputs that an import does not fill: {missing}"
    changed = set(account.diff(adopted, created.inputs).diffs)
    assert changed <= unseen(case), f"an update right after the import would change {changed - unseen(case)}"


@pytest.mark.requirement("ALL-20")
@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.imports and not HANDLERS[case.type].emulated and case.type not in PARTLY_HELD],
    ids=str,
)
def test_what_another_tool_made_can_be_imported_without_being_replaced(account: Account, case: Case) -> None:
    """As the last test, but of a resource this provider has never seen: only the account knows it."""
    created = prepared(account, case)
    account.forget()
    adopted = account.adopt(case.type, import_id(case, created))
    assert adopted is not None, "it is there, yet an import does not find it"
    replaced = set(account.diff(adopted, created.inputs).replaces) - unseen(case)
    assert not replaced, f"an update right after the import would replace it: {replaced}"


def test_a_resource_of_another_region_is_imported_with_that_region_in_its_id(account: Account) -> None:
    abroad = account.create("aws:kms/key:Key", {"region": "ca-west-1", "tags": {}})
    assert account.adopt("aws:kms/key:Key", abroad.id) is None
    adopted = account.adopt("aws:kms/key:Key", f"{abroad.id}@ca-west-1")
    assert adopted is not None
    assert (adopted.id, adopted.inputs["region"]) == (abroad.id, "ca-west-1")
    assert account.diff(adopted, abroad.inputs).changes == NONE


def test_every_type_has_a_contract_case() -> None:
    assert sorted(HANDLERS.keys() - {case.type for case in CASES}) == []
