"""Are the programs here that people and `phi` call? (BER-OPS-01, OMN-OPS-04)"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

from engine import install
from operations.database import client_tools
from operations.doctor.point import Point, point

_PYTHON = (3, 11)
_AWS_CLI = (2, 0)
_IDS = ("BER-OPS-01", "OMN-OPS-04")


def points(postgresql_major: int | None) -> Iterator[Point]:
    """The programs; those that only some commands call are advice.   postgresql_major: of the stack's database."""
    python = ".".join(map(str, sys.version_info[:3]))
    yield point("Python", sys.version_info >= _PYTHON, python, "Install Python 3.11 or newer.", requirements=_IDS)
    yield _engine()
    git = version("git", "--version")
    yield point("git", git is not None, shown(git), "Install git.", requirements=_IDS)
    aws = version("aws", "--version")
    yield point(
        "AWS CLI", aws is not None and aws >= _AWS_CLI, shown(aws),
        "Install the AWS CLI 2, for `aws sso login` and the commands of the runbooks.", advice=True, requirements=_IDS,
    )  # fmt: skip
    plugin = version("session-manager-plugin", "--version")
    yield point(
        "Session Manager plugin", plugin is not None, shown(plugin),
        "Install the Session Manager plugin: `phi database connect` tunnels through it.", advice=True,
    )  # fmt: skip
    yield _postgresql(postgresql_major)


def version(program: str, argument: str) -> tuple[int, ...] | None:
    """Version a program tells; None when it is not on PATH or does not run."""
    path = shutil.which(program)
    if path is None:
        return None
    try:
        done = subprocess.run([path, argument], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    number = re.search(r"(\d+(?:\.\d+)+)", done.stdout + done.stderr)
    return None if done.returncode or number is None else tuple(map(int, number[1].split(".")))


def shown(found: tuple[int, ...] | None) -> str:
    """A version in words."""
    return "not found" if found is None else ".".join(map(str, found))


def _engine() -> Point:
    engine = install.find()
    found = "not found" if engine is None else f"{engine.version}, {'official' if engine.official else 'built here'}"
    return point(
        "Pulumi engine", engine is not None, found,
        f"Install the Pulumi CLI {install.MINIMUM} or newer, or run `phi engine install`.", requirements=_IDS,
    )  # fmt: skip


def _postgresql(major: int | None) -> Point:
    here = client_tools.installed()
    newest = here[-1] if here else None
    return point(
        "PostgreSQL client tools", newest is not None and newest.major >= (major or 0),
        "not found" if newest is None else newest.shown,
        f"Install pg_dump, pg_restore and psql{f' {major} or newer' if major else ''}: `phi database` calls them.",
        advice=True,
    )  # fmt: skip
