"""What operations read of a stack's state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from operations import state
from operations.mistakes import Mistake

SIGNATURE, CIPHERED = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"


def written(folder: Path, *resources: dict[str, object]) -> Path:
    file = folder / "state.json"
    deployment = {"manifest": {"time": "2026-01-31T09:30:00Z"}, "resources": list(resources)}
    file.write_text(json.dumps({"version": 3, "deployment": deployment}))
    return file


def test_resources_have_their_properties_and_what_is_encrypted_stays_out(tmp_path: Path) -> None:
    urn = "urn:pulumi:staging::phi-platform::aws:sns/topic:Topic::alarms"
    hidden = {SIGNATURE: CIPHERED, "ciphertext": "v1:unreadable"}
    file = written(
        tmp_path,
        {"urn": urn, "type": "aws:sns/topic:Topic", "id": "alarms", "inputs": {"name": "a", "list": [hidden]}},
        {"urn": urn, "type": "aws:sns/topic:Topic", "id": "older", "delete": True},
    )

    read = state.read("staging", file)

    assert (read.stack, read.taken, len(read.digest)) == ("staging", "2026-01-31T09:30:00Z", 64)
    [topic] = read.of_type("aws:sns/topic:Topic")
    assert (topic.name, topic.id, topic.inputs) == ("alarms", "alarms", {"name": "a", "list": [state.SECRET]})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"deployment": {"resources": [1]}}'])
def test_another_file_is_named_with_what_was_expected(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(Mistake, match=r"other\.json: expected what `pulumi stack export` writes"):
        state.read("staging", file)
