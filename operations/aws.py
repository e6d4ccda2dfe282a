"""How an operation talks to AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3

Clients = Callable[[str, str], Any]
"""(service, region) -> boto3 client."""


def client(service: str, region: str) -> Any:
    """A boto3 client; account and endpoint come from the environment, so the embedded AWS answers like the real one."""
    return boto3.client(service, region_name=region)
