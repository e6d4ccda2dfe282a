"""Reading IAM policy documents: statements, who they let in, what they are bound to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .values import View

BINDING_KEYS = frozenset(
    key.lower()
    for key in (
        "aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:SourceAccount",
        "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOwner", "aws:SourceVpc", "aws:SourceVpcArn", "aws:SourceVpce",
        "aws:VpceAccount", "aws:VpceOrgID", "aws:VpceOrgPaths", "aws:userid", "kms:CallerAccount",
        "s3:DataAccessPointAccount", "s3:DataAccessPointArn",
    )
)  # fmt: skip
"""Condition keys that say who calls. A statement open to everyone is bounded when one of them must have a value."""

BINDING_OPERATORS = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"})


def statements(view: View, path: str) -> list[View]:
    """The statements of a document given as JSON text or as an object; text that is no JSON has none.

    Raises NotKnown when the document is not known.
    """
    return View(view.document(path), view.where(path)).views("Statement")


def values(statement: View, *path: str) -> list[str]:
    """The texts of a value that IAM lets be one or many; empty when absent. Keys may hold dots or colons."""
    value: Any = statement.get(path[0])
    for key in path[1:]:
        value = value.get(key) if isinstance(value, dict) else None
    found = value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, str)]


def allows(statement: View) -> bool:
    """Whether a statement gives rights."""
    return statement.text("Effect") == "Allow"


def everyone(statement: View) -> bool:
    """Whether a statement's principal is anyone at all."""
    if statement.has("NotPrincipal"):
        return True
    return "*" in values(statement, "Principal") or "*" in values(statement, "Principal", "AWS")


def bounded(statement: View) -> bool:
    """Whether a condition says who calls, so that `everyone` is not everyone."""
    for operator, key, found in conditions(statement):
        if operator in BINDING_OPERATORS and key in BINDING_KEYS and found and "*" not in found:
            return True
    return False


def conditions(statement: View) -> Iterator[tuple[str, str, list[str]]]:
    """(operator, key, values) of every condition, operator and key in lower case."""
    for operator, tests in statement.mapping("Condition").items():
        for key, value in tests.items() if isinstance(tests, dict) else ():
            found = value if isinstance(value, list) else [value]
            texts = [str(each).lower() if isinstance(each, bool) else str(each) for each in found]
            yield operator.lower(), str(key).lower(), texts


def public(view: View, path: str) -> Iterator[View]:
    """Statements of a document that give rights to anyone, unbounded."""
    return (each for each in statements(view, path) if allows(each) and everyone(each) and not bounded(each))
