"""S3: buckets and the resources that hang on one bucket."""

from __future__ import annotations

from typing import Any, ClassVar

from botocore.exceptions import ClientError

from localaws.emulated import Emulated, refuse
from localaws.handler import Call, Handler, Props, register
from localaws.shapes import camel, from_tags, pascal, to_tags


@register
class Bucket(Handler):
    """A bucket; everything else about it is a resource of its own."""

    type = "aws:s3/bucket:Bucket"
    inputs = frozenset({"bucket", "forceDestroy", "objectLockEnabled", "tags"})
    replace_on = frozenset({"bucket", "objectLockEnabled"})
    autoname = "bucket"
    cloudformation = "AWS::S3::Bucket"
    renames: ClassVar[dict[str, str]] = {"bucket": "BucketName", "tags": "-"}

    def create(self, call: Call, inputs: Props) -> str:
        name = inputs["bucket"]
        location = (
            {} if call.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": call.region}}
        )
        call.client("s3").create_bucket(
            Bucket=name, ObjectLockEnabledForBucket=bool(inputs.get("objectLockEnabled")), **location
        )
        if inputs["tags"]:
            call.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": to_tags(inputs["tags"])})
        return name

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        client = call.client("s3")
        if not exists(client, id):
            return None
        try:
            tags = from_tags(client.get_bucket_tagging(Bucket=id)["TagSet"])
        except ClientError:
            tags = {}
        try:
            locked = bool(client.get_object_lock_configuration(Bucket=id)["ObjectLockConfiguration"])
        except ClientError:
            locked = None
        return {
            "objectLockEnabled": locked,
            "bucket": id, "arn": f"arn:aws:s3:::{id}", "tags": tags,
            "bucketDomainName": f"{id}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{id}.s3.{call.region}.amazonaws.com",
            "bucketRegion": call.region,
        }  # fmt: skip

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("s3")
        if new["tags"]:
            client.put_bucket_tagging(Bucket=id, Tagging={"TagSet": to_tags(new["tags"])})
        else:
            client.delete_bucket_tagging(Bucket=id)

    def delete(self, call: Call, id: str, known: Props) -> None:
        client = call.client("s3")
        if known.get("forceDestroy"):
            versions = client.list_object_versions(Bucket=id)
            for item in [*versions.get("Versions", []), *versions.get("DeleteMarkers", [])]:
                client.delete_object(Bucket=id, Key=item["Key"], VersionId=item["VersionId"])
        client.delete_bucket(Bucket=id)


class OfBucket(Handler):
    """A resource that is one configuration of one bucket: put, get, delete; its id is the bucket's name."""

    replace_on = frozenset({"bucket"})

    def put(self, call: Call, bucket: str, inputs: Props) -> None:
        raise NotImplementedError

    def create(self, call: Call, inputs: Props) -> str:
        self.put(call, inputs["bucket"], inputs)
        return inputs["bucket"]

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.put(call, id, new)


@register
class BucketVersioning(OfBucket):
    type = "aws:s3/bucketVersioning:BucketVersioning"
    inputs = frozenset({"bucket", "versioningConfiguration", "expectedBucketOwner", "mfa"})

    def put(self, call: Call, bucket: str, inputs: Props) -> None:
        call.client("s3").put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": inputs["versioningConfiguration"]["status"]}
        )

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        if not exists(call.client("s3"), id):
            return None
        status = call.client("s3").get_bucket_versioning(Bucket=id).get("Status", "Disabled")
        return {"bucket": id, "versioningConfiguration": {"status": status}}

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("s3").put_bucket_versioning(Bucket=id, VersioningConfiguration={"Status": "Suspended"})


@register
class BucketEncryption(OfBucket):
    type = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    inputs = frozenset({"bucket", "rules", "expectedBucketOwner"})

    def put(self, call: Call, bucket: str, inputs: Props) -> None:
        rules: list[Props] = []
        for rule in inputs["rules"]:
            default = rule["applyServerSideEncryptionByDefault"]
            encryption = {"SSEAlgorithm": default["sseAlgorithm"]}
            if default.get("kmsMasterKeyId"):
                encryption["KMSMasterKeyID"] = default["kmsMasterKeyId"]
            rules.append(
                {
                    "ApplyServerSideEncryptionByDefault": encryption,
                    "BucketKeyEnabled": bool(rule.get("bucketKeyEnabled")),
                }
            )
        call.client("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
        call.store.of(self.type, call.region)[bucket] = {
            "blocked": inputs["rules"][0].get("blockedEncryptionTypes")
        }  # moto has no place for it

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("s3").get_bucket_encryption(Bucket=id)["ServerSideEncryptionConfiguration"]["Rules"]
        rules: list[Props] = []
        for rule in found:
            default = rule["ApplyServerSideEncryptionByDefault"]
            rules.append(
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": default["SSEAlgorithm"],
                        "kmsMasterKeyId": default.get("KMSMasterKeyID"),
                    },
                    "bucketKeyEnabled": rule.get("BucketKeyEnabled", False),
                    "blockedEncryptionTypes": call.store.of(self.type, call.region).get(id, {}).get("blocked"),
                }
            )
        return {"bucket": id, "rules": rules}

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("s3").delete_bucket_encryption(Bucket=id)


@register
class BucketPublicAccessBlock(OfBucket):
    type = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    inputs = frozenset(
        {"bucket", "blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets", "skipDestroy"}
    )
    SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

    def put(self, call: Call, bucket: str, inputs: Props) -> None:
        block = {pascal(name): bool(inputs.get(name)) for name in self.SWITCHES}
        call.client("s3").put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        block = call.client("s3").get_public_access_block(Bucket=id)["PublicAccessBlockConfiguration"]
        return {"bucket": id, **camel(block)}

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("s3").delete_public_access_block(Bucket=id)


@register
class BucketOwnershipControls(OfBucket):
    type = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    inputs = frozenset({"bucket", "rule"})

    def put(self, call: Call, bucket: str, inputs: Props) -> None:
        rules = {"Rules": [{"ObjectOwnership": inputs["rule"]["objectOwnership"]}]}
        call.client("s3").put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        rules = call.client("s3").get_bucket_ownership_controls(Bucket=id)["OwnershipControls"]["Rules"]
        return {"bucket": id, "rule": {"objectOwnership": rules[0]["ObjectOwnership"]}}

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("s3").delete_bucket_ownership_controls(Bucket=id)


@register
class BucketPolicy(OfBucket):
    type = "aws:s3/bucketPolicy:BucketPolicy"
    inputs = frozenset({"bucket", "policy"})

    def put(self, call: Call, bucket: str, inputs: Props) -> None:
        call.client("s3").put_bucket_policy(Bucket=bucket, Policy=inputs["policy"])

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        return {"bucket": id, "policy": call.client("s3").get_bucket_policy(Bucket=id)["Policy"]}

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("s3").delete_bucket_policy(Bucket=id)


@register
class BucketLogging(OfBucket):
    type = "aws:s3/bucketLogging:BucketLogging"
    inputs = frozenset({"bucket", "targetBucket", "targetPrefix", "targetObjectKeyFormat", "expectedBucketOwner"})

    def put(self, call: Call, bucket: str, inputs: Props) -> None:
        enabled: Props = {"TargetBucket": inputs["targetBucket"], "TargetPrefix": inputs.get("targetPrefix", "")}
        if inputs.get("targetObjectKeyFormat"):
            enabled["TargetObjectKeyFormat"] = _key_format(inputs["targetObjectKeyFormat"])
        call.client("s3").put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": enabled})

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        enabled = call.client("s3").get_bucket_logging(Bucket=id).get("LoggingEnabled")
        if enabled is None:
            return None
        return {"bucket": id, "targetBucket": enabled["TargetBucket"], "targetPrefix": enabled.get("TargetPrefix", "")}

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("s3").put_bucket_logging(Bucket=id, BucketLoggingStatus={})


@register
class BucketLifecycle(OfBucket):
    type = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    inputs = frozenset({"bucket", "rules", "expectedBucketOwner", "transitionDefaultMinimumObjectSize"})

    def put(self, call: Call, bucket: str, inputs: Props) -> None:
        rules = [_lifecycle_rule(rule) for rule in inputs["rules"]]
        call.client("s3").put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("s3").get_bucket_lifecycle_configuration(Bucket=id)["Rules"]
        return {"bucket": id, "rules": [_lifecycle_properties(rule) for rule in found]}

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("s3").delete_bucket_lifecycle(Bucket=id)


@register
class BucketReplication(OfBucket):
    """Moto forgets two parts of a rule, which `Store` keeps: what of the source is replicated, and delete markers."""

    type = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
    inputs = frozenset({"bucket", "role", "rules", "token"})
    FORGOTTEN = ("sourceSelectionCriteria", "deleteMarkerReplication")

    def put(self, call: Call, bucket: str, inputs: Props) -> None:
        rules = [_replication_rule(rule) for rule in inputs["rules"]]
        call.client("s3").put_bucket_replication(
            Bucket=bucket, ReplicationConfiguration={"Role": inputs["role"], "Rules": rules}
        )
        call.store.of(self.type, call.region)[bucket] = {
            rule["id"]: {name: rule[name] for name in self.FORGOTTEN if name in rule} for rule in inputs["rules"]
        }

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("s3").get_bucket_replication(Bucket=id)["ReplicationConfiguration"]
        kept = call.store.of(self.type, call.region).get(id, {})
        rules = [{**_replication_properties(rule), **kept.get(rule.get("ID"), {})} for rule in found["Rules"]]
        return {"bucket": id, "role": found["Role"], "rules": rules}

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("s3").delete_bucket_replication(Bucket=id)
        call.store.of(self.type, call.region).pop(id, None)


@register
class BucketCors(OfBucket):
    type = "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration"
    inputs = frozenset({"bucket", "corsRules", "expectedBucketOwner"})
    LISTS: ClassVar[dict[str, str]] = {
        "allowedHeaders": "AllowedHeaders",
        "allowedMethods": "AllowedMethods",
        "allowedOrigins": "AllowedOrigins",
        "exposeHeaders": "ExposeHeaders",
    }

    def put(self, call: Call, bucket: str, inputs: Props) -> None:
        rules = [pascal(rule) for rule in inputs["corsRules"]]
        call.client("s3").put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        return {"bucket": id, "corsRules": camel(call.client("s3").get_bucket_cors(Bucket=id)["CORSRules"])}

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("s3").delete_bucket_cors(Bucket=id)


@register
class BucketObjectLock(OfBucket):
    type = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
    inputs = frozenset({"bucket", "objectLockEnabled", "rule", "expectedBucketOwner", "token"})
    defaults: ClassVar[Props] = {"objectLockEnabled": "Enabled"}

    def put(self, call: Call, bucket: str, inputs: Props) -> None:
        configuration: Props = {"ObjectLockEnabled": "Enabled"}
        if inputs.get("rule"):
            configuration["Rule"] = {"DefaultRetention": pascal(inputs["rule"]["defaultRetention"])}
        call.client("s3").put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=configuration)

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("s3").get_object_lock_configuration(Bucket=id)["ObjectLockConfiguration"]
        rule = camel(found.get("Rule"))
        if rule:  # moto says 0 of the unit that was not chosen
            rule["defaultRetention"] = {name: value for name, value in rule["defaultRetention"].items() if value}
        return {"bucket": id, "objectLockEnabled": "Enabled", "rule": rule}

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("s3").put_object_lock_configuration(
            Bucket=id, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
        )


def exists(client: Any, bucket: str) -> bool:
    """Whether the account has this bucket."""
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError:
        return False
    return True


def _key_format(value: Props) -> Props:
    if "partitionedPrefix" in value:
        return {"PartitionedPrefix": pascal(value["partitionedPrefix"])}
    return {"SimplePrefix": {}}


def _lifecycle_rule(rule: Props) -> Props:
    """The provider's form as S3's: one-of filters, one expiration, versions counted apart."""
    wire: Props = {"ID": rule["id"], "Status": rule["status"], "Filter": _filter(rule.get("filter"))}
    if rule.get("transitions"):
        wire["Transitions"] = [pascal(item) for item in rule["transitions"]]
    if rule.get("noncurrentVersionTransitions"):
        wire["NoncurrentVersionTransitions"] = [pascal(item) for item in rule["noncurrentVersionTransitions"]]
    for name in ("expiration", "noncurrentVersionExpiration", "abortIncompleteMultipartUpload"):
        if rule.get(name):
            wire[pascal(name)] = pascal(rule[name])
    return wire


def _lifecycle_properties(rule: Props) -> Props:
    properties = camel({name: value for name, value in rule.items() if name not in ("ID", "Filter", "Prefix")})
    return {**properties, "id": rule["ID"], "filter": camel(rule.get("Filter"))}


def _filter(value: Props | None) -> Props:
    if not value or not any(value.values()):
        return {"Prefix": ""}
    return pascal({name: item for name, item in value.items() if item})


def _replication_rule(rule: Props) -> Props:
    destination = rule["destination"]
    wire: Props = {
        "ID": rule.get("id"), "Priority": rule.get("priority", 0), "Status": rule["status"],
        "Filter": _filter(rule.get("filter")),
        "Destination": {"Bucket": destination["bucket"]},
        "DeleteMarkerReplication": pascal(rule.get("deleteMarkerReplication") or {"status": "Disabled"}),
    }  # fmt: skip
    for name in ("storageClass", "account"):
        if destination.get(name):
            wire["Destination"][pascal(name)] = destination[name]
    if destination.get("encryptionConfiguration"):
        wire["Destination"]["EncryptionConfiguration"] = {
            "ReplicaKmsKeyID": destination["encryptionConfiguration"]["replicaKmsKeyId"]
        }
    if destination.get("replicationTime"):
        wire["Destination"]["ReplicationTime"] = pascal(destination["replicationTime"])
    if destination.get("metrics"):
        wire["Destination"]["Metrics"] = pascal(destination["metrics"])
    if rule.get("sourceSelectionCriteria"):
        wire["SourceSelectionCriteria"] = pascal(rule["sourceSelectionCriteria"])
    return wire


def _replication_properties(rule: Props) -> Props:
    properties = camel({name: value for name, value in rule.items() if name not in ("ID", "Filter", "Destination")})
    destination = camel(rule["Destination"])
    encryption = rule["Destination"].get("EncryptionConfiguration")
    if encryption:
        destination["encryptionConfiguration"] = {"replicaKmsKeyId": encryption["ReplicaKmsKeyID"]}
    filter_ = camel(rule.get("Filter"))
    return {**properties, "id": rule.get("ID"), "filter": filter_, "destination": destination}


@register
class IntelligentTiering(Emulated):
    type = "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration"
    inputs = frozenset({"bucket", "name", "status", "filter", "tierings"})
    replace_on = frozenset({"bucket", "name"})

    def identify(self, call: Call, inputs: Props) -> str:
        if not exists(call.client("s3"), inputs["bucket"]):
            refuse("PutBucketIntelligentTieringConfiguration", "NoSuchBucket", f"{inputs['bucket']} does not exist")
        return f"{inputs['bucket']}:{inputs['name']}"
