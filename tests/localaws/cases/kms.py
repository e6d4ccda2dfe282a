from __future__ import annotations

from tests.localaws.case import Case, Need, Ref

KEY = {
    "description": "clinic data",
    "enableKeyRotation": True,
    "deletionWindowInDays": 30,
    "tags": {"DataClass": "phi"},
}

CASES = [
    Case(
        "aws:kms/key:Key",
        KEY,
        {"description": "clinic records", "tags": {"DataClass": "pii"}},
        unread=("deletionWindowInDays",),
    ),
    Case(
        "aws:kms/alias:Alias",
        {"name": "alias/clinic-staging-data", "targetKeyId": Ref("key")},
        {"targetKeyId": Ref("other")},
        {"key": Need("aws:kms/key:Key", KEY), "other": Need("aws:kms/key:Key", KEY)},
    ),
]
