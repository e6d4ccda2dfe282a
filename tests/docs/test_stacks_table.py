"""The table of measured stacks says what was measured, and what was not."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import measure, stacks_table

ROW = {"resources": 297, "up_seconds": 41.2, "second_up_seconds": 7.5, "refresh_seconds": 9.4, "down_seconds": 21.0}


def test_a_measured_stack_has_its_numbers_and_another_says_that_it_has_none() -> None:
    text = stacks_table.table({"machine": {"cores": 2}, "stacks": {"staging": ROW}}, ["facnet", "staging"])
    assert "| `staging` | 297 | 41 s | 8 s | 9 s | 21 s |" in text
    assert "| `facnet` | not measured |" in text
    assert "on 2 cores" in text


def test_the_readme_keeps_everything_around_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "README.md"
    file.write_text(f"before\n{stacks_table.BEGIN}\nold\n{stacks_table.END}\nafter\n")
    monkeypatch.setattr(stacks_table, "README", file)
    text = stacks_table.readme()
    assert text.startswith("before\n")
    assert text.endswith(f"{stacks_table.END}\nafter\n")
    assert "old" not in text
    file.write_text(text)
    assert stacks_table.readme() == text


def test_a_readme_without_the_comments_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "README.md").write_text("nothing\n")
    monkeypatch.setattr(stacks_table, "README", tmp_path / "README.md")
    with pytest.raises(ValueError, match="expected"):
        stacks_table.readme()


def test_every_stack_file_has_a_row() -> None:
    text = stacks_table.readme()
    for name in stacks_table.stacks():
        assert f"| `{name}` |" in text


@pytest.mark.parametrize("line", ["    + 297 created", "    ~ 1 to update", "    +-2 replaced", "    - 3 to delete"])
def test_a_change_is_noticed(line: str) -> None:
    assert measure.CHANGED.search(f"Resources:\n{line}\n")


def test_no_change_is_no_change() -> None:
    assert not measure.CHANGED.search("Resources:\n    297 unchanged\n")


def test_an_unknown_stack_is_answered_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert measure.main(["stagin"]) == 2
    assert "staging" in capsys.readouterr().err
