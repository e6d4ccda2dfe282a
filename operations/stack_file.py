"""The lines of a stack file that commands write: the version of a service, and of a generated secret."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from operations import outputs
from operations.mistakes import Mistake
from operations.terminal import project
from settings import load
from settings.stack import Settings


def engine_file(stack: str) -> Path:
    """The stack file `pulumi` reads here: the project's own, or the copy an embedded run has made."""
    named = os.environ.get("PULUMI_OPTION_CONFIG_FILE")
    return Path(named) if named else project() / f"Pulumi.{stack}.yaml"


def settings(stack: str) -> Settings:
    """What the stack file that `pulumi` reads here says. Raises Mistake when there is none."""
    file = engine_file(stack)
    if not file.is_file():
        raise Mistake(f"{stack}: expected a stack file {file.name}, found none.")
    return load.from_file(file)


def set_image(file: Path, service: str, version: str) -> None:
    """Write a service's version into a stack file; comments and everything else stay as they are."""
    _rewrite(file, with_image(outputs.text_of(file), service, version, file.name))


def with_image(text: str, service: str, version: str, name: str) -> str:
    """The text of a stack file with another version of a service. Raises Mistake when it says none."""
    path = ("phi-platform:compute", "services", service, "image")
    node = _at(text, path)
    if not isinstance(node, ScalarNode):
        raise Mistake(f"{name}: expected {'.'.join(path)} written as YAML, found none.")
    return f"{text[: node.start_mark.index]}{json.dumps(version)}{text[node.end_mark.index :]}"


def set_secret_version(file: Path, path: str, version: int) -> None:
    """Write the version of a generated secret into a stack file, so that the program draws another value."""
    _rewrite(file, with_secret_version(outputs.text_of(file), path, version, file.name))


def with_secret_version(text: str, path: str, version: int, name: str) -> str:
    """The text of a stack file with another version of a generated secret. Raises Mistake for none."""
    where = ("phi-platform:secrets", "generated", path)
    node = _at(text, where)
    if not isinstance(node, MappingNode):
        raise Mistake(f"{name}: expected {'.'.join(where)} written as YAML, found none.")
    written = _member(node, "version")
    if written is not None:
        return f"{text[: written.start_mark.index]}{version}{text[written.end_mark.index :]}"
    start = node.start_mark.index
    if node.flow_style:
        rest = text[start + 1 :]
        return f"{text[: start + 1]}version: {version}{', ' if node.value else ''}{rest}"
    return f"{text[:start]}version: {version}\n{' ' * node.start_mark.column}{text[start:]}"


def _rewrite(file: Path, text: str) -> None:
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(text)
    beside.replace(file)


def _at(text: str, path: Sequence[str]) -> Node | None:
    node: Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    for key in ("config", *path):
        node = _member(node, key)
    return node


def _member(node: Node | None, key: str) -> Node | None:
    if not isinstance(node, MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)
