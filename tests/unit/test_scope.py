"""Names, tags and ARNs every component shares."""

from __future__ import annotations

import json
from dataclasses import replace
from fnmatch import fnmatchcase

import pulumi
import pytest

from components.scope import DataClass, Scope
from settings.naming import NamingSettings
from tests.unit.conftest import Recorder


@pytest.fixture
def scope() -> Scope:
    return Scope(
        system="berthcare", environment="staging", region="ca-central-1", account_id="111122223333", protect=False,
        tags={"Project": "berthcare"},
    )  # fmt: skip


@pytest.mark.requirement("BER-TAG-02")
def test_names_are_system_environment_part(scope: Scope) -> None:
    assert scope.name("redis") == "berthcare-staging-redis"


@pytest.mark.requirement("FAC-TAG-02", "MSP-TAG-01", "LWO-TAG-01", "FAC-N01")
def test_a_stack_may_have_patterns_and_single_names_of_its_own(scope: Scope) -> None:
    naming = NamingSettings(
        environment="prod",
        resource="{system}-{part}-{environment}",
        bucket="{system}-{part}-{account}",
        secret="{system}/{part}",
        names={"postgres": "life-world-os-prod"},
        bucket_names={"trail": "audit-trail"},
        secret_names={"database": "db-credentials"},
    )
    own = replace(scope, naming=naming)
    assert (own.name("redis"), own.name("postgres")) == ("berthcare-redis-prod", "life-world-os-prod")
    assert (own.bucket("files"), own.bucket("trail")) == ("berthcare-files-111122223333", "audit-trail")
    assert (own.secret("cache"), own.secret("database")) == ("berthcare/cache", "db-credentials")


def test_a_long_name_keeps_its_start_and_never_collides(scope: Scope) -> None:
    first, second = scope.name("a" * 40, limit=32), scope.name("a" * 41, limit=32)
    assert len(first) == len(second) == 32
    assert first != second
    assert first.startswith("berthcare-staging-")


@pytest.mark.requirement("ALL-11", "BER-TAG-01")
def test_tags_are_the_stacks_then_the_class_then_the_name(scope: Scope) -> None:
    assert scope.tagged(DataClass.PHI, "db", Tier="data") == {
        "Project": "berthcare", "DataClass": "phi", "Name": "db", "Tier": "data",
    }  # fmt: skip


def test_arns_are_known_before_the_resource_exists(scope: Scope) -> None:
    assert scope.arn("iam", "role/x", region="") == "arn:aws:iam::111122223333:role/x"
    assert scope.arn("logs", "log-group:x") == "arn:aws:logs:ca-central-1:111122223333:log-group:x"


class _Component(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("phi-platform:test:Component", name, {}, None)
        from pulumi_aws import s3

        bucket = s3.Bucket(
            f"{name}-bucket", bucket="b", tags={"secret": pulumi.Output.secret("x")},
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )  # fmt: skip
        self.arn = bucket.arn
        self.register_outputs({"arn": self.arn})


def test_the_recorder_runs_the_program_to_its_end(recorded: Recorder) -> None:
    result = recorded.run(lambda: {"arn": _Component("c").arn})
    assert result == {"arn": "arn:aws:s3:::b"}
    bucket = recorded.one("aws:s3/bucket:Bucket")
    assert (bucket.name, bucket.protect, bucket.secrets) == ("c-bucket", True, frozenset({"tags"}))
    assert json.loads(json.dumps(bucket.inputs)) == {"bucket": "b", "tags": {"secret": "x"}}
    assert bucket.parent.endswith("Component::c")


def test_the_recorder_raises_what_an_apply_left_behind(recorded: Recorder) -> None:
    def build() -> None:
        pulumi.Output.from_input(1).apply(lambda value: value // 0)

    with pytest.raises(ZeroDivisionError):
        recorded.run(build)


def test_an_output_in_text_is_an_error(recorded: Recorder) -> None:
    with pytest.raises(Exception, match="__str__ on an Output"):
        recorded.run(lambda: str(_Component("c").arn))


def test_a_lookup_without_an_answer_is_an_error(recorded: Recorder) -> None:
    import pulumi_aws as aws

    with pytest.raises(Exception, match="getElasticIp"):
        recorded.run(lambda: aws.ec2.get_elastic_ip(id="eipalloc-1"))


PATTERNS = [
    NamingSettings(),
    NamingSettings(resource="{system}-{part}-{environment}", environment="prod"),
    NamingSettings(resource="{system}-{part}"),
    NamingSettings(names={"redis": "sessions", "alb": "a-load-balancer-whose-name-is-longer-than-its-service-takes"}),
]
PARTS = ["redis", "alb", "cdn-access", "database-monitoring", "a-part-that-is-much-longer-than-any-service-takes"]


@pytest.mark.requirement("FAC-TAG-02", "MSP-TAG-01", "LWO-TAG-01", "OMN-TAG-02")
@pytest.mark.parametrize("naming", PATTERNS, ids=["usual", "part-inside", "no-environment", "exact"])
@pytest.mark.parametrize("limit", [32, 40, 50, 63, 255])
@pytest.mark.parametrize("system", ["berthcare", "a" * 20])
def test_patterns_match_every_name_of_the_stack_and_none_of_another(
    scope: Scope, naming: NamingSettings, limit: int, system: str
) -> None:
    own = replace(scope, system=system, naming=naming)
    patterns = own.name_patterns(limit=limit)
    for part in PARTS:
        assert any(fnmatchcase(own.name(part, limit=limit), pattern) for pattern in patterns), part
    other = replace(own, system="clinic", naming=naming.model_copy(update={"names": {}}))
    for part in PARTS:
        assert not any(fnmatchcase(other.name(part, limit=limit), pattern) for pattern in patterns), part


def test_patterns_of_an_environment_leave_the_others_alone(scope: Scope) -> None:
    naming = NamingSettings(resource="{system}-{part}-{environment}")
    production = replace(scope, naming=naming, environment="production")
    for pattern in replace(scope, naming=naming).name_patterns():
        assert not fnmatchcase(production.name("redis"), pattern)


@pytest.mark.requirement("MSP-TAG-01", "MSP-STO-01", "MSP-STO-04", "FAC-N01")
def test_patterns_of_buckets_and_secrets_follow_their_own_names(scope: Scope) -> None:
    naming = NamingSettings(
        bucket="{system}-{part}-{account}",
        secret="{system}-{part}",
        bucket_names={"trail": "audit"},
        secret_names={"database": "mentalspace-ehr-db-credentials"},
    )
    own = replace(scope, system="mentalspace-ehr", naming=naming)
    assert (own.bucket("files"), own.bucket("videos")) == (
        "mentalspace-ehr-files-111122223333",
        "mentalspace-ehr-videos-111122223333",
    )
    assert own.bucket_patterns() == ["mentalspace-ehr-*-111122223333*", "audit*"]
    assert own.secret_patterns() == ["mentalspace-ehr-*-??????", "mentalspace-ehr-db-credentials-??????"]
