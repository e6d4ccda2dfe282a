"""What the deploying role may do: manage the resources the program declares, and read no patient data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.deploy_services import Area, Named, Service, used
from components.function import function_name
from components.iam_documents import Statement, allow, document
from components.rotation import PART as ROTATION
from components.scope import Scope
from settings.features import Feature

POLICY_LIMIT = 6_144
"""Characters without white space of a managed policy (IAM User Guide, "IAM and AWS STS quotas")."""
ATTACHED_LIMIT = 10
"""Managed policies of a role, before asking for more (the same page)."""
LOOK, ROLES, REFUSALS = "look", "roles", "refusals"
_GLOBAL_REGION = "us-east-1"  # of IAM, CloudFront and Route 53, and of the CDN's certificate and alarms (ALL-07)
_READ = (
    "iam:GetOpenIDConnectProvider", "iam:GetPolicy*", "iam:GetRole*", "iam:List*", "kms:Describe*", "kms:Get*",
    "kms:List*", "s3:Get*Configuration", "s3:GetBucket*", "s3:ListAllMyBuckets", "s3:ListTagsForResource",
    "secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:ListSecretVersionIds",
)  # fmt: skip
_BUCKETS = (
    "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:ListBucket", "s3:Put*Configuration",
    "s3:PutBucketCORS", "s3:PutBucketLogging", "s3:PutBucketNotification", "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging",
    "s3:PutBucketVersioning", "s3:TagResource", "s3:UntagResource",
)  # fmt: skip
_SECRETS = (
    "secretsmanager:CancelRotateSecret", "secretsmanager:CreateSecret", "secretsmanager:DeleteSecret",
    "secretsmanager:PutSecretValue", "secretsmanager:RestoreSecret", "secretsmanager:RotateSecret",
    "secretsmanager:TagResource", "secretsmanager:UntagResource", "secretsmanager:UpdateSecret*",
)  # fmt: skip
_KEYS = (
    "kms:*Alias", "kms:*KeyDeletion", "kms:*KeyRotation", "kms:CreateGrant", "kms:EnableKey", "kms:PutKeyPolicy",
    "kms:RetireGrant", "kms:UntagResource", "kms:UpdateKeyDescription",
)  # fmt: skip
_PUBLIC_PARAMETERS = "arn:aws:ssm:*::parameter/aws/service/*"
_VIA = [f"{service}.*.amazonaws.com" for service in ("backup", "ec2", "elasticache", "lambda", "rds", "secretsmanager")]
"""Services that try the caller's key when something is created with it (Secrets Manager User Guide, "Permissions for
the KMS key"; AWS Backup Developer Guide, "Access control"; AWS Lambda Developer Guide, "Securing environment
variables")."""
_VIA_S3 = "s3.*.amazonaws.com"  # what puts, reads or hands on release archives as the caller
_ARCHIVES = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject")
_ROLES = ("iam:DeleteRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole*")
_GRANTS = ("iam:CreateRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePolicy")
_BUCKETS_PASSED_TO = "s3.amazonaws.com"  # replication
_PATIENT_DATA = (
    "athena:*", "backup:StartRestoreJob", "cognito-idp:Admin*", "cognito-idp:ListUsers*", "ecs:ExecuteCommand",
    "elasticache:Connect", "elasticache:CopySnapshot", "elasticache:ExportServerlessCacheSnapshot",
    "logs:FilterLogEvents", "logs:GetLogEvents", "logs:GetLogRecord", "logs:GetQueryResults",
    "logs:StartLiveTail", "logs:StartQuery", "logs:Unmask", "rds-data:*", "rds-db:connect", "rds:Download*",
    "rds:ModifyDB*SnapshotAttribute", "rds:StartExportTask", "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue", "sqs:ReceiveMessage", "ssm:SendCommand", "ssm:StartSession",
    "xray:BatchGetTraces",
)  # fmt: skip
"""Ways to patient records beside objects and keys: queries, log lines, shells, shared or exported copies."""


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """What is deployed.

    features: what the stack uses; the role gets no right over anything else.
    untouchable: ARNs of what decides who may do what: the roles of CI and of emergencies, their policies, the
        permissions boundary, GitHub's identity provider.
    boundary: ARN, known in advance, of the permissions boundary every role must carry; None: none is demanded.
    recovery_region: where copies are kept, if anywhere.
    state_bucket, state_alias: bucket of the program's state, and alias of the key its secrets, and usually the bucket,
        are encrypted with.
    release_buckets: names of buckets a job may keep release archives in, without patient data.
    more_buckets, more_roles: names that do not follow the scope's pattern.
    """

    scope: Scope
    features: frozenset[Feature]
    untouchable: Sequence[str]
    boundary: str | None
    recovery_region: str | None
    state_bucket: str
    state_alias: str
    release_buckets: Sequence[str] = ()
    more_buckets: Sequence[str] = ()
    more_roles: Sequence[str] = ()


def deploy_policies(deployed: Deployed) -> dict[str, str]:
    """The policies of the deploying role, by area: each within IAM's limit (BER-IAM-07, OMN-N10, ALL-13, ALL-15).

    It may write policies of the system's other roles, within their permissions boundary, so whoever may change the
    deployed branch is trusted with what that boundary admits; it can take none of those roles itself.
    Raises ValueError when there are so many names of their own that an area does not fit.
    Source: IAM User Guide, "Policies and permissions", "Permissions boundaries"; 45 CFR 164.308(a)(4), 164.312(a)(1).
    """
    services = used(deployed.features)
    statements: dict[str, list[Statement]] = {
        LOOK: _look(deployed),
        **{area.value: _managed(deployed, [s for s in services if s.area is area]) for area in Area},
        ROLES: _roles(deployed, services),
        REFUSALS: _refused(deployed),
    }
    statements[Area.BASE.value] += [*_stores(deployed), *_state(deployed)]
    return {name: fitting(name, document(*found)) for name, found in statements.items() if found}


def preview_policies(deployed: Deployed) -> dict[str, str]:
    """The policies of the role that previews pull requests: it reads configuration and state, and writes nothing.

    A preview locks no state; an update does (Pulumi, DIY backends).
    """
    state = f"arn:aws:s3:::{deployed.state_bucket}"
    read = [
        allow("ReadState", ["s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"], [state, f"{state}/*"]),
        _open_state(deployed, ["kms:Decrypt"]),
    ]
    see = allow("SeeBuckets", ["s3:ListBucket"], _buckets(deployed))  # asked for to know that a bucket is there
    found = {LOOK: [*_look(deployed), see], "state": read, REFUSALS: _refused(deployed)}
    return {name: fitting(name, document(*statements)) for name, statements in found.items()}


def fitting(name: str, policy: str) -> str:
    """The policy, unless IAM would refuse its length. Raises ValueError."""
    length = len("".join(policy.split()))
    if length > POLICY_LIMIT:
        raise ValueError(
            f"the policy {name} of the deploying role has {length} characters, IAM takes {POLICY_LIMIT}: "
            "give fewer resources names of their own under phi-platform:naming"
        )
    return policy


def _regions(deployed: Deployed) -> list[str]:
    return sorted({deployed.scope.region} | ({deployed.recovery_region} if deployed.recovery_region else set()))


def _everywhere(deployed: Deployed) -> Mapping[str, Any]:
    return {"aws:RequestedRegion": sorted({*_regions(deployed), _GLOBAL_REGION})}


def _any_region(scope: Scope, service: str, resource: str) -> str:
    return scope.arn(service, resource, region="*")


def _look(deployed: Deployed) -> list[Statement]:
    reads = sorted({*_READ, *(action for service in used(deployed.features) for action in service.reads)})
    found = [allow("Look", reads, ["*"], StringEquals=_everywhere(deployed))]
    if Feature.FLEET in deployed.features:
        found.append(allow("LookUpImages", ["ssm:GetParameter", "ssm:GetParameters"], [_PUBLIC_PARAMETERS]))
    return found


def _managed(deployed: Deployed, services: Sequence[Service]) -> list[Statement]:
    """What the services of one area take, over generated ids by region and over names by ARN."""
    at_home = sorted({action for service in services for action in service.at_home})
    at_edge = sorted({action for service in services for action in service.at_edge})
    by_name = sorted({action for service in services for action in service.by_name})
    home: dict[str, Any] = {"aws:RequestedRegion": _regions(deployed)}
    statements: list[Statement] = []
    if at_home:
        statements.append(allow("ManageAtHome", at_home, ["*"], StringEquals=home))
    tried = sorted({action for service in services for action in service.tried})
    if tried:
        statements.append(allow("LetServicesTry", tried, ["*"], StringEquals=home, Bool={"aws:ViaAWSService": "true"}))
    if at_edge:
        statements.append(allow("ManageAtEdge", at_edge, ["*"], StringEquals=_everywhere(deployed)))
    if by_name:
        arns = sorted({arn for service in services for named in service.named for arn in _arns(deployed.scope, named)})
        statements.append(allow("ManageByName", by_name, arns, StringEquals=_everywhere(deployed)))
    return statements


def _arns(scope: Scope, named: Named) -> Iterable[str]:
    region = "" if named.everywhere else "*"
    names = scope.name_patterns(limit=named.limit) if "{name}" in named.resource else [""]
    for name in names:
        yield scope.arn(named.service, named.resource.format(name=name, system=scope.system), region=region)


def _stores(deployed: Deployed) -> list[Statement]:
    """Keys, buckets and secrets."""
    scope = deployed.scope
    of_stack = {"aws:ResourceTag/Project": scope.system, "aws:ResourceTag/Environment": scope.environment}
    keys, secrets = _any_region(scope, "kms", "key/*"), [f"secret:{name}" for name in scope.secret_patterns()]
    aliases = [f"alias/{name}" for name in scope.name_patterns()]
    found = [
        allow(
            "ManageBuckets",
            _BUCKETS,
            _buckets(deployed),
            StringEquals={"aws:RequestedRegion": _regions(deployed)},
        ),
        allow("CreateKeys", ["kms:CreateKey"], ["*"], StringEquals=_everywhere(deployed)),
        # a new key has no tags yet; one of another stack must not become this one's
        allow("TagKeys", ["kms:TagResource"], [keys], StringEqualsIfExists=of_stack),
        allow("ManageKeys", _KEYS, [keys], StringEquals=of_stack),
        allow("NameKeys", ["kms:*Alias"], [_any_region(scope, "kms", alias) for alias in aliases]),
        allow(
            "TryKeys",
            ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*"],
            [keys],
            StringEquals=of_stack,
            StringLike={"kms:ViaService": _via(deployed)},
        ),
    ]
    if Feature.SECRETS in deployed.features:
        arns = [_any_region(scope, "secretsmanager", secret) for secret in secrets]
        found.append(allow("ManageSecrets", _SECRETS, arns, StringEquals=_everywhere(deployed)))
    if Feature.DATABASE in deployed.features:  # secrets RDS itself names, when it keeps the password
        managed = [_any_region(scope, "secretsmanager", "secret:rds!*")]
        actions = ["secretsmanager:CreateSecret", "secretsmanager:RotateSecret", "secretsmanager:TagResource"]
        found.append(allow("ManagedPasswords", actions, managed, StringEquals=_everywhere(deployed)))
    if Feature.ROTATION in deployed.features:  # Secrets Manager API Reference, RotateSecret: required permissions
        found.append(allow("TryRotation", ["lambda:InvokeFunction"], [_rotation(scope)]))
    if deployed.release_buckets:
        found.append(allow("KeepReleases", _ARCHIVES, _objects(deployed.release_buckets)))
    return found


def _buckets(deployed: Deployed) -> list[str]:
    return [f"arn:aws:s3:::{name}" for name in (*deployed.scope.bucket_patterns(), *deployed.more_buckets)]


def _via(deployed: Deployed) -> list[str]:
    return [*_VIA, _VIA_S3] if deployed.release_buckets else _VIA


def _objects(buckets: Iterable[str]) -> list[str]:
    return [f"arn:aws:s3:::{name}/*" for name in buckets]


def _rotation(scope: Scope) -> str:
    """ARN of the function that rotates passwords; it answers nothing."""
    return scope.arn("lambda", f"function:{function_name(scope, ROTATION)}")


def _state(deployed: Deployed) -> list[Statement]:
    state = f"arn:aws:s3:::{deployed.state_bucket}"
    return [
        allow(
            "KeepState",
            [
                "s3:DeleteObject",
                "s3:GetBucketLocation",
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:ListBucket",
                "s3:PutObject",
            ],
            [state, f"{state}/*"],
        ),
        _open_state(deployed, ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]),
    ]


def _open_state(deployed: Deployed, actions: Sequence[str]) -> Statement:
    return allow(
        "OpenState",
        actions,
        [_any_region(deployed.scope, "kms", "key/*")],
        **{"ForAnyValue:StringEquals": {"kms:ResourceAliases": [deployed.state_alias]}},
    )


def passed_to(features: frozenset[Feature]) -> list[str]:
    """Services the roles of a stack are passed to."""
    return sorted({_BUCKETS_PASSED_TO, *(principal for service in used(features) for principal in service.passed_to)})


def linked(features: frozenset[Feature]) -> list[str]:
    """Services whose service-linked roles a new account may lack."""
    return sorted({principal for service in used(features) for principal in service.linked})


def _roles(deployed: Deployed, services: Sequence[Service]) -> list[Statement]:
    """Roles of the stack, with nothing beyond the boundary in them, passed to the services that use them."""
    scope = deployed.scope
    roles = [
        scope.arn("iam", f"role/{role}", region="") for role in (*scope.name_patterns(limit=64), *deployed.more_roles)
    ]
    bound: dict[str, Any] = {}
    grants: list[str] = [*_GRANTS]
    if deployed.boundary is not None:
        bound = {"StringEquals": {"iam:PermissionsBoundary": deployed.boundary}}
        grants.append("iam:PutRolePermissionsBoundary")
    attached = sorted({f"arn:aws:iam::aws:policy/{name}" for service in services for name in service.attached})
    found = [allow("ManageRoles", _ROLES, roles), allow("GrantWithinBoundary", grants, roles, **bound)]
    if attached:
        found.append(
            allow("AttachPolicies", ["iam:AttachRolePolicy"], roles, **bound, ArnLike={"iam:PolicyARN": attached})
        )
    found += [
        allow(
            "PassRoles",
            ["iam:PassRole"],
            roles,
            StringEquals={"iam:PassedToService": passed_to(deployed.features)},
        ),
        allow(
            "LinkServices",
            ["iam:CreateServiceLinkedRole"],
            [scope.arn("iam", "role/aws-service-role/*", region="")],
            StringEquals={"iam:AWSServiceName": linked(deployed.features)},
        ),
    ]
    return found


def _refused(deployed: Deployed) -> list[Statement]:
    """Refusals win over every permission, also over one attached later."""
    found: list[Statement] = [
        {
            "Sid": "NeverChangeItself",
            "Effect": "Deny",
            "NotAction": ["iam:Get*", "iam:List*"],
            "Resource": list(deployed.untouchable),
        },
        {"Sid": "NeverBecomeAnother", "Effect": "Deny", "Action": ["sts:AssumeRole"], "Resource": ["*"]},
        {"Sid": "NeverReadPatientData", "Effect": "Deny", "Action": list(_PATIENT_DATA), "Resource": ["*"]},
        {
            "Sid": "NeverCallFunctions",
            "Effect": "Deny",
            "Action": ["lambda:Invoke*"],
            "NotResource": [_rotation(deployed.scope)],
        },
        # snapshots stay until a person deletes them (FAC-DB-05)
        {"Sid": "NeverDeleteSnapshots", "Effect": "Deny", "Action": ["rds:DeleteDB*Snapshot"], "Resource": ["*"]},
        {
            "Sid": "NeverReadObjectsButStateAndReleases",
            "Effect": "Deny",
            "Action": ["s3:GetObject*"],
            "NotResource": _objects([deployed.state_bucket, *deployed.release_buckets]),
        },
        {
            "Sid": "NeverDecryptButState",
            "Effect": "Deny",
            "Action": ["kms:Decrypt", "kms:ReEncryptFrom"],
            "Resource": ["*"],
            "Condition": {
                "StringNotLike": {"kms:ViaService": _via(deployed)},
                "ForAllValues:StringNotEquals": {"kms:ResourceAliases": [deployed.state_alias]},
            },
        },
    ]
    if deployed.boundary is not None:
        found.append(
            {
                "Sid": "NeverUnbind",
                "Effect": "Deny",
                "Action": ["iam:DeleteRolePermissionsBoundary"],
                "Resource": ["*"],
            }
        )
    return found
