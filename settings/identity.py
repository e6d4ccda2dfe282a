"""Settings of who may deploy."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settings.base import Section


class GithubSettings(Section):
    """GitHub Actions signing in with its own short-lived tokens instead of stored keys (ALL-13)."""

    organization: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}$", examples=["clinic-example"])]
    """Organization of the repository."""
    repository: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$", examples=["infrastructure"])]
    """Repository whose workflows deploy."""
    github_environment: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")]
    """GitHub environment the deploying job runs in; its approvals guard the role."""
    create_provider: bool = True
    """Whether this stack creates GitHub's identity provider; an account has one, so a second stack says false."""


class IdentitySettings(Section):
    """Deployment from CI."""

    github: GithubSettings | None = None
    """GitHub Actions; absent: no deploy role."""
