"""Every policy document of every stack is one that AWS takes and means what it says: parsed, linted, measured."""

from __future__ import annotations

import json
import re
import sys
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.unit.conftest import ACCOUNT_ID, Recorder
from tests.unit.test_program import STACKS, built

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    # The linter asks pkg_resources, which setuptools has dropped, where its own two data files are; nothing else.
    locator: Any = types.ModuleType("pkg_resources")
    locator.resource_filename = lambda package, name: str(
        Path(str(sys.modules[package].__spec__.origin)).parent / name  # pyright: ignore[reportOptionalMemberAccess]
    )
    sys.modules.setdefault("pkg_resources", locator)
    import parliament
    from parliament.statement import GLOBAL_CONDITION_KEYS, is_condition_key_match

CONDITION = "UNKNOWN_CONDITION_FOR_ACTION"


@dataclass(frozen=True)
class Kind:
    """What a document is for, and what AWS allows it to be.

    most: characters, at most; without white space where AWS does not count it.   resource: it is attached to a
    resource, so it names principals.   source: where AWS says so.
    """

    most: int
    resource: bool
    source: str
    compact: bool = True


IDENTITY = Kind(10_240, False, "IAM quotas: inline policies of a role, together")
MANAGED = Kind(6_144, False, "IAM quotas: managed policy")
TRUST = Kind(2_048, True, "IAM quotas: role trust policy")
ENDPOINT = Kind(20_480, True, "Amazon VPC quotas: endpoint policy")
KEY = Kind(32_768, True, "AWS KMS, PutKeyPolicy")

# (type, input) -> kind
DOCUMENTS = {
    ("aws:iam/role:Role", "assumeRolePolicy"): TRUST,
    ("aws:iam/rolePolicy:RolePolicy", "policy"): IDENTITY,
    ("aws:iam/policy:Policy", "policy"): MANAGED,
    ("aws:kms/key:Key", "policy"): KEY,
    ("aws:kms/keyPolicy:KeyPolicy", "policy"): KEY,
    ("aws:s3/bucketPolicy:BucketPolicy", "policy"): Kind(20_480, True, "Amazon S3, Bucket policies", compact=False),
    ("aws:sns/topicPolicy:TopicPolicy", "policy"): Kind(30_720, True, "Amazon SNS quotas"),
    ("aws:sqs/queuePolicy:QueuePolicy", "policy"): Kind(8_192, True, "Amazon SQS quotas"),
    ("aws:secretsmanager/secretPolicy:SecretPolicy", "policy"): Kind(20_480, True, "Secrets Manager quotas"),
    ("aws:ecr/repositoryPolicy:RepositoryPolicy", "policy"): Kind(10_240, True, "Amazon ECR, SetRepositoryPolicy"),
    ("aws:backup/vaultPolicy:VaultPolicy", "policy"): Kind(10_240, True, "AWS Backup quotas"),
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "policy"): ENDPOINT,
    ("aws:cloudwatch/logResourcePolicy:LogResourcePolicy", "policyDocument"): Kind(
        5_120, True, "CloudWatch Logs, PutResourcePolicy"
    ),
    ("aws:apigateway/restApi:RestApi", "policy"): Kind(8_192, True, "API Gateway quotas: resource policy"),
    ("aws:lambda/permission:Permission", "policy"): Kind(20_480, True, "AWS Lambda quotas: resource-based policy"),
    ("aws:cloudwatch/eventBusPolicy:EventBusPolicy", "policy"): Kind(10_240, True, "EventBridge quotas"),
}
OTHER_DOCUMENTS = {  # inputs called policy that hold another language
    ("aws:ecr/lifecyclePolicy:LifecyclePolicy", "policy"),
}

# Newer than the linter's list of actions (Service Authorization Reference, the service's page).
NEWER: frozenset[str] = frozenset()

# Of a resource's own policy the linter asks too much: there `*` is the resource itself.
OF_THE_RESOURCE = {
    "RESOURCE_MISMATCH",
    "RESOURCE_STAR",
    "RESOURCE_EFFECTIVELY_STAR",
    "RESOURCE_POLICY_PRIVILEGE_ESCALATION",
}
# What it has opinions on, and the policy pack judges.
OPINIONS = {"PERMISSIONS_MANAGEMENT_ACTIONS", "CREDENTIALS_EXPOSURE", "PRIVILEGE_ESCALATION", "SENSITIVE_ACCESS"}
# Where it is wrong: part of the finding -> AWS's page that shows the same.
MISTAKEN = {
    "s3:TlsVersion requires a value of type Numeric": "Amazon S3, Bucket policy examples: minimum TLS version",
    "ArnLike requires a value of type Arn but given String": "CloudWatch Logs, Encrypt log data with AWS KMS",
    "'action': 'logs:DescribeLogGroups', 'required_format': '*'": "Service Authorization Reference: log-group",
    "'action': 'ec2:RunInstances'": "Amazon EC2 User Guide, Control launching from a launch template",
    "['ec2:AssignPrivateIpAddresses', 'ec2:CreateNetworkInterface'": "AWS Lambda, AWSLambdaVPCAccessExecutionRole",
    "oidc-provider/token.actions.githubusercontent.com": "IAM, Create a role for OpenID Connect federation",
    "StringEquals requires a value of type String but given Arn": "IAM, iam:PermissionsBoundary in Actor policies",
}
GITHUB = "token.actions.githubusercontent.com:"  # IAM, Available keys for AWS OIDC federation
# Who deploys manages resources whose ARNs hold ids that AWS makes, and others by name, all services of an area in one
# statement; the boundary is what any role may be given. Both are bound to the stack's regions.
WIDE = ("aws:iam/policy:Policy deploy-", "aws:iam/policy:Policy boundary-")
OF_AN_AREA = {"RESOURCE_MISMATCH", "RESOURCE_STAR", "RESOURCE_POLICY_PRIVILEGE_ESCALATION"}


@dataclass(frozen=True)
class Document:
    """One document of one resource."""

    where: str
    kind: Kind
    text: str

    @property
    def statements(self) -> list[dict[str, Any]]:
        found = json.loads(self.text)["Statement"]
        return found if isinstance(found, list) else [found]


def documents(recorder: Recorder) -> list[Document]:
    found: list[Document] = []
    for entry in recorder.registrations:
        for name, value in entry.inputs.items():
            kind = DOCUMENTS.get((entry.type, name))
            if kind is not None and value:
                found.append(Document(f"{entry.type} {entry.name}.{name}", kind, value))
            for role_policy in value if entry.type == "aws:iam/role:Role" and name == "inlinePolicies" else ():
                found.append(Document(f"{entry.type} {entry.name}.{name}", IDENTITY, role_policy["policy"]))
    return found


@cache
def lint(text: str) -> tuple[tuple[str, str], ...]:
    """Findings of parliament: (issue, detail)."""
    policy = parliament.analyze_policy_string(text, ignore_private_auditors=True)
    return tuple((found.issue, str(found.detail)) for found in policy.findings)


def actions(statement: dict[str, Any]) -> list[str]:
    return _list(statement.get("Action")) + _list(statement.get("NotAction"))


def problems(document: Document) -> Iterator[str]:
    """What AWS would refuse of a document, or would take and not mean."""
    kind = document.kind
    size = len(re.sub(r"\s", "", document.text) if kind.compact else document.text)
    if size > kind.most:
        yield f"{size} characters, {kind.source} allows {kind.most}"
    text = document.text
    if kind is TRUST:  # the linter wants the role itself said
        text = json.dumps(
            {"Version": "2012-10-17", "Statement": [{**each, "Resource": "*"} for each in document.statements]}
        )
    text = re.sub(r"\$\{[^}]+\}", "variable", text)  # the linter does not know policy variables
    for issue, detail in lint(text):
        mistaken = issue in OPINIONS or any(text in detail for text in (*MISTAKEN, *NEWER))
        if mistaken or (kind.resource and issue in OF_THE_RESOURCE) or issue == CONDITION:  # own check, see below
            continue
        if document.where.startswith(WIDE) and issue in OF_AN_AREA:
            continue
        yield f"{issue}: {detail}"
    sids = [statement["Sid"] for statement in document.statements if "Sid" in statement]
    if len(sids) != len(set(sids)):
        yield f"Sid used twice: {sorted(sids)}"
    for statement in document.statements:
        yield from _statement_problems(statement, kind)


def _statement_problems(statement: dict[str, Any], kind: Kind) -> Iterator[str]:
    name = statement.get("Sid", "?")
    if kind is not KEY and not re.fullmatch(r"[A-Za-z0-9]*", name if name != "?" else ""):
        yield f"Sid {name!r}: letters and digits only"
    for action in actions(statement):
        if action != "*" and not _known(action):
            yield f"{name}: no action {action}"
    for key in {key for test in statement.get("Condition", {}).values() for key in test}:
        if not _known_key(key, actions(statement)):
            yield f"{name}: no condition key {key}"
    everything = "*" in _list(statement.get("Action")) and "*" in _list(statement.get("Resource"))
    if statement["Effect"] == "Allow" and everything and not kind.resource:
        yield f"{name}: allows everything on everything"
    if kind.resource != ("Principal" in statement or "NotPrincipal" in statement):
        yield f"{name}: {'needs a' if kind.resource else 'takes no'} Principal"
    if kind is TRUST and (
        "Resource" in statement or not all(action.startswith("sts:") for action in actions(statement))
    ):
        yield f"{name}: a trust policy allows sts actions, on the role itself"
    if statement["Effect"] == "Allow":
        yield from (f"{name}: {found}" for found in _principal_problems(statement, kind))


def _principal_problems(statement: dict[str, Any], kind: Kind) -> Iterator[str]:
    """Principals are services, and what belongs to the stack's own account; anyone only under a condition."""
    principal = statement.get("Principal", {})
    if principal == "*":
        principal = {"AWS": "*"}
    for scheme, values in principal.items():
        for value in _list(values):
            match scheme:
                case "Service":
                    if not re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com", value):
                        yield f"principal {value} is no service"
                case "Federated":
                    if f"::{ACCOUNT_ID}:" not in value and value != "cognito-identity.amazonaws.com":
                        yield f"principal {value} is of another account"
                case "AWS" if value == "*":
                    # The policy of an endpoint says which resources it leads to; who may use them, they say themselves.
                    if not statement.get("Condition") and (kind is not ENDPOINT or "*" in _list(statement["Resource"])):
                        yield "anyone, without a condition"
                case _:
                    if f"::{ACCOUNT_ID}:" not in value and value != ACCOUNT_ID:
                        yield f"principal {value} is of another account"


def _known(action: str) -> bool:
    try:
        return bool(parliament.expand_action(action)) or action in NEWER
    except (parliament.UnknownActionException, parliament.UnknownPrefixException, ValueError):
        return action in NEWER


def _known_key(key: str, names: list[str]) -> bool:
    """Whether a global condition key, or one of a service that an action is of: `kms:*` has actions without it."""
    if key.startswith(GITHUB) and names == ["sts:AssumeRoleWithWebIdentity"]:
        return True
    if any(is_condition_key_match(known, key) for known in GLOBAL_CONDITION_KEYS):
        return True
    services = {name.partition(":")[0] for name in names}
    return any(
        is_condition_key_match(known["condition"], key)
        for service in parliament.iam_definition
        if service["prefix"] in services or "*" in services
        for known in service["conditions"]
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


@pytest.mark.requirement("ALL-19", "BER-IAM-04", "BER-IAM-05")
@pytest.mark.parametrize("name", STACKS)
def test_every_document_of_a_stack_is_valid_and_no_wider_than_it_says(name: str) -> None:
    found = documents(built(name).recorder)
    assert len(found) > 10
    assert [f"{each.where}: {problem}" for each in found for problem in problems(each)] == []


@pytest.mark.requirement("OMN-N10", "ALL-15")
@pytest.mark.parametrize("name", STACKS)
def test_wide_documents_are_bound_to_the_regions_of_the_stack(name: str) -> None:
    for document in documents(built(name).recorder):
        for statement in document.statements if document.where.startswith(WIDE) else ():
            if statement["Effect"] == "Allow" and statement["Resource"] in ("*", ["*"]):
                assert statement["Sid"] == "KnowItself" or "aws:RequestedRegion" in json.dumps(statement["Condition"])


@pytest.mark.parametrize("name", STACKS)
def test_no_document_goes_unread(name: str) -> None:
    for entry in built(name).recorder.registrations:
        for input_, value in entry.inputs.items():
            if isinstance(value, str) and '"Statement"' in value and '"Effect"' in value:
                place = (entry.type, input_)
                assert place in DOCUMENTS or place in OTHER_DOCUMENTS, f"say in DOCUMENTS what {place} is"


@pytest.mark.parametrize("name", STACKS)
def test_the_inline_policies_of_a_role_fit_together(name: str) -> None:
    total: dict[str, int] = {}
    for entry in built(name).recorder.all("aws:iam/rolePolicy:RolePolicy"):
        size = len(re.sub(r"\s", "", entry.inputs["policy"]))
        total[entry.inputs["role"]] = total.get(entry.inputs["role"], 0) + size
    assert {role: size for role, size in total.items() if size > IDENTITY.most} == {}


ALLOW = {"Sid": "One", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::clinic-documents/*"}
TRUSTED = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
BUCKET = DOCUMENTS["aws:s3/bucketPolicy:BucketPolicy", "policy"]


def written(*statements: dict[str, Any], kind: Kind = IDENTITY) -> Document:
    return Document("case", kind, json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def test_good_documents_pass() -> None:
    assert [*problems(written(ALLOW))] == []
    assert [*problems(written(TRUSTED, kind=TRUST))] == []


@pytest.mark.parametrize(
    ("document", "named"),
    [
        (Document("case", IDENTITY, '{"Statement": [{"Effect": "Allow"}]}'), "MALFORMED"),
        (written({**ALLOW, "Action": "s3:GetObjects"}), "s3:GetObjects"),
        (written({**ALLOW, "Action": "s4:GetObject"}), "s4:GetObject"),
        (written({**ALLOW, "Resource": "arn:aws:sqs:ca-central-1:111122223333:queue"}), "RESOURCE_MISMATCH"),
        (written({**ALLOW, "Condition": {"StringEquals": {"s3:NoSuchKey": "a"}}}), "no condition key s3:NoSuchKey"),
        (written({**ALLOW, "Condition": {"StringAlike": {"aws:SourceAccount": "a"}}}), "StringAlike"),
        (written({**ALLOW, "Action": "*", "Resource": "*"}), "everything on everything"),
        (written({**ALLOW, "Sid": "two words"}), "Sid"),
        (written(ALLOW, ALLOW), "twice"),
        (written({**ALLOW, "Principal": "*"}), "no Principal"),
        (written(ALLOW, kind=BUCKET), "needs a Principal"),
        (written({**ALLOW, "Principal": "*"}, kind=BUCKET), "anyone"),
        (written({**ALLOW, "Principal": {"AWS": "arn:aws:iam::999988887777:root"}}, kind=BUCKET), "another account"),
        (written({**ALLOW, "Principal": {"Service": "logs.example.org"}}, kind=BUCKET), "no service"),
        (written({**TRUSTED, "Action": "s3:GetObject"}, kind=TRUST), "sts actions"),
        (written({**ALLOW, "Resource": [f"arn:aws:s3:::clinic-{n:05}/*" for n in range(400)]}), "10240"),
        (written({**ALLOW, "Resource": [f"arn:aws:s3:::clinic-{n:05}/*" for n in range(300)]}, kind=MANAGED), "6144"),
    ],
)  # fmt: skip
def test_each_check_fails_on_a_bad_document(document: Document, named: str) -> None:
    assert any(named in problem for problem in problems(document)), [*problems(document)]
