"""Who may deploy the stack, and who may preview it: jobs of one repository, without stored keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.boundary import boundary_arn
from components.break_glass import break_glass_name
from components.deploy_policy import Deployed, deploy_policies, preview_policies
from components.iam_documents import document
from components.scope import DataClass, Scope
from settings.features import Feature
from settings.identity import GithubSettings
from settings.recovery import StateBackendSettings, state_alias, state_bucket

GITHUB_ISSUER = "token.actions.githubusercontent.com"
_SESSION_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class DeployRolesArgs:
    """Inputs of `DeployRoles`.

    features: what the stack uses (`settings.features.features`); the roles get no right over anything else.
    bounded: whether the roles of the stack carry the permissions boundary, which the role must then set.
    release_buckets: names of buckets the deploying job may keep release archives in, without patient data.
    recovery_region: where copies are kept, if anywhere.
    state_backend: the state's buckets and role, when this stack makes them; None: the state is in the bucket that
    `phi backend create` makes, as it makes the key of the state's secrets either way.
    """

    scope: Scope
    settings: GithubSettings
    features: frozenset[Feature]
    bounded: bool = True
    release_buckets: Sequence[str] = field(default_factory=tuple[str, ...])
    recovery_region: str | None = None
    state_backend: StateBackendSettings | None = None


class DeployRoles(pulumi.ComponentResource):
    """The role a GitHub Actions job takes to deploy this stack, and the one pull requests preview it with.

    The first manages what the program declares, in the stack's regions and the global one, reads no patient data, and
    cannot change itself: an administrator deploys a change of these roles (`--target` their URNs), of their policies,
    of the permissions boundary or of GitHub's provider. The second reads configuration and state.
    Raises ValueError when a policy would not fit into IAM's limits.
    Source: IAM User Guide, "Create a role for OpenID Connect federation", "Available keys for AWS OIDC federation";
    BER-IAM-07, FAC-IAM-05, FAC-N06, OMN-IAM-10, OMN-IAM-11, OMN-N10, ALL-13; 45 CFR 164.308(a)(4), 164.312(d).
    """

    arn: pulumi.Output[str]
    preview_arn: pulumi.Output[str] | None  # None when pull requests preview nothing

    def __init__(self, name: str, args: DeployRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("phi-platform:deploy:DeployRoles", name, {}, opts)
        from pulumi_aws import iam

        self._name, self._args = name, args
        scope, settings = args.scope, args.settings
        provider = scope.arn("iam", f"oidc-provider/{GITHUB_ISSUER}", region="")
        self._needs: list[pulumi.Resource] = []
        if settings.create_provider:
            self._needs.append(
                iam.OpenIdConnectProvider(
                    f"{name}-github",
                    url=f"https://{GITHUB_ISSUER}",
                    client_id_lists=["sts.amazonaws.com"],
                    tags=scope.tagged(DataClass.INTERNAL, GITHUB_ISSUER),
                    opts=pulumi.ResourceOptions(parent=self),
                )
            )
        deployed = _deployed(args, provider)
        self.arn = self._role(
            "deploy",
            "Deploys this stack from GitHub Actions",
            _trust(provider, _deploying(settings)),
            deploy_policies(deployed),
        )
        self.preview_arn = None
        if settings.preview:
            self.preview_arn = self._role(
                "preview",
                "Previews pull requests to this stack and its drift, and writes nothing",
                _trust(provider, {"sub": _previewing(settings)}),
                preview_policies(deployed),
            )
        self.register_outputs({"arn": self.arn})

    def _role(self, role: str, description: str, trusted: str, policies: Mapping[str, str]) -> pulumi.Output[str]:
        """A role with one managed policy per area; its ARN is known to dependants once all are attached."""
        from pulumi_aws import iam

        scope, child = self._args.scope, pulumi.ResourceOptions(parent=self)
        physical = scope.name(role, limit=64)
        made = iam.Role(
            f"{self._name}-{role}",
            name=physical,
            description=description,
            assume_role_policy=trusted,
            max_session_duration=_SESSION_SECONDS,
            tags=scope.tagged(DataClass.INTERNAL, physical),
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._needs),
        )
        attached: list[pulumi.Output[str]] = []
        for area, text in policies.items():
            policy_name = scope.name(f"{role}-{area}", limit=128)
            policy = iam.Policy(
                f"{self._name}-{role}-{area}",
                name=policy_name,
                description=f"{description}: {area}",
                policy=text,
                tags=scope.tagged(DataClass.INTERNAL, policy_name),
                opts=child,
            )
            attachment = iam.RolePolicyAttachment(
                f"{self._name}-{role}-{area}", role=made.name, policy_arn=policy.arn, opts=child
            )
            attached.append(attachment.id)
        return pulumi.Output.all(made.arn, *attached).apply(lambda parts: str(parts[0]))


def _deployed(args: DeployRolesArgs, provider: str) -> Deployed:
    scope, state = args.scope, args.state_backend
    roles = [scope.name(role, limit=64) for role in ("deploy", "preview")]
    policies = [scope.name(f"{role}-*", limit=128) for role in ("deploy", "preview")]
    return Deployed(
        scope=scope,
        features=args.features,
        untouchable=[
            *(scope.arn("iam", f"role/{role}", region="") for role in (*roles, break_glass_name(scope))),
            *(scope.arn("iam", f"policy/{policy}", region="") for policy in policies),
            boundary_arn(scope),
            provider,
        ],
        boundary=boundary_arn(scope) if args.bounded else None,
        recovery_region=args.recovery_region,
        state_bucket=state_bucket(scope.system, scope.account_id) if state is None else state.bucket,
        state_alias=state_alias(scope.system),
        release_buckets=args.release_buckets,
        more_buckets=() if state is None else (state.bucket, state.replica_bucket),
        more_roles=() if state is None else (state.role_name,),
    )


def _repository(settings: GithubSettings) -> str:
    return f"repo:{settings.organization}/{settings.repository}"


def _deploying(settings: GithubSettings) -> dict[str, str]:
    """Claims of the deploying job: its environment, and the branch it runs on."""
    branch = None if settings.branch is None else f"refs/heads/{settings.branch}"
    if settings.github_environment is None:
        return {"sub": f"{_repository(settings)}:ref:{branch}"}
    claims = {"sub": f"{_repository(settings)}:environment:{settings.github_environment}"}
    return claims if branch is None else {**claims, "ref": branch}


def _previewing(settings: GithubSettings) -> str | list[str]:
    """Jobs that preview: of pull requests, and of the deploying branch, which show what approval is asked for."""
    pull_request = f"{_repository(settings)}:pull_request"
    if settings.branch is None:
        return pull_request
    return [pull_request, f"{_repository(settings)}:ref:refs/heads/{settings.branch}"]


def _trust(provider: str, claims: Mapping[str, str | list[str]]) -> str:
    wanted: dict[str, Any] = {f"{GITHUB_ISSUER}:{name}": value for name, value in claims.items()}
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{GITHUB_ISSUER}:aud": "sts.amazonaws.com", **wanted}},
        }
    )
