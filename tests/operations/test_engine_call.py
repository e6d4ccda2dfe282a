"""What the engine says when it fails, told with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.install import Engine
from operations import engine_call
from operations.mistakes import Refused


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ("PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions", "`pulumi login` with"),
        ("no stack named 'clinic' found", "`pulumi stack ls`"),
        ("the stack is currently locked by 1 lock(s)", ""),
    ],
)
def test_a_failed_command_is_told_with_the_engines_words_and_the_way_out(tmp_path: Path, said: str, fix: str) -> None:
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(f'#!/bin/sh\necho "error: {said}" >&2\nexit 1\n')
    pulumi.chmod(0o755)
    engine = Engine(pulumi=pulumi, version="3.0.0", official=True)
    with pytest.raises(Refused, match="`pulumi stack output` of clinic fails: error: ") as raised:
        engine_call.pulumi("stack", "output", folder=tmp_path, engine=engine, of="clinic")
    assert said in str(raised.value)
    assert fix in str(raised.value)
