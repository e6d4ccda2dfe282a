from __future__ import annotations

import json

from tests.localaws.case import Case, Need, Ref

QUEUE = {"messageRetentionSeconds": 1_209_600, "kmsMasterKeyId": "alias/clinic", "tags": {"DataClass": "phi"}}


def policy(sid: str) -> str:
    statement = {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "sqs:*",
        "Resource": "arn:aws:sqs:ca-central-1:123456789012:clinic-staging-failures",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


CASES = [
    Case(
        "aws:sqs/queue:Queue",
        {"name": "clinic-failures", **QUEUE},
        {"messageRetentionSeconds": 86_400, "tags": {"DataClass": "internal"}},
    ),
    Case(
        "aws:sqs/queuePolicy:QueuePolicy",
        {"queueUrl": Ref("queue"), "policy": policy("TlsOnly")},
        {"policy": policy("OnlyTls")},
        {"queue": Need("aws:sqs/queue:Queue", {"name": "clinic-staging-failures", **QUEUE})},
    ),
]
