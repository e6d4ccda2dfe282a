"""The text beneath each field of the settings, for what shows it: the schema, the references, a new stack's file.

Pydantic's `use_attribute_docstrings` would read the same texts at every import of the settings, a fifth of its time.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache

from settings.base import Section
from settings.stack import Settings


@cache
def described() -> type[Settings]:
    """`Settings`, every field of it and its sections with a `description`."""
    models = list(_below(Section))
    for module in {model.__module__ for model in models}:
        classes = {
            node.name: node
            for node in ast.parse(inspect.getsource(sys.modules[module])).body
            if isinstance(node, ast.ClassDef)
        }
        for model in models:
            if model.__module__ == module:
                _describe(model, classes[model.__name__])
    for model in models:
        model.model_rebuild(force=True)
    return Settings


def _below(model: type[Section]) -> Iterator[type[Section]]:
    """Every model made from one, those that others are made from first."""
    for each in model.__subclasses__():
        yield each
        yield from _below(each)


def _describe(model: type[Section], node: ast.ClassDef) -> None:
    for base in model.__mro__[1:]:
        if issubclass(base, Section):
            for name, field in base.model_fields.items():
                model.model_fields[name].description = model.model_fields[name].description or field.description
    for said, text in zip(node.body, node.body[1:], strict=False):
        match said, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                model.model_fields[name].description = inspect.cleandoc(words)
            case _:
                pass
