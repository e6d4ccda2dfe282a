"""The scope most component tests use."""

from __future__ import annotations

from components.scope import Scope
from settings.naming import NamingSettings

ACCOUNT_ID = "111122223333"
KEY_ARN = f"arn:aws:kms:ca-central-1:{ACCOUNT_ID}:key/home"
RECOVERY_KEY_ARN = f"arn:aws:kms:ca-west-1:{ACCOUNT_ID}:key/recovery"
EDGE_KEY_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT_ID}:key/edge"


def scope(*, protect: bool = False, naming: NamingSettings | None = None) -> Scope:
    """BerthCare's staging environment in Canada."""
    return Scope(
        system="berthcare",
        environment="staging",
        region="ca-central-1",
        account_id=ACCOUNT_ID,
        protect=protect,
        tags={"Project": "berthcare"},
        naming=naming or NamingSettings(),
    )
