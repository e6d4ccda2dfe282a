from __future__ import annotations

import json

from tests.localaws.case import Case, Need, Ref

SELECTORS = [{"readWriteType": "All", "includeManagementEvents": True, "dataResources": []}]
CASES = [
    Case(
        "aws:cloudtrail/trail:Trail",
        {
            "name": "clinic-staging-trail",
            "s3BucketName": Ref("bucket"),
            "enableLogging": True,
            "enableLogFileValidation": True,
            "isMultiRegionTrail": True,
            "includeGlobalServiceEvents": True,
            "eventSelectors": SELECTORS,
            "tags": {"DataClass": "internal"},
        },
        {"enableLogging": False, "tags": {"DataClass": "public"}},
        {
            "bucket": Need("aws:s3/bucket:Bucket", {"bucket": "clinic-trail-staging", "tags": {}}),
            "policy": Need(
                "aws:s3/bucketPolicy:BucketPolicy",
                {
                    "bucket": Ref("bucket"),
                    "policy": json.dumps(
                        {
                            "Version": "2012-10-17",
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "Principal": {"Service": "cloudtrail.amazonaws.com"},
                                    "Action": "s3:GetBucketAcl",
                                    "Resource": "arn:aws:s3:::clinic-trail-staging",
                                }
                            ],
                        }
                    ),
                },
            ),
        },
    )
]
