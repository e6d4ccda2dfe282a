from __future__ import annotations

import json

from tests.localaws.case import Case, Need, Ref

REPOSITORY = {
    "imageTagMutability": "IMMUTABLE",
    "imageScanningConfiguration": {"scanOnPush": True},
    "encryptionConfigurations": [{"encryptionType": "AES256"}],
    "forceDelete": False,
    "tags": {"DataClass": "internal"},
}


def policy(images: int) -> str:
    newest = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": images}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": newest, "action": {"type": "expire"}}]})


CASES = [
    Case(
        "aws:ecr/repository:Repository",
        {"name": "clinic-api", **REPOSITORY},
        {"imageScanningConfiguration": {"scanOnPush": False}, "tags": {"DataClass": "public"}},
    ),
    Case(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        {"repository": Ref("repository"), "policy": policy(30)},
        {"policy": policy(10)},
        {"repository": Need("aws:ecr/repository:Repository", {"name": "clinic-web", **REPOSITORY})},
    ),
]
