# ruff: noqa: E501  one row per mutation
"""Break one requirement at a time and see its tests fail: `python -m tests.mutations [ID…]`, all rows without ids.

Each row breaks a setting, a component or a stack file in a copy of the tree, and runs the tests that are marked with the
requirement (`pytest.mark.requirement`), end-to-end ones left out. A row whose tests still pass is a survivor: the
marker claims what the test does not hold. Exit code 1 for survivors, and for rows whose text is no longer there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from rich.console import Console
from rich.table import Table

from docs.requirements_table import proofs

ROOT = Path(__file__).resolve().parent.parent
WORKERS = max(1, (os.cpu_count() or 1))
ELSEWHERE = shutil.ignore_patterns(
    ".venv", ".git", ".phi", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis", "node_modules", ".issues"
)
SLOW = ("end_to_end/", "localaws/")  # tiers of their own; what they prove alone is not tried here
CAUGHT, SURVIVED, STALE, BROKEN, UNPROVEN = "caught", "SURVIVED", "STALE", "BROKEN", "NO TEST"


@dataclass(frozen=True)
class Mutation:
    """One break.

    requirement: id whose tests must fail.   file, old, new: the text that is replaced; it occurs once in the file.
    """

    requirement: str
    file: str
    old: str
    new: str


M = Mutation
DATABASE, AURORA, CACHE = "components/database.py", "components/aurora.py", "components/cache.py"
BUCKET, CDN, BALANCER = "components/bucket.py", "components/cdn.py", "components/load_balancer.py"
FACNET, MENTALSPACE = "Pulumi.facnet.yaml", "Pulumi.mentalspace.yaml"
LIFEWORLD, OMNIRAPEUTIC, BERTHCARE = "Pulumi.lifeworld.yaml", "Pulumi.omnirapeutic.yaml", "Pulumi.berthcare.yaml"

MUTATIONS = (
    # shared rules
    M("ALL-04", "components/secrets.py", "special=False", "special=True"),
    M("ALL-05", CACHE, "transit_encryption_enabled=True", "transit_encryption_enabled=False"),
    M("ALL-08", BALANCER, "ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-2016-08"),
    M("ALL-10", "settings/observability.py", "AUDIT_DAYS = 2192", "AUDIT_DAYS = 365"),
    M("ALL-11", "components/scope.py", '"DataClass": ', '"Class": '),
    M("ALL-12", AURORA, "deletion_protection=True", "deletion_protection=False"),
    M("ALL-19", "components/key_policy.py", '"cloudfront.amazonaws.com"', '"s3.amazonaws.com"'),
    # berthcare
    M("BER-NET-04", BERTHCARE, "nat: per-zone", "nat: one"),
    M("BER-NET-06", "settings/network.py", "flow_log_days: LogRetentionDays = 365", "flow_log_days: LogRetentionDays = 30"),
    M("BER-DB-03", "settings/database.py", "= 500", "= 1000"),
    M("BER-DB-06", DATABASE, '"storage_encrypted": True', '"storage_encrypted": False'),
    M("BER-DB-07", DATABASE, '"performance_insights_enabled": True', '"performance_insights_enabled": False'),
    M("BER-DB-09", DATABASE, '"publicly_accessible": False', '"publicly_accessible": True'),
    M("BER-CCH-02", CACHE, "automatic_failover_enabled=True", "automatic_failover_enabled=False"),
    M("BER-CCH-03", CACHE, "at_rest_encryption_enabled=True", "at_rest_encryption_enabled=False"),
    M("BER-CCH-04", CACHE, "auth_token_wo=token,", ""),
    M("BER-CCH-06", "settings/cache.py", "snapshot_days: Annotated[int, Field(ge=1, le=35)] = 5", "snapshot_days: Annotated[int, Field(ge=1, le=35)] = 1"),
    M("BER-STO-05", BUCKET, 'versioning_configuration={"status": "Enabled"}', 'versioning_configuration={"status": "Suspended"}'),
    M("BER-STO-08", BUCKET, "restrict_public_buckets=True", "restrict_public_buckets=False"),
    M("BER-STO-02", BERTHCARE, "      documents:\n", "      papers:\n"),
    M("BER-EDG-02", CDN, "TLSv1.2_2021", "TLSv1.1_2016"),
    M("BER-EDG-03", BERTHCARE, "countries: [CA, US]", "countries: [CA, US, FR]"),
    M("BER-N01", BERTHCARE, "region: ca-west-1", "region: us-east-1"),
    # facnet
    M("FAC-NET-02", FACNET, "zones: [ca-central-1a, ca-central-1b]", "zones: [ca-central-1a, ca-central-1d]"),
    M("FAC-NET-08", "components/fleet.py", '"associate_public_ip_address": "false"', '"associate_public_ip_address": "true"'),
    M("FAC-CMP-02", FACNET, "instance_type: t3.medium", "instance_type: t3.small"),
    M("FAC-CMP-03", "settings/fleet.py", "ubuntu/server/24.04", "ubuntu/server/22.04"),
    M("FAC-CMP-04", FACNET, "max_instances: 6", "max_instances: 8"),
    M("FAC-DB-03", FACNET, "instance_class: db.t3.medium", "instance_class: db.t3.large"),
    M("FAC-DB-04", FACNET, "multi_az: true", "multi_az: false"),
    M("FAC-CCH-02", FACNET, "replicas: 1", "replicas: 2"),
    M("FAC-N16", FACNET, "eviction: noeviction", "eviction: allkeys-lru"),
    M("FAC-IAM-08", FACNET, "database-application: facnet/database/rds", "database-application: facnet/database"),
    M("FAC-DB-05", "components/deploy_policy.py", '"Effect": "Deny", "Action": ["rds:DeleteDB*Snapshot"]', '"Effect": "Deny", "Action": ["rds:DeleteOptionGroup"]'),
    M("FAC-DR-04", FACNET, "backup_days: 7", "backup_days: 1"),
    M("FAC-IAM-13", FACNET, "AUTH0_AUDIENCE: ", "AUTH0_FOR: "),
    M("FAC-OBS-06", FACNET, "hit_rate_percent: 80", "hit_rate_percent: 70"),
    M("FAC-OBS-13", FACNET, "monthly_usd: 700", "monthly_usd: 7000"),
    # mentalspace
    M("MSP-DB-05", MENTALSPACE, "max_acu: 8", "max_acu: 16"),
    M("MSP-DB-07", MENTALSPACE, "backup_days: 30", "backup_days: 7"),
    M("MSP-IAM-03", "settings/directory.py", "Field(ge=12, le=99)] = 12", "Field(ge=8, le=99)] = 8"),
    M("MSP-IAM-04", "components/directory.py", '"allow_admin_create_user_only": True', '"allow_admin_create_user_only": False'),
    M("MSP-IAM-08", "components/directory.py", "allow_unauthenticated_identities=False", "allow_unauthenticated_identities=True"),
    M("MSP-EDG-07", MENTALSPACE, "stage: prod", "stage: live"),
    M("MSP-EDG-11", MENTALSPACE, "      /patients:\n        methods: [GET]\n", "      /patients:\n        methods: [GET]\n        authenticated: false\n"),
    M("MSP-OBS-03", "components/trail.py", "enable_log_file_validation=True", "enable_log_file_validation=False"),
    M("MSP-STO-08", MENTALSPACE, "expire_days: 365", "expire_days: 730"),
    M("MSP-OUT-03", MENTALSPACE, "COGNITO_CLIENT_ID: user_pool_client_id", "COGNITO_CLIENT: user_pool_client_id"),
    # lifeworld
    M("LWO-NET-04", LIFEWORLD, "    data: {} #", "    # data: {} #"),
    M("LWO-NET-07", LIFEWORLD, "access: restricted", "access: public"),
    M("LWO-CMP-02", LIFEWORLD, "service/backend: backend-prod", "service/backend: backend"),
    M("LWO-CMP-11", LIFEWORLD, "keep_images: 10", "keep_images: 30"),
    M("LWO-DB-03", LIFEWORLD, "backup_days: 7", "backup_days: 14"),
    M("LWO-IAM-07", LIFEWORLD, "managed_password: true", "managed_password: false"),
    M("LWO-DR-02", "components/service.py", "skip_destroy=True,", "skip_destroy=False,"),
    M("LWO-IAM-08", "components/trail.py", '"include_management_events": True', '"include_management_events": False'),
    M("LWO-EDG-04", LIFEWORLD, "requests_per_five_minutes: 2000", "requests_per_five_minutes: 9000"),
    M("LWO-OBS-03", LIFEWORLD, "service-backend-cpu: backend-high-cpu", "service-backend-cpu: backend-cpu"),
    # omnirapeutic
    M("OMN-NET-05", OMNIRAPEUTIC, "nat_count: 2", "nat_count: 3"),
    M("OMN-NET-04", OMNIRAPEUTIC, "us-east-1c: 10.0.23.0/24", "us-east-1c: 10.0.24.0/24"),
    M("OMN-NET-08", "components/network.py", 'self._table(f"{tier}-{zone}"), subnet', "public, subnet"),
    M("OMN-DB-02", OMNIRAPEUTIC, "max_acu: 4", "max_acu: 8"),
    M("OMN-DB-05", OMNIRAPEUTIC, "backup_days: 35", "backup_days: 30"),
    M("OMN-DB-06", AURORA, "deletion_protection=True", "deletion_protection=False"),
    M("OMN-DB-09", AURORA, "publicly_accessible=False", "publicly_accessible=True"),
    M("OMN-IAM-01", "components/keys.py", "enable_key_rotation=True", "enable_key_rotation=False"),
    M("OMN-TAG-01", "settings/tags.py", '{"HIPAA": "true"} if self.hipaa', '{"HIPAA": "yes"} if self.hipaa'),
    M("OMN-IAM-02", OMNIRAPEUTIC, "database: aurora\n", "database: secrets\n"),
    M("OMN-IAM-06", OMNIRAPEUTIC, "supabase-jwt-secret:\n        length: 64", "supabase-jwt-secret:\n        length: 32"),
    M("OMN-IAM-09", OMNIRAPEUTIC, "recovery_days: 7", "recovery_days: 30"),
    M("OMN-OPS-02", OMNIRAPEUTIC, "github_environment: production", "github_environment: review"),
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """What became of one mutation."""

    mutation: Mutation
    outcome: str
    tests: int
    seconds: float
    output: str = ""


def tests_of(requirement: str, proven: dict[str, list[str]]) -> list[str]:
    """Node ids of the tests marked with a requirement, slow tiers left out."""
    return [f"tests/{test}" for test in proven.get(requirement, ()) if not test.startswith(SLOW)]


def pytest(tree: Path, tests: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=line", *tests],
        cwd=tree, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip


@contextmanager
def applied(tree: Path, mutation: Mutation) -> Iterator[bool]:
    """The mutation in a tree, undone afterwards; False when its text is not there exactly once."""
    file = tree / mutation.file
    before = file.read_text() if file.exists() else ""
    if before.count(mutation.old) != 1:
        yield False
        return
    file.write_text(before.replace(mutation.old, mutation.new))
    try:
        yield True
    finally:
        file.write_text(before)


def try_one(tree: Path, mutation: Mutation, proven: dict[str, list[str]]) -> Result:
    started = time.monotonic()
    tests = tests_of(mutation.requirement, proven)
    if not tests:
        return Result(mutation, UNPROVEN, 0, 0)
    with applied(tree, mutation) as there:
        if not there:
            return Result(mutation, STALE, len(tests), 0)
        done = pytest(tree, tests)
    outcome = {0: SURVIVED, 1: CAUGHT}.get(done.returncode, BROKEN)  # 1: tests failed; more: they could not be run
    return Result(mutation, outcome, len(tests), time.monotonic() - started, done.stdout[-2000:])


def copies(folder: Path) -> Queue[Path]:
    """Copies of the tree, one per worker."""
    trees: Queue[Path] = Queue()
    for number in range(WORKERS):
        trees.put(Path(shutil.copytree(ROOT, folder / str(number), ignore=ELSEWHERE)))
    return trees


def main(wanted: list[str]) -> int:
    console = Console()
    chosen = [mutation for mutation in MUTATIONS if not wanted or mutation.requirement in wanted]
    proven = proofs()
    with tempfile.TemporaryDirectory() as folder:
        trees = copies(Path(folder))
        sound = sorted({test for mutation in chosen for test in tests_of(mutation.requirement, proven)})
        tree = trees.get()
        if pytest(tree, sound).returncode:
            console.print("The tests fail before anything is broken: put them right first.", style="red")
            return 1
        trees.put(tree)

        def run(mutation: Mutation) -> Result:
            tree = trees.get()
            try:
                return try_one(tree, mutation, proven)
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(WORKERS) as workers:
            results = list(workers.map(run, chosen))
    table = Table("Requirement", "Broken in", "Tests", "Seconds", "Outcome")
    for result in results:
        shown = result.outcome if result.outcome == CAUGHT else f"[red]{result.outcome}[/]"
        table.add_row(
            result.mutation.requirement, result.mutation.file, str(result.tests), f"{result.seconds:.0f}", shown
        )
    console.print(table)
    bad = [result for result in results if result.outcome != CAUGHT]
    for result in bad:
        console.print(
            f"{result.mutation.requirement}: {result.outcome}: {result.mutation.old!r}", style="red", markup=False
        )
        if result.outcome == BROKEN:
            console.print(result.output, markup=False)
    console.print(f"{len(results) - len(bad)} of {len(results)} caught")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
