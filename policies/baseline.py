"""Findings a team accepted when it adopted the pack: a file of fingerprints; only findings that are not in it fail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .config import ConfigError

VERSION = 1


def fingerprint(rule: str, urn: str, message: str) -> str:
    """What tells a finding from others, the same in every run and for every parent a resource is given."""
    stack, _, rest = urn.removeprefix("urn:pulumi:").partition("::")
    type, _, name = rest.partition("::")[2].rpartition("::")
    subject = f"{stack}::{type.rpartition('$')[2]}::{name}"
    return hashlib.sha256("\n".join((rule, subject, message)).encode()).hexdigest()


def load(path: Path) -> frozenset[str]:
    """The fingerprints of a baseline file. Raises ConfigError."""
    try:
        content: Any = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"baselineFile: expected a readable baseline file, found {path} ({error})") from None
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise ConfigError(f"baselineFile: expected a baseline of version {VERSION}, found another format in {path}")
    try:
        return frozenset(str(each["fingerprint"]) for each in content["findings"])
    except (KeyError, TypeError):
        raise ConfigError(
            f"baselineFile: expected findings that each have a fingerprint, found others in {path}"
        ) from None


def render(findings: Iterable[tuple[str, str, str]]) -> str:
    """The file for (rule, URN, message) triples, in an order that keeps its changes readable."""
    rows = {
        fingerprint(*each): {"rule": each[0], "urn": each[1], "message": each[2], "fingerprint": fingerprint(*each)}
        for each in findings
    }
    ordered = sorted(rows.values(), key=lambda row: (row["rule"], row["urn"], row["fingerprint"]))
    return json.dumps({"version": VERSION, "findings": ordered}, indent=1) + "\n"
