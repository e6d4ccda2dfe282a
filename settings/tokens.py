"""Signed tokens: the same for the program that makes them and for the command that checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

from settings.secrets import TokenSettings


def signed_token(key: str, settings: TokenSettings) -> str:
    """A JSON Web Token (HS256) with the claims of the settings, signed with the text `key`."""
    issued = datetime.combine(settings.issued, time(), UTC)
    claims = {
        "role": settings.role,
        "iss": settings.issuer,
        "iat": int(issued.timestamp()),
        "exp": int((issued + timedelta(days=settings.valid_days)).timestamp()),
    }
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    return f"{signed}.{_encoded(hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest())}"


def _part(content: Mapping[str, object]) -> str:
    return _encoded(json.dumps(content, separators=(",", ":")).encode())


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
