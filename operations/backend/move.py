"""A stack's state from one backend to another, compared afterwards; the old one stays as it is (BER-DR-16)."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from operations import state
from operations.backend.place import project_name
from operations.engine_call import pulumi
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


def move(project: Path, stack: str, url: str, *, source: str | None = None, recovering: bool = False) -> Moved:
    """Copy a stack's state into the backend at `url`.

    source: URL of the backend it is in; default: the one in use.   recovering: an older state there is replaced, and
    operations that the loss of a region has cut short are let go of.
    Raises Mistake when the backend already holds the stack, Refused when the engine fails or the copy differs.
    """
    with tempfile.TemporaryDirectory(prefix="phi-backend-") as temporary:
        folder = Path(temporary)
        exported, copied = folder / "exported.json", folder / "copied.json"
        here = {**os.environ, **({} if source is None else {"PULUMI_BACKEND_URL": source})}
        pulumi("stack", "export", "--stack", stack, "--file", str(exported), folder=project, environment=here)
        document: dict[str, Any] = json.loads(exported.read_text())
        pending = document["deployment"].get("pending_operations")
        if pending and not recovering:
            raise Refused(f"{stack} has {len(pending)} unfinished operations: `pulumi refresh` ends them first.")
        provider = provider_of(document)
        bare = folder / "project"
        bare.mkdir()
        (bare / "Pulumi.yaml").write_text(yaml.safe_dump({"name": project_name(project), "runtime": "python"}))
        environment = {name: value for name, value in os.environ.items() if name not in _OWN}
        environment["PULUMI_BACKEND_URL"] = url
        listed = json.loads(pulumi("stack", "ls", "--json", folder=bare, environment=environment))
        there = any(each["name"] == stack for each in listed)
        if there and not recovering:
            raise Mistake(f"{url}: expected no stack {stack}, found one; nothing was changed.")
        if not there:
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


def rehome(project: Path, stack: str, region: str) -> str:
    """Let the key's copy in another region open a stack's secrets, in its state and in its stack file: the way in when
    the key's own region is down. The key must be a multi-Region one (BER-N07). Returns the new secrets provider.

    Source: KMS Developer Guide, "Multi-Region keys": what one of them encrypts, each of them decrypts.
    Raises Mistake when the secrets are under no KMS key, Refused when the engine fails, as when the copy is none.
    """
    file = project / f"Pulumi.{stack}.yaml"
    with tempfile.TemporaryDirectory(prefix="phi-backend-") as temporary:
        exported = Path(temporary) / "exported.json"
        pulumi("stack", "export", "--stack", stack, "--file", str(exported), folder=project)
        document: dict[str, Any] = json.loads(exported.read_text())
        before = provider_of(document)
        after = in_region(before, region)
        document["deployment"]["secrets_providers"]["state"]["url"] = after
        exported.write_text(json.dumps(document))
        text = file.read_text()
        file.write_text(text.replace(str(before), after))  # first: the engine reads it when it imports
        try:
            pulumi("stack", "import", "--stack", stack, "--file", str(exported), folder=project)
        except Refused:
            file.write_text(text)
            raise
    return after


def compared(stack: str, file: Path) -> tuple[int, str]:
    """Count and digest of the resources in an exported state."""
    resources = state.read(stack, file).resources
    text = json.dumps([asdict(each) for each in resources], sort_keys=True)
    return len(resources), hashlib.sha256(text.encode()).hexdigest()


def provider_of(document: dict[str, Any]) -> str | None:
    """URL of what encrypts the secrets of a state; None for a passphrase."""
    provider = document["deployment"].get("secrets_providers") or {}
    return str(provider["state"]["url"]) if provider.get("type") == "cloud" else None


def in_region(url: str | None, region: str) -> str:
    """A KMS secrets provider with another region. Raises Mistake when it is none."""
    if url is None or not url.startswith("awskms://"):
        raise Mistake(f"secrets: expected a state under a KMS key, found {url or 'a passphrase'}.")
    plain, _, query = url.partition("?")
    kept = [each for each in query.split("&") if each and not each.startswith("region=")]
    return f"{plain}?{'&'.join([f'region={region}', *kept])}"
