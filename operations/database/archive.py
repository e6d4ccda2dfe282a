"""Archives of pg_dump in custom format: written, checked, and restored part by part."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from operations.database.client_tools import ClientTools
from operations.database.connection import Server, known_to_tools
from operations.mistakes import Refused

_ENTRY = re.compile(r"^(\d+); (\d+) (\d+) (.+)$")
_NEVER_OURS = ("EVENT TRIGGER ", "COMMENT - EXTENSION ", "COMMENT - EVENT TRIGGER ", "COMMENT - SCHEMA public ")
"""What only a superuser may create, or the owner of what RDS owns."""

NOT_CARRIED = ("--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions", "--no-security-labels",
               "--no-tablespaces")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of an archive's table of contents.   catalogue, oid: of the object on the old server; 0: it has none."""

    line: str
    catalogue: int
    oid: int
    text: str

    @property
    def is_table_data(self) -> bool:
        return self.text.startswith("TABLE DATA ")

    @property
    def is_sequence_position(self) -> bool:
        return self.text.startswith("SEQUENCE SET ")

    @property
    def is_large_objects(self) -> bool:
        return self.text.startswith(("BLOB", "LARGE OBJECT"))

    @property
    def is_data(self) -> bool:
        return self.is_table_data or self.is_sequence_position or self.is_large_objects

    @property
    def extension(self) -> str | None:
        """The extension that the entry creates."""
        found = re.match(r"EXTENSION - (\S+)", self.text)
        return found[1] if found else None


def dump(tools: ClientTools, server: Server, file: Path, *, snapshot: str, excluded: Sequence[str]) -> None:
    """Write an archive of the database as it was at a snapshot, without ownership and privileges (FAC-OPS-11).

    Raises Refused with pg_dump's own words when it fails.
    """
    with known_to_tools(source=server) as environment:
        _run(
            [
                tools.tool("pg_dump"), "--dbname=service=source", "--format=custom", *NOT_CARRIED,
                f"--snapshot={snapshot}", f"--file={file}", *(f'--exclude-schema="{schema}"' for schema in excluded),
            ],
            environment,
        )  # fmt: skip


def contents(tools: ClientTools, file: Path) -> list[Entry]:
    """An archive's table of contents. Raises Refused when pg_restore cannot read it (FAC-OPS-11)."""
    with known_to_tools() as environment:
        listed = _run([tools.tool("pg_restore"), "--list", file], environment)
    found: list[Entry] = []
    for line in listed.splitlines():
        match = _ENTRY.match(line)
        if match:
            found.append(Entry(line=line, catalogue=int(match[2]), oid=int(match[3]), text=match[4]))
    if not found:
        raise Refused(f"{file}: the archive lists nothing.")
    return found


def kept(
    entries: Sequence[Entry], *, skipped_extensions: Collection[str], skipped: Mapping[tuple[int, int], str]
) -> list[Entry]:
    """The entries to restore.   skipped: (catalogue, oid) of what is left out → how a comment on it is listed."""
    tags = tuple(tag for tag in skipped.values() if tag)
    return [
        entry
        for entry in entries
        if not entry.text.startswith(_NEVER_OURS)
        and entry.extension not in skipped_extensions
        and (entry.catalogue, entry.oid) not in skipped
        and not (entry.text.startswith("COMMENT ") and any(tag in entry.text for tag in tags))
    ]


def restore(
    tools: ClientTools, server: Server, file: Path, entries: Sequence[Entry], section: str, folder: Path
) -> None:
    """Restore entries of a section in one transaction: all of them, or none (FAC-OPS-12).

    section: `pre-data`, `data` or `post-data`.   folder: where the list for pg_restore is kept meanwhile.
    Raises Refused with pg_restore's own words when it fails.
    """
    listed = folder / "restore.list"
    listed.write_text("".join(f"{entry.line}\n" for entry in entries))
    try:
        with known_to_tools(target=server) as environment:
            _run(
                [
                    tools.tool("pg_restore"), "--dbname=service=target", "--no-owner", "--no-privileges",
                    "--no-tablespaces", "--exit-on-error", "--single-transaction", f"--section={section}",
                    f"--use-list={listed}", file,
                ],
                environment,
            )  # fmt: skip
    finally:
        listed.unlink(missing_ok=True)


def digest(file: Path) -> str:
    """SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _run(command: Sequence[str | Path], environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        name = Path(command[0]).name
        raise Refused(f"{name} ended with exit code {done.returncode}: {_last_words(done.stderr)}")
    return done.stdout


def _last_words(text: str) -> str:
    """What a tool said last, without the values of rows, which may be a patient's."""
    lines = [line for line in text.strip().splitlines() if not re.match(r"\s*(DETAIL|CONTEXT|COPY)\b", line)]
    words = " ".join(lines[-6:])
    return re.sub(r'(invalid (?:input|byte)[^:"]*: )".*"', r'\1"…"', words) or "it said nothing"
