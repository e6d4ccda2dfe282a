"""Which client tools a migration takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.database import client_tools
from operations.database.client_tools import ClientTools, for_migration, installed
from operations.mistakes import Mistake
from tests.operations.database.conftest import tools


def versions(*numbers: int) -> list[ClientTools]:
    return [ClientTools(version=(number, 3), folder=Path(f"/pg{number}")) for number in numbers]


@pytest.mark.parametrize(
    ("there", "source", "target", "chosen"),
    [((14, 15, 16, 17), 14, 16, 16), ((15, 17), 14, 16, 15), ((17,), 17, 17, 17), ((14, 18), 14, 16, 14)],
)
def test_the_newest_tools_that_neither_server_is_strange_to_are_taken(
    there: tuple[int, ...], source: int, target: int, chosen: int
) -> None:
    assert for_migration(versions(*there), source, target).major == chosen


@pytest.mark.parametrize("there", [(13,), (17,), ()])
def test_tools_too_old_for_the_old_server_or_too_new_for_the_new_one_are_refused(there: tuple[int, ...]) -> None:
    with pytest.raises(Mistake, match="postgresql-client-16"):
        for_migration(versions(*there), 14, 16)


def test_data_do_not_go_back_to_an_older_version() -> None:
    with pytest.raises(Mistake, match="engine_version"):
        for_migration(versions(17), 17, 16)


def test_tools_are_found_in_a_folder_and_their_version_asked() -> None:
    (found,) = installed(tools())
    assert found.major == 17
    assert found.tool("pg_dump").exists()


def test_a_folder_without_all_three_tools_has_none(tmp_path: Path) -> None:
    assert installed(tmp_path) == []
    with pytest.raises(Mistake, match="psql is needed"):
        client_tools.newest([])
