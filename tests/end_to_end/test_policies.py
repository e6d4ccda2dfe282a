"""A program that breaks the rules is refused before anything exists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from policies.rules import RULES
from tests.end_to_end.conftest import ROOT, Phi

pytestmark = pytest.mark.end_to_end

PROGRAM = """\
from pulumi_aws import kms, rds, s3

records = s3.Bucket("records", bucket="careless-records", tags={"DataClass": "phi"})
s3.BucketPublicAccessBlock(
    "records-public", bucket=records.bucket, block_public_acls=False, block_public_policy=False,
    ignore_public_acls=False, restrict_public_buckets=False,
)
rds.Instance(
    "database", identifier="careless", engine="postgres", engine_version="17.11", instance_class="db.t4g.medium",
    allocated_storage=20, storage_encrypted=False, username="careless", manage_master_user_password=True,
    skip_final_snapshot=True, tags={"DataClass": "phi"},
)
kms.Key("abroad", description="a key outside the jurisdiction", region="us-east-1")
"""


BARE_BUCKET = """\
from pulumi_aws import s3

s3.Bucket("notes", bucket="careless-notes", tags={"DataClass": "internal", "Owner": "platform", "Project": "notes"})
"""
"""Each resource is fine by itself: what is missing is beside it."""


def project(folder: Path, program: str) -> Path:
    """Somebody else's program, with our pack."""
    (folder / "Pulumi.yaml").write_text(
        f"name: careless\nruntime: {{name: python, options: {{virtualenv: {ROOT / '.venv'}}}}}\n"
    )
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: ca-central-1\n")
    (folder / "__main__.py").write_text(program)
    (folder / "policies").symlink_to(ROOT / "policies")
    return folder


@pytest.fixture
def careless(tmp_path: Path, phi_in: Callable[[Path], Phi]) -> Phi:
    return phi_in(project(tmp_path, PROGRAM))


def test_a_careless_program_is_refused_and_the_account_stays_empty(careless: Phi) -> None:
    output = careless("run", "--stack", "dev", "--", "up", "--yes", fails=True)
    for rule in ("s3-public-access-blocked", "rds-storage-encrypted", "region-allowed"):
        assert rule in output
    assert "164.312(a)" in output
    assert "storageEncrypted" in output
    assert "us-east-1" in output

    assert careless.client("s3").list_buckets()["Buckets"] == []
    assert careless.client("rds").describe_db_instances()["DBInstances"] == []
    assert careless.client("kms", "us-east-1").list_keys()["Keys"] == []


def test_the_same_program_is_refused_even_when_the_preview_is_skipped(careless: Phi) -> None:
    careless("run", "--stack", "dev", "--", "up", "--yes", "--skip-preview", fails=True)
    assert careless.client("rds").describe_db_instances()["DBInstances"] == []
    assert careless.client("kms", "us-east-1").list_keys()["Keys"] == []


def test_a_rule_of_the_whole_stack_refuses_too_but_only_before_an_update(
    tmp_path: Path, phi_in: Callable[[Path], Phi], capfd: pytest.CaptureFixture[str]
) -> None:
    """docs/policies.md: `phi local up` previews by itself; without a preview the engine creates first, then fails."""
    bare = phi_in(project(tmp_path, BARE_BUCKET))
    bare("run", "--stack", "dev", "--", "preview", fails=True)  # also starts the embedded AWS
    assert bare.run.up("dev") != 0
    output = "".join(capfd.readouterr())
    assert "s3-public-access-blocked" in output
    assert [rule.id for rule in RULES if rule.mandatory and rule.scope == "resource" and f"{rule.id} " in output] == []
    assert bare.client("s3").list_buckets()["Buckets"] == []

    output = bare("run", "--stack", "dev", "--", "up", "--yes", "--skip-preview", fails=True)
    assert "s3-public-access-blocked" in output
    assert [bucket["Name"] for bucket in bare.client("s3").list_buckets()["Buckets"]] == ["careless-notes"]
