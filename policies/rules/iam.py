"""AWS IAM: least privilege in every document, no people and no keys in the account, bounded trust."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from ..conditions import computed_from
from ..config import Config
from ..documents import allows, bounded, conditions, everyone, statements, values
from ..expect import SET, at_most
from ..graph import Resource, Stack
from ..rule import CRITICAL, HIGH, LOW, MEDIUM, Finding, linked_rule, requires, resource_rule, stack_rule
from ..values import View

ROLE = "aws:iam/role:Role"
USER = "aws:iam/user:User"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
POLICY = "aws:iam/policy:Policy"
POLICIES = (
    POLICY,
    ROLE_POLICY,
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)
ATTACHMENTS = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
)
PROVIDERS = ("aws:iam/samlProvider:SamlProvider", "aws:iam/openIdConnectProvider:OpenIdConnectProvider")
GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
BEST_PRACTICES = GUIDE + "best-practices.html"
SESSION_SECONDS = 3600


def rights(resource: Resource) -> Iterator[View]:
    """Statements of a policy that give rights and are not only what its resources or conditions bound them to."""
    return (each for each in statements(resource, "policy") if allows(each))


def actions(statement: View) -> list[str]:
    """Actions of a statement in lower case."""
    return [action.lower() for action in values(statement, "Action")]


_EVERYTHING = re.compile(r"\*+|arn:[^:]*:([^:]*):[^:]*:(?::|[^:]+:(?:[a-z-]+[/:])?)\*(?:/\*)*")
"""`*`, and what is all of a service or of one type in it: `arn:aws:s3:::*/*`, `arn:aws:kms:*:*:key/*`."""
_UNBINDING = frozenset({"aws:securetransport", "s3:tlsversion", "aws:currenttime", "aws:epochtime"})
"""Condition keys that say how or when, never who or what."""
_OF_OTHERS = {
    "rds-data:ExecuteStatement": "rds", "ssm:SendCommand": "ec2", "ssm:StartSession": "ec2",
    "backup:StartRestoreJob": "*",  # recovery points are named by AWS, in the service of what they were made of
}  # fmt: skip
"""Action → the service of what it is done to, where that is another than its own."""


def everywhere(statement: View) -> set[str]:
    """Services of which a statement names every resource, `*` for all; none where a condition says which or whose."""
    if any(key not in _UNBINDING for _, key, _ in conditions(statement)):
        return set()
    return {match[1] or "*" for each in values(statement, "Resource") if (match := _EVERYTHING.fullmatch(each))}


def covers(statement: View, *wanted: str) -> list[str]:
    """Which of these actions a statement gives on every resource."""
    services, patterns = everywhere(statement), actions(statement)
    if not services:
        return []
    about = [action for action in wanted if services & {"*", _OF_OTHERS.get(action, action.split(":")[0])}]
    return [action for action in about if any(fnmatchcase(action.lower(), pattern) for pattern in patterns)]


def all_of_all(statement: View) -> bool:
    """Whether a statement is about every action on every resource."""
    return bool({"*", "*:*"} & set(actions(statement))) and "*" in values(statement, "Resource")


def wide(resource: Resource, *wanted: str) -> Iterator[tuple[View, list[str]]]:
    """Statements that give some of these actions on every resource, but not all of all, which `no_admin` is about."""
    for each in rights(resource):
        found = [] if all_of_all(each) else covers(each, *wanted)
        if found:
            yield each, found


def given_everywhere(resource: Resource, *wanted: str) -> Iterator[str]:
    """What `wide` finds, in words."""
    for each, found in wide(resource, *wanted):
        yield f"{each.path} gives {', '.join(found[:3])}{' and more' if len(found) > 3 else ''} on every resource."


@resource_rule(
    "iam-no-admin-statements",
    types=POLICIES,
    title="No policy gives everything on everything",
    severity=CRITICAL,
    remedy="Name the actions and the resources.",
    url=BEST_PRACTICES + "#grant-least-privilege",
)
def no_admin(resource: Resource, config: Config) -> Iterator[str]:
    for each in rights(resource):
        if all_of_all(each):
            yield f"{each.path} gives every action on every resource."


@resource_rule(
    "iam-no-full-service-access",
    types=POLICIES,
    title="No policy gives a whole service on everything",
    severity=HIGH,
    remedy="Name the actions, or the resources.",
    url=BEST_PRACTICES + "#grant-least-privilege",
)
def no_full_service(resource: Resource, config: Config) -> Iterator[str]:
    for each in rights(resource):
        services = everywhere(each)
        given = [name for name in actions(each) if name == "*" or name.endswith(":*")]
        whole = sorted(name for name in given if name == "*" or services & {"*", name[:-2]})
        if services and whole and not all_of_all(each):
            yield f"{each.path} gives {', '.join(whole)} on every resource."


@resource_rule(
    "iam-no-broad-kms-actions",
    types=POLICIES,
    title="Rights to decrypt name their keys",
    severity=HIGH,
    remedy="Name the keys in Resource, or bind the statement by kms:ViaService and kms:ResourceAliases.",
    url="https://docs.aws.amazon.com/kms/latest/developerguide/iam-policies-best-practices.html",
)
def no_broad_kms(resource: Resource, config: Config) -> Iterator[str]:
    for each, found in wide(resource, "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"):
        yield f"{each.path} gives {', '.join(found)} on every key."


AUDIT_ACTIONS = (
    "cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail", "cloudtrail:PutEventSelectors",
    "cloudtrail:DeleteEventDataStore", "config:StopConfigurationRecorder", "config:DeleteConfigurationRecorder",
    "config:DeleteDeliveryChannel", "guardduty:DeleteDetector", "guardduty:UpdateDetector",
    "guardduty:DisassociateFromMasterAccount", "logs:DeleteLogGroup", "logs:PutRetentionPolicy",
    "logs:DeleteLogStream", "backup:DeleteBackupVaultLockConfiguration", "backup:DeleteRecoveryPoint",
    "securityhub:DisableSecurityHub", "ec2:DeleteFlowLogs", "macie2:DisableMacie",
    "access-analyzer:DeleteAnalyzer",
)  # fmt: skip


@resource_rule(
    "iam-no-audit-tampering",
    types=POLICIES,
    title="Nobody who works here can stop or erase the audit",
    severity=HIGH,
    remedy="Remove the actions, or name the resources they are for; deny them to everyone but the audit role.",
    url="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html",
)
def no_audit_tampering(resource: Resource, config: Config) -> Iterator[str]:
    yield from given_everywhere(resource, *AUDIT_ACTIONS)


READS = (
    "s3:GetObject", "dynamodb:Scan", "dynamodb:Query", "dynamodb:GetItem", "dynamodb:BatchGetItem",
    "dynamodb:ExportTableToPointInTime", "rds-data:ExecuteStatement", "rds:StartExportTask",
    "secretsmanager:GetSecretValue", "ssm:GetParameter", "ssm:GetParametersByPath", "sqs:ReceiveMessage",
    "kinesis:GetRecords", "es:ESHttpGet", "logs:GetLogEvents", "logs:StartQuery", "backup:StartRestoreJob",
)  # fmt: skip


@resource_rule(
    "iam-no-phi-data-wildcard",
    types=POLICIES,
    title="Rights to read data name what they read",
    severity=HIGH,
    remedy="Name the buckets, tables, secrets and groups in Resource.",
    url=BEST_PRACTICES + "#grant-least-privilege",
)
def no_data_wildcard(resource: Resource, config: Config) -> Iterator[str]:
    yield from given_everywhere(resource, *READS)


WRITES = (
    "s3:PutObject", "s3:DeleteObject", "s3:PutBucketPolicy", "dynamodb:PutItem", "dynamodb:DeleteTable",
    "rds:DeleteDBInstance", "rds:ModifyDBInstance", "ec2:AuthorizeSecurityGroupIngress", "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:CreateRole",
    "secretsmanager:PutSecretValue", "secretsmanager:PutResourcePolicy", "lambda:AddPermission",
    "sns:AddPermission", "sqs:AddPermission", "ecr:SetRepositoryPolicy", "ram:CreateResourceShare",
    "organizations:LeaveOrganization",
)  # fmt: skip


@resource_rule(
    "iam-no-write-or-permission-wildcard",
    types=POLICIES,
    title="Rights to change data or permissions name what they change",
    severity=MEDIUM,
    remedy="Name the resources, or bind the statement by a condition.",
    url=BEST_PRACTICES + "#grant-least-privilege",
)
def no_write_wildcard(resource: Resource, config: Config) -> Iterator[str]:
    yield from given_everywhere(resource, *WRITES)


ESCALATIONS = (
    ("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"), ("iam:PassRole", "ec2:RunInstances"),
    ("iam:PassRole", "ecs:RunTask"), ("iam:PassRole", "glue:CreateDevEndpoint"), ("iam:PassRole", "glue:CreateJob"),
    ("iam:PassRole", "cloudformation:CreateStack"), ("iam:PassRole", "datapipeline:CreatePipeline"),
    ("iam:PassRole", "sagemaker:CreateNotebookInstance"), ("iam:PassRole", "codebuild:CreateProject"),
    ("iam:CreatePolicyVersion",), ("iam:SetDefaultPolicyVersion",), ("iam:CreateAccessKey",),
    ("iam:CreateLoginProfile",), ("iam:UpdateLoginProfile",), ("iam:AttachUserPolicy",), ("iam:AttachGroupPolicy",),
    ("iam:AttachRolePolicy",), ("iam:PutUserPolicy",), ("iam:PutGroupPolicy",), ("iam:PutRolePolicy",),
    ("iam:AddUserToGroup",), ("iam:UpdateAssumeRolePolicy",), ("lambda:UpdateFunctionCode",),
    ("ssm:SendCommand",), ("ssm:StartSession",),
)  # fmt: skip
"""Sets of actions that, on any resource, let a principal take rights it was not given."""
_ESCALATING = sorted({action for wanted in ESCALATIONS for action in wanted})


@resource_rule(
    "iam-no-privilege-escalation",
    types=POLICIES,
    title="No policy lets its holder take more rights",
    severity=CRITICAL,
    remedy="Name the roles, users and functions in Resource, and require a permissions boundary by a condition.",
    url=GUIDE + "access_policies_boundaries.html",
)
def no_escalation(resource: Resource, config: Config) -> Iterator[str]:
    given = {action for _, found in wide(resource, *_ESCALATING) for action in found}
    for wanted in ESCALATIONS:
        if given.issuperset(wanted):
            yield f"policy gives {' and '.join(wanted)} on every resource."
            return


@resource_rule(
    "iam-no-allow-not-action",
    types=POLICIES,
    title="Rights are said, not everything but a list",
    severity=HIGH,
    remedy="Replace NotAction and NotResource by Action and Resource.",
    url=GUIDE + "reference_policies_elements_notaction.html",
)
def no_not_action(resource: Resource, config: Config) -> Iterator[str]:
    for each in rights(resource):
        for name in ("NotAction", "NotResource"):
            if each.has(name):
                yield f"{each.where(name)} gives all that it does not name."


@resource_rule(
    "iam-no-inline-policies",
    types=(ROLE_POLICY, "aws:iam/userPolicy:UserPolicy", "aws:iam/groupPolicy:GroupPolicy"),
    title="Policies are managed, with versions",
    severity=LOW,
    remedy="Use a Policy and an attachment.",
    url=GUIDE + "access_policies_managed-vs-inline.html",
)
def no_inline(resource: Resource, config: Config) -> Iterator[str]:
    yield "is an inline policy."


@resource_rule(
    "iam-users-have-no-policies",
    types=(
        "aws:iam/userPolicy:UserPolicy",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
        "aws:iam/policyAttachment:PolicyAttachment",
    ),
    title="Nobody has rights of their own",
    severity=HIGH,
    remedy="Give the rights to a role that people assume.",
    url=BEST_PRACTICES,
)
def users_no_policies(resource: Resource, config: Config) -> Iterator[str]:
    if not resource.type.endswith(":PolicyAttachment") or resource.has("users"):
        yield "binds a policy to a user."


@resource_rule(
    "iam-users-forbidden",
    types=(USER, "aws:iam/userLoginProfile:UserLoginProfile"),
    title="There are no IAM users",
    severity=HIGH,
    remedy="Let people federate (IAM Identity Center, SAML) and workloads assume roles.",
    url=BEST_PRACTICES + "#bp-users-federation-idp",
)
def users_forbidden(resource: Resource, config: Config) -> Iterator[str]:
    yield "is a user of the account itself."


@resource_rule(
    "iam-access-keys-forbidden",
    types=("aws:iam/accessKey:AccessKey", "aws:iam/serviceSpecificCredential:ServiceSpecificCredential"),
    title="There are no long-lived keys",
    severity=CRITICAL,
    remedy="Use a role; from outside AWS, OpenID Connect or IAM Roles Anywhere.",
    url=BEST_PRACTICES + "#bp-workloads-use-roles",
)
def keys_forbidden(resource: Resource, config: Config) -> Iterator[str]:
    yield "is a key without an end."


@stack_rule(
    "iam-users-in-groups",
    title="Users that are excepted have their rights by groups",
    severity=LOW,
    remedy="Add a UserGroupMembership.",
    url=GUIDE + "id_groups.html",
)
def users_in_groups(stack: Stack, config: Config) -> Iterator[Finding]:
    membership = "aws:iam/userGroupMembership:UserGroupMembership"
    for user in stack.of(USER):
        found = stack.users(user, membership, property="user")
        found += stack.users(user, "aws:iam/groupMembership:GroupMembership", property="users")
        if not found:
            yield Finding(user, "is in no group.")


_ADMIN_POLICIES = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess")


@resource_rule(
    "iam-no-admin-managed-policies",
    types=ATTACHMENTS,
    title="No policy of AWS that gives everything is attached",
    severity=CRITICAL,
    remedy="Write a policy with the actions that are needed.",
    url=GUIDE + "access_policies_job-functions.html",
    settled=computed_from("policyArn", POLICY),
)
def no_admin_managed(resource: Resource, config: Config) -> Iterator[str]:
    arn = resource.text("policyArn") or ""
    name = arn.rpartition("/")[2]
    if arn.startswith("arn:aws:iam::aws:policy/") and (name in _ADMIN_POLICIES or name.endswith("FullAccess")):
        yield f"{resource.where('policyArn')}: {name} gives far more than a system needs."


# Trust


def trust(resource: Resource) -> list[View]:
    """Statements of a role's trust that let somebody assume it."""
    return [each for each in statements(resource, "assumeRolePolicy") if allows(each)]


def account_of(principal: str) -> str:
    """The account of an AWS principal: an ARN, or the twelve digits."""
    if principal.isdigit():
        return principal
    parts = principal.split(":")
    return parts[4] if len(parts) > 5 else ""


def own_accounts(stack: Stack, config: Config) -> set[str]:
    """Accounts of the organization: configured, pinned on providers, else the one that ARNs of the stack name most."""
    if "accounts" not in stack.notes:
        stack.notes["accounts"] = _accounts(stack, config)
    found: set[str] = stack.notes["accounts"]
    return found


def _accounts(stack: Stack, config: Config) -> set[str]:
    found = set(config.accounts | config.trusted_accounts)
    counts: dict[str, int] = {}
    for each in stack.resources:
        for value in each.properties.values():
            if isinstance(value, str) and value.startswith("arn:") and value.count(":") > 4:
                account = value.split(":")[4]
                if account.isdigit():
                    counts[account] = counts.get(account, 0) + 1
    if not config.accounts and counts:
        found.add(max(counts, key=lambda account: counts[account]))
    return found


@resource_rule(
    "iam-trust-not-wildcard",
    types=ROLE,
    title="Roles name who may assume them",
    severity=CRITICAL,
    remedy="Name the principal in assumeRolePolicy.",
    url=GUIDE + "id_roles_create_for-custom.html",
)
def trust_not_wildcard(resource: Resource, config: Config) -> Iterator[str]:
    for each in trust(resource):
        if everyone(each) and not bounded(each):
            yield f"{each.path} lets anyone assume the role."
        if any("*" in service for service in values(each, "Principal", "Service")):
            yield f"{each.path} trusts a whole family of services."


@linked_rule(
    "iam-trust-external-bound",
    types=ROLE,
    title="Foreign accounts assume roles by an external id, and are trusted",
    severity=HIGH,
    remedy="Add the account to trustedAccounts, and a condition on sts:ExternalId.",
    url=GUIDE + "id_roles_common-scenarios_third-party.html",
)
def trust_external(role: Resource, stack: Stack, config: Config) -> Iterator[str | Finding]:
    own = own_accounts(stack, config)
    for each in trust(role):
        foreign = [account_of(one) for one in values(each, "Principal", "AWS") if account_of(one)]
        strangers = [account for account in foreign if account not in own]
        if strangers and own:
            yield f"{each.path} trusts an account that is not a trusted one."
        partners = [account for account in foreign if account in config.trusted_accounts - config.accounts]
        keys = {key for _, key, _ in conditions(each)}
        if partners and not keys & {"sts:externalid", "aws:principalorgid"}:
            yield f"{each.path} trusts another account without a condition on sts:ExternalId."


@resource_rule(
    "iam-oidc-claims-bound",
    types=(ROLE, "aws:iam/openIdConnectProvider:OpenIdConnectProvider"),
    title="Federated trust names audience and subject",
    severity=CRITICAL,
    remedy="Add StringEquals conditions on the provider's aud and sub, without a wildcard for the repository or pool.",
    url=GUIDE + "id_roles_create_for-idp_oidc.html",
)
def oidc_bound(resource: Resource, config: Config) -> Iterator[str]:
    if resource.type != ROLE:
        if not resource.texts("clientIdLists") or "*" in resource.texts("clientIdLists"):
            yield "clientIdLists must name the audience."
        return
    for each in trust(resource):
        if "sts:assumerolewithwebidentity" not in actions(each):
            continue
        found = {key.rpartition(":")[2]: texts for _, key, texts in conditions(each)}
        for claim in ("aud", "sub"):
            texts = found.get(claim)
            if texts is None and claim == "sub" and "amr" in found:
                continue
            if not texts or any(_of_many(text) for text in texts):
                yield f"{each.path} has no exact condition on {claim}."


_OWNERS = ("repo:", "project_path:", "system:serviceaccount:")
"""What subjects of GitHub, GitLab and Kubernetes begin with, before the repository, the project, the namespace."""


def _of_many(claim: str) -> bool:
    """Whether a claim leaves open whose it is: `*`, `repo:owner/*`, `system:serviceaccount:*:name`."""
    named = next((claim.removeprefix(prefix).split(":")[0] for prefix in _OWNERS if claim.startswith(prefix)), "")
    return claim.startswith("*") or "*" in named or "?" in named


@resource_rule(
    "iam-confused-deputy",
    types=ROLE,
    title="Services assume roles for this account only",
    severity=LOW,
    remedy="Add a condition on aws:SourceAccount or aws:SourceArn.",
    url=GUIDE + "confused-deputy.html",
)
def confused_deputy(resource: Resource, config: Config) -> Iterator[str]:
    local = ("ec2.amazonaws.com", "lambda.amazonaws.com", "edgelambda.amazonaws.com")
    for each in trust(resource):
        services = [one for one in values(each, "Principal", "Service") if one not in local]
        if services and not bounded(each):
            yield f"{each.path}: {services[0]} may act for any account."


boundary = requires(
    "iam-permissions-boundary",
    (ROLE, USER),
    {"permissionsBoundary": SET},
    title="Roles of workloads have a permissions boundary",
    severity=LOW,
    url=GUIDE + "access_policies_boundaries.html",
)
session_length = requires(
    "iam-session-length",
    ROLE,
    {"maxSessionDuration": at_most(SESSION_SECONDS, absent=SESSION_SECONDS)},
    title="Sessions of roles end after an hour",
    severity=LOW,
    url=GUIDE + "id_roles_manage_roles-view.html",
)


def _asks_second_factor(role: Resource) -> bool:
    return any("aws:multifactorauthpresent" in {key for _, key, _ in conditions(each)} for each in trust(role))


@stack_rule(
    "iam-break-glass-role",
    title="There is a role for emergencies, and using it raises an alarm",
    severity=MEDIUM,
    remedy="Add a role for emergencies that asks for MFA, lasts an hour at most, and an alarm on its use.",
    url="https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/sec_permissions_emergency_process.html",
)
def break_glass(stack: Stack, config: Config) -> Iterator[Finding]:
    names = ("break-glass", "breakglass", "emergency")
    found = [each for each in stack.of(ROLE) if any(name in each.name.lower() for name in names)]
    if config.baseline and not found:
        yield Finding(stack.root, "no role for emergencies (named break-glass or emergency).")
    for role in found:
        if not _asks_second_factor(role):
            yield Finding(role, "assumeRolePolicy asks for no second factor (aws:MultiFactorAuthPresent).")


@resource_rule(
    "iam-phi-roles-need-mfa",
    types=ROLE,
    title="People who can read patient data show a second factor",
    severity=MEDIUM,
    remedy="Add a condition on aws:MultiFactorAuthPresent to the trust of roles that people assume.",
    url=GUIDE + "id_credentials_mfa_configure-api-require.html",
)
def roles_need_mfa(resource: Resource, config: Config) -> Iterator[str]:
    if resource.tags().get(config.data_class_tag) != "phi":
        return
    people = [
        each for each in trust(resource) if any(one.endswith(":root") for one in values(each, "Principal", "AWS"))
    ]
    if people and not _asks_second_factor(resource):
        yield "assumeRolePolicy lets people in without a second factor."


# The account


@stack_rule(
    "iam-password-policy",
    title="Passwords of the account are long and change",
    severity=MEDIUM,
    remedy="Add AccountPasswordPolicy: 14 characters or more, every kind, 24 remembered, 90 days at most.",
    url=GUIDE + "id_credentials_passwords_account-policy.html",
)
def password_policy(stack: Stack, config: Config) -> Iterator[Finding]:
    found = stack.of("aws:iam/accountPasswordPolicy:AccountPasswordPolicy")
    if config.baseline and not found:
        yield Finding(stack.root, "no AccountPasswordPolicy.")
    for each in found:
        if (each.number("minimumPasswordLength") or 0) < 14:
            yield Finding(each, "minimumPasswordLength must be 14 or more.")
        for kind in ("Lowercase", "Uppercase"):
            if each.flag(f"require{kind}Characters") is not True:
                yield Finding(each, f"require{kind}Characters must be true.")
        for name in ("requireNumbers", "requireSymbols"):
            if each.flag(name) is not True:
                yield Finding(each, f"{name} must be true.")
        if (each.number("passwordReusePrevention") or 0) < 24:
            yield Finding(each, "passwordReusePrevention must be 24.")
        if not 0 < (each.number("maxPasswordAge") or 0) <= 90:
            yield Finding(each, "maxPasswordAge must be 1 to 90 days.")


@resource_rule(
    "iam-region-deny",
    types="aws:organizations/policy:Policy",
    title="The organization denies regions outside the jurisdiction",
    severity=MEDIUM,
    remedy="Add a Deny on aws:RequestedRegion with StringNotEquals to the jurisdiction's regions.",
    url="https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html",
)
def region_deny(resource: Resource, config: Config) -> Iterator[str]:
    if resource.text("type") not in (None, "SERVICE_CONTROL_POLICY"):
        return
    for each in statements(resource, "content"):
        for operator, key, regions in conditions(each):
            if key == "aws:requestedregion" and operator.startswith("stringnot"):
                abroad = sorted(set(regions) - config.regions)
                if abroad:
                    yield f"content: {', '.join(abroad)} is let through and is outside the jurisdiction."
                return
    yield "content denies no region."


@stack_rule(
    "iam-access-analyzer",
    title="The account looks for access from outside",
    severity=LOW,
    remedy="Add an Analyzer of type ACCOUNT or ORGANIZATION.",
    url=GUIDE + "what-is-access-analyzer.html",
)
def access_analyzer(stack: Stack, config: Config) -> Iterator[Finding]:
    if config.baseline and not stack.of("aws:accessanalyzer/analyzer:Analyzer"):
        yield Finding(stack.root, "no Analyzer.")


@stack_rule(
    "iam-audit-roles-present",
    title="Auditors and AWS Support have roles of their own",
    severity=LOW,
    remedy="Add a role with SecurityAudit and one with AWSSupportAccess.",
    url=GUIDE + "access_policies_job-functions.html",
)
def audit_roles(stack: Stack, config: Config) -> Iterator[Finding]:
    if not config.baseline:
        return
    attached = {str(each.properties.get("policyArn")).rpartition("/")[2] for each in stack.of(*ATTACHMENTS)}
    for name in ("SecurityAudit", "AWSSupportAccess"):
        if name not in attached:
            yield Finding(stack.root, f"no role with {name}.")


@resource_rule(
    "iam-no-marketplace-subscribe",
    types=POLICIES,
    title="Buying software is for those who buy",
    severity=LOW,
    remedy="Remove aws-marketplace:Subscribe.",
    url="https://docs.aws.amazon.com/marketplace/latest/buyerguide/buyer-iam-users-groups-policies.html",
)
def no_marketplace(resource: Resource, config: Config) -> Iterator[str]:
    for each, _ in wide(resource, "aws-marketplace:Subscribe"):
        yield f"{each.path} gives aws-marketplace:Subscribe."


@stack_rule(
    "iam-federation-present",
    title="People come from the organization's directory",
    severity=LOW,
    remedy="Add a SamlProvider or an OpenIdConnectProvider, or use IAM Identity Center.",
    url=GUIDE + "id_roles_providers.html",
)
def federation(stack: Stack, config: Config) -> Iterator[Finding]:
    if config.baseline and not stack.of(*PROVIDERS):
        yield Finding(stack.root, "no provider of identities.")
