"""Settings of who may do what: the limits of every role, deployment from CI, access in an emergency."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.base import Section

PrincipalArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws:iam::[0-9]{12}:(user|role)/[A-Za-z0-9+=,.@/_-]+$",
        max_length=576,
        examples=["arn:aws:iam::111122223333:user/on-call"],
    ),
]
"""ARN of one IAM user or role."""


class GithubSettings(Section):
    """GitHub Actions signing in with its own short-lived tokens, without stored keys (ALL-13, FAC-N06, OMN-IAM-10)."""

    organization: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}$", examples=["clinic-example"])]
    """Organization of the repository."""
    repository: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$", examples=["infrastructure"])]
    """Repository whose workflows deploy."""
    github_environment: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")] | None = None
    """GitHub environment the deploying job runs in; its approvals guard the role (OMN-OPS-02). Absent: any job of
    `branch`."""
    branch: (
        Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$", max_length=255, examples=["main"])] | None
    ) = None
    """Branch the deploying workflow runs on (FAC-N06: `main`). Absent: any branch `github_environment` admits."""
    preview: bool = False
    """Whether pull requests of the repository, and jobs on `branch` for approvals and nightly drift, may preview the
    stack, with a role that reads configuration and state and writes nothing (OMN-OPS-01). It decrypts the state's
    secrets, so only people who may push can be trusted."""
    release_buckets: tuple[str, ...] = ()
    """Purposes of buckets the job puts release archives into, and reads functions' packages from (FAC-STO-03,
    FAC-OPS-02)."""
    create_provider: bool = True
    """Whether this stack creates GitHub's identity provider; an account has one, so a second stack says false."""

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.github_environment is None and self.branch is None:
            raise ValueError("github_environment: expected an environment, or a branch, that guards the role")
        return self


class BreakGlassSettings(Section):
    """A role for emergencies: reads patient data and restores, never used otherwise (45 CFR 164.312(a)(2)(ii))."""

    principals: Annotated[tuple[PrincipalArn, ...], Field(min_length=1, max_length=20)]
    """Users and roles that may take it, after signing in with a second factor."""
    mfa_minutes: Annotated[int, Field(ge=1, le=60)] = 15
    """Minutes since the second factor was shown."""


class IdentitySettings(Section):
    """Who may do what."""

    boundary: bool = True
    """Whether every role the program creates carries a permissions boundary, which CI cannot lift (OMN-N10)."""
    github: GithubSettings | None = None
    """GitHub Actions; absent: no deploy role."""
    break_glass: BreakGlassSettings | None = None
    """Access in an emergency; absent: no such role."""
