"""Recognizing credentials in text: the formats of known tokens, and random values under names that say secret.

Nothing here returns a value it saw, only what kind of thing it is.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .values import View, from_json

_FORMATS = {
    "an AWS access key id": r"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b",
    "a private key": r"BEGIN [A-Z ]*PRIVATE KEY-----",
    "a JSON web token": r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.",
    "a connection string with a password": r"[a-z][a-z0-9+]*://[^/\s:@'\"]*:[^/\s:@'\"${}<]{6,}@",
    "a GitHub token": r"(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})",
    "a GitLab token": r"gl(?:pat|dt|rt|ptt|cbt)-[A-Za-z0-9_-]{20,}",
    "a Slack token": r"xox[abeoprs]-[A-Za-z0-9-]{10,}",
    "a Slack webhook": r"https://hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{16,}",
    "a Stripe key": r"[rs]k_live_[A-Za-z0-9]{16,}",
    "a Twilio key": r"SK[0-9a-f]{32}\b",
    "a SendGrid key": r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    "a Google API key": r"AIza[0-9A-Za-z_-]{35}\b",
    "an npm token": r"npm_[A-Za-z0-9]{36}\b",
    "a PyPI token": r"pypi-[A-Za-z0-9_-]{50,}",
    "a Pulumi token": r"pul-[0-9a-f]{40}\b",
    "a Datadog key": r"(?i:(?:dd|datadog)_api_key['\"]?\s*[:=]\s*['\"]?[0-9a-f]{32}\b)",
    "an OpenAI or Anthropic key": r"sk-(?:proj-|ant-)[A-Za-z0-9_-]{20,}",
    "an age secret key": r"AGE-SECRET-KEY-1[0-9A-Z]{50,}",
}
"""What a known format of credential is → what it looks like, from the start of a word."""
FORMATS = {what: re.compile(rf"\b(?:{pattern})") for what, pattern in _FORMATS.items()}
_ANY_FORMAT = re.compile(rf"\b(?:{'|'.join(_FORMATS.values())})")
SECRET_NAME = re.compile(
    r"(?i)(?:^|[_.\-])?(?:password|passwd|pwd|passphrase|secret|token|api[_-]?key|private[_-]?key|access[_-]?key|"
    r"client[_-]?secret|auth[_-]?key|credentials?|secret[_-]?key|encryption[_-]?key|signing[_-]?key)$"
)
_ASSIGNED = re.compile(r"[:=]\s*['\"]?(?=([^\s'\"$&|;<>(){}]{12,200}))")
_ASSIGNED_TO = re.compile(r"(?i)(?<![-:/.@])(?:password|passwd|secret|token|api_?key|access_?key|private_?key)\s*$")
_LONGEST_NAME = 20
REFERENCES = ("arn:", "alias/", "/", "{{", "${", "$(", "http://", "https://", "s3://", "ssm:", "resolve:")
ENTROPY_BITS = 3.5
SHORTEST_SECRET = 12


def formats(text: str) -> Iterator[str]:
    """What known formats of credential a text holds; nearly always none, which one search says."""
    if _ANY_FORMAT.search(text):
        yield from (what for what, pattern in FORMATS.items() if pattern.search(text))


def credentials(text: str) -> Iterator[str]:
    """What kinds of credential a text holds: known formats, and assignments of random values to secret names."""
    yield from formats(text)
    yield from _assignments(text)


def _assignments(text: str) -> Iterator[str]:
    """Of values with a digit: code also assigns the attributes of objects to names that say secret."""
    for match in _ASSIGNED.finditer(text):
        named = _ASSIGNED_TO.search(text, max(0, match.start() - _LONGEST_NAME), match.start())
        if named and random(match[1]) and any(map(str.isdigit, match[1])):
            yield "an assignment of what looks like a credential"
            return


def under(name: str, value: str) -> str | None:
    """What kind of credential a value under a name is, or None."""
    if len(value) < SHORTEST_SECRET:
        return None
    for what in formats(value):
        return what
    if SECRET_NAME.search(name) and random(value):
        return "what looks like a credential"
    return None


def random(value: str) -> bool:
    """Whether a text is too random to be a word, a name or a reference."""
    if len(value) < SHORTEST_SECRET or value.startswith(REFERENCES) or " " in value:
        return False
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values()) > ENTROPY_BITS


def within(view: View) -> Iterator[tuple[str, str]]:
    """(path, kind) of every credential in an object: plain values, JSON documents and base64 texts in it."""
    for path, value in view.leaves():
        if not isinstance(value, str) or len(value) < SHORTEST_SECRET:
            continue
        inner = _document(value)
        if inner is not None:
            yield from within(View(named(inner), path))
            continue
        text = _decoded(value)
        what = under(path.rsplit(".", 1)[-1], value)
        what = what or next(_assignments(text) if text is value else credentials(text), None)
        if what is not None:
            yield path, what


def named(value: Any) -> Any:
    """Lists of `{name, value}`, as environments of containers are, as objects: so that names stand before values."""
    if isinstance(value, list):
        pairs = [each for each in value if isinstance(each, dict) and set(each) == {"name", "value"}]
        if value and len(pairs) == len(value):
            return {str(each["name"]): each["value"] for each in pairs}
        return [named(each) for each in value]
    if isinstance(value, dict):
        return {key: named(each) for key, each in value.items()}
    return value


def _document(text: str) -> Any:
    if text[:1] not in ("{", "["):
        return None
    found = from_json(text)
    return found if isinstance(found, (dict, list)) else None


def _decoded(text: str) -> str:
    """The text, and what it says when it is base64."""
    if len(text) % 4 or len(text) < 24 or not re.fullmatch(r"[A-Za-z0-9+/\n]+=*", text):
        return text
    try:
        return base64.b64decode(text, validate=False).decode()
    except (binascii.Error, ValueError):
        return text
