"""The one line of a stack file that says which version of a service runs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from operations import outputs
from operations.mistakes import Mistake
from operations.terminal import project


def engine_file(stack: str) -> Path:
    """The stack file `pulumi` reads here: the project's own, or the copy an embedded run has made."""
    named = os.environ.get("PULUMI_OPTION_CONFIG_FILE")
    return Path(named) if named else project() / f"Pulumi.{stack}.yaml"


def set_image(file: Path, service: str, version: str) -> None:
    """Write a service's version into a stack file; comments and everything else stay as they are."""
    changed = with_image(outputs.text_of(file), service, version, file.name)
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(changed)
    beside.replace(file)


def with_image(text: str, service: str, version: str, name: str) -> str:
    """The text of a stack file with another version of a service. Raises Mistake when it says none."""
    path = ("config", "phi-platform:compute", "services", service, "image")
    node: Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    for key in path:
        node = _member(node, key)
    if not isinstance(node, ScalarNode):
        raise Mistake(f"{name}: expected {'.'.join(path[1:])} written as YAML, found none.")
    return f"{text[: node.start_mark.index]}{json.dumps(version)}{text[node.end_mark.index :]}"


def _member(node: Node | None, key: str) -> Node | None:
    if not isinstance(node, MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)
