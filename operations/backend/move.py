"""A stack's state from one backend to another, compared afterwards; the old one stays as it is (BER-DR-16)."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from operations import state
from operations.backend.place import project_name, pulumi
from operations.mistakes import Mistake, Refused

_OWN = ("PULUMI_OPTION_CONFIG_FILE", "PULUMI_STACK", "PULUMI_OPTION_POLICY_PACK")
"""What a shell says of one stack's run, and what must not be said while another backend is set up."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What is in the new backend.   digest: SHA-256 of the resources, secrets left out because they are encrypted anew.

    secrets_provider: what encrypts them; None: a passphrase.
    """

    resources: int
    digest: str
    secrets_provider: str | None


def move(project: Path, stack: str, url: str, *, secrets_region: str | None = None) -> Moved:
    """Copy a stack's state into the backend at `url`.

    secrets_region: region whose copy of the key opens the secrets from now on, when the key's own region is down; the
    key must be a multi-Region one (BER-N07).
    Raises Mistake when the backend already holds the stack, Refused when the engine fails or the copy differs.
    """
    with tempfile.TemporaryDirectory(prefix="phi-backend-") as temporary:
        folder = Path(temporary)
        exported, copied = folder / "exported.json", folder / "copied.json"
        pulumi("stack", "export", "--stack", stack, "--file", str(exported), folder=project)
        document: dict[str, Any] = json.loads(exported.read_text())
        pending = document["deployment"].get("pending_operations")
        if pending:
            raise Refused(f"{stack} has {len(pending)} unfinished operations: `pulumi refresh` ends them first.")
        if secrets_region is not None:
            rehome(document, secrets_region)
            exported.write_text(json.dumps(document))
        provider = provider_of(document)
        bare = folder / "project"
        bare.mkdir()
        (bare / "Pulumi.yaml").write_text(yaml.safe_dump({"name": project_name(project), "runtime": "python"}))
        environment = {name: value for name, value in os.environ.items() if name not in _OWN}
        environment["PULUMI_BACKEND_URL"] = url
        if any(each["name"] == stack for each in json.loads(pulumi(
            "stack", "ls", "--json", folder=bare, environment=environment))):  # fmt: skip
            raise Mistake(f"{url}: expected no stack {stack}, found one; nothing was changed.")
        chosen = () if provider is None else ("--secrets-provider", provider)
        pulumi("stack", "init", stack, "--no-select", *chosen, folder=bare, environment=environment)
        pulumi("stack", "import", "--stack", stack, "--file", str(exported), folder=bare, environment=environment)
        pulumi("stack", "export", "--stack", stack, "--file", str(copied), folder=bare, environment=environment)
        before, after = compared(stack, exported), compared(stack, copied)
        if before != after:
            raise Refused(
                f"{url} holds {after[0]} resources (digest {after[1][:12]}) instead of {before[0]} ({before[1][:12]}): "
                f"remove the copy with `pulumi stack rm --force`; the old state is as it was."
            )
        return Moved(resources=after[0], digest=after[1], secrets_provider=provider)


def compared(stack: str, file: Path) -> tuple[int, str]:
    """Count and digest of the resources in an exported state."""
    resources = state.read(stack, file).resources
    text = json.dumps([asdict(each) for each in resources], sort_keys=True)
    return len(resources), hashlib.sha256(text.encode()).hexdigest()


def provider_of(document: dict[str, Any]) -> str | None:
    """URL of what encrypts the secrets of a state; None for a passphrase."""
    provider = document["deployment"].get("secrets_providers") or {}
    return str(provider["state"]["url"]) if provider.get("type") == "cloud" else None


def rehome(document: dict[str, Any], region: str) -> None:
    """Let the key's copy in another region open the secrets of a state. Raises Mistake when it is no KMS alias."""
    url = provider_of(document)
    if url is None or not url.startswith("awskms://"):
        raise Mistake(f"--secrets-region: expected a state under a KMS key, found {url or 'a passphrase'}.")
    plain, _, query = url.partition("?")
    kept = [each for each in query.split("&") if each and not re.match(r"region=", each)]
    document["deployment"]["secrets_providers"]["state"]["url"] = f"{plain}?{'&'.join([f'region={region}', *kept])}"
