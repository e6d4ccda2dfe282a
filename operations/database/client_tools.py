"""The PostgreSQL client tools on this machine: pg_dump, pg_restore and psql of a version that fits both servers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from operations.mistakes import Mistake

INSTALLED = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
NEEDED = ("pg_dump", "pg_restore", "psql")


@dataclass(frozen=True, kw_only=True, order=True)
class ClientTools:
    """A folder with the client tools of one PostgreSQL version."""

    version: tuple[int, ...]
    folder: Path

    @property
    def major(self) -> int:
        return self.version[0]

    def tool(self, name: str) -> Path:
        return self.folder / name

    @property
    def shown(self) -> str:
        return f"PostgreSQL {'.'.join(map(str, self.version))} in {self.folder}"


def installed(given: Path | None = None) -> list[ClientTools]:
    """The client tools that are here, oldest first: in the folder given, or on PATH and where packages put them."""
    return sorted(filter(None, map(_in, [given] if given else _places())))


def _places() -> Iterable[Path]:
    named = os.environ.get("PHI_POSTGRESQL")
    on_path = shutil.which("pg_dump")
    folders = [Path(named)] if named else []
    folders += [Path(on_path).parent] if on_path else []
    for pattern in INSTALLED:
        folders += sorted(Path("/").glob(pattern.lstrip("/")))
    return dict.fromkeys(folder.absolute() for folder in folders)


def _in(folder: Path) -> ClientTools | None:
    if not all(os.access(folder / name, os.X_OK) for name in NEEDED):
        return None
    done = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=False)
    number = re.search(r"(\d+(?:\.\d+)*)", done.stdout)
    if done.returncode or number is None:
        return None
    return ClientTools(version=tuple(map(int, number[1].split("."))), folder=folder)


def for_migration(tools: Iterable[ClientTools], source_major: int, target_major: int) -> ClientTools:
    """The tools for a migration: no older than the old server, no newer than the new one.

    pg_dump refuses a server newer than itself; what pg_restore sends may be unknown to a server older than it
    (PostgreSQL documentation, "pg_dump", Notes). Raises Mistake that names the package to install.
    """
    if source_major > target_major:
        raise Mistake(
            f"The old server is PostgreSQL {source_major}, the stack's database is {target_major}: data do not go back "
            f"to an older version. Set `engine_version` of `phi-platform:database` to a {source_major}.x."
        )
    found = list(tools)
    fitting = [each for each in found if source_major <= each.major <= target_major]
    if not fitting:
        there = "; ".join(each.shown for each in found) or "none"
        versions = str(target_major) if source_major == target_major else f"{source_major} to {target_major}"
        raise Mistake(
            f"pg_dump, pg_restore and psql of PostgreSQL {versions} are needed, found: {there}. Install them "
            f"(Debian: postgresql-client-{target_major}) or name their folder with --tools or PHI_POSTGRESQL."
        )
    return fitting[-1]


def newest(tools: Iterable[ClientTools]) -> ClientTools:
    """The newest tools that are here, for a session. Raises Mistake when there are none."""
    found = list(tools)
    if not found:
        raise Mistake(
            "psql is needed, found none. Install it (Debian: postgresql-client) or name its folder with --tools or "
            "PHI_POSTGRESQL."
        )
    return found[-1]
