"""A program that breaks the rules is refused before anything exists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

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


@pytest.fixture
def careless(tmp_path: Path, phi_in: Callable[[Path], Phi]) -> Phi:
    """Somebody else's program, with our pack."""
    (tmp_path / "Pulumi.yaml").write_text(
        f"name: careless\nruntime: {{name: python, options: {{virtualenv: {ROOT / '.venv'}}}}}\n"
    )
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  aws:region: ca-central-1\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "policies").symlink_to(ROOT / "policies")
    return phi_in(tmp_path)


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
