"""What IAM would decide about a policy, for the operators the program's documents use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

Context = Mapping[str, Any]


def some(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def holds(operator: str, wanted: Any, given: Any) -> bool:
    """One condition of a statement, for the operators the documents use; a key that is absent is None."""
    quantifier, _, name = operator.rpartition(":")
    if name.endswith("IfExists") and given is None:
        return True
    if name == "Null":
        return (given is None) == (wanted == "true")
    negated, patterns = "Not" in name, some(wanted)
    values = [] if given is None else some(given)
    matches = [any(fnmatchcase(value, pattern) for pattern in patterns) != negated for value in values]
    if quantifier == "ForAnyValue":
        return any(matches)
    if quantifier == "ForAllValues":
        return all(matches)
    return all(matches) if values else negated


def covers(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    def matched(key: str, value: str, *, ignore_case: bool = False) -> bool:
        fold = str.lower if ignore_case else str
        found = [any(fnmatchcase(fold(value), fold(p)) for p in some(statement[k])) for k in (key,) if k in statement]
        absent = [not any(fnmatchcase(fold(value), fold(p)) for p in some(statement[f"Not{key}"]))
                  for k in (f"Not{key}",) if k in statement]  # fmt: skip
        return all([*found, *absent])

    conditions = statement.get("Condition", {})
    return (
        matched("Action", action, ignore_case=True)
        and matched("Resource", resource)
        and all(holds(op, want, context.get(key)) for op, pairs in conditions.items() for key, want in pairs.items())
    )


def decide(policy: str, action: str, resource: str = "*", **context: Any) -> str:
    """`denied`, `allowed` or `not allowed`, as IAM evaluates an identity policy; `__` in a key stands for a colon."""
    keys = {"aws:RequestedRegion": "ca-central-1", **{k.replace("__", ":"): v for k, v in context.items()}}
    statements = [s for s in json.loads(policy)["Statement"] if covers(s, action, resource, keys)]
    if any(s["Effect"] == "Deny" for s in statements):
        return "denied"
    return "allowed" if statements else "not allowed"
