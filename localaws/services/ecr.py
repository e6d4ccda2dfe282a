"""ECR: repositories and their lifecycle policies."""

from __future__ import annotations

from typing import ClassVar

from localaws.handler import Call, Handler, Props, register
from localaws.shadowed import Shadowed
from localaws.shapes import from_tags, to_tags


@register
class Repository(Shadowed):
    type = "aws:ecr/repository:Repository"
    inputs = frozenset(
        {"name", "imageTagMutability", "imageScanningConfiguration", "encryptionConfigurations", "forceDelete", "tags"}
    )
    replace_on = frozenset({"name", "encryptionConfigurations"})
    autoname = "name"
    cloudformation = "AWS::ECR::Repository"
    renames: ClassVar[dict[str, str]] = {"name": "RepositoryName", "encryptionConfigurations": "-", "tags": "-"}

    def make(self, call: Call, inputs: Props) -> str:
        encryption = (inputs.get("encryptionConfigurations") or [{"encryptionType": "AES256"}])[0]
        call.client("ecr").create_repository(
            repositoryName=inputs["name"],
            imageTagMutability=inputs.get("imageTagMutability") or "MUTABLE",
            imageScanningConfiguration=inputs.get("imageScanningConfiguration") or {"scanOnPush": False},
            encryptionConfiguration={name: value for name, value in encryption.items() if value},
            tags=to_tags(inputs["tags"]),
        )
        return inputs["name"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        repository = call.client("ecr").describe_repositories(repositoryNames=[id])["repositories"][0]
        arn = repository["repositoryArn"]
        return {
            "name": id,
            "arn": arn,
            "registryId": repository["registryId"],
            "repositoryUrl": f"{call.account_id}.dkr.ecr.{call.region}.amazonaws.com/{id}",
            "imageTagMutability": repository["imageTagMutability"],
            "imageScanningConfiguration": repository["imageScanningConfiguration"],
            "encryptionConfigurations": [repository["encryptionConfiguration"]],
            "tags": from_tags(call.client("ecr").list_tags_for_resource(resourceArn=arn)["tags"]),
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        client = call.client("ecr")
        client.put_image_tag_mutability(
            repositoryName=id, imageTagMutability=new.get("imageTagMutability") or "MUTABLE"
        )
        client.put_image_scanning_configuration(
            repositoryName=id,
            imageScanningConfiguration=new.get("imageScanningConfiguration") or {"scanOnPush": False},
        )
        arn = f"arn:aws:ecr:{call.region}:{call.account_id}:repository/{id}"
        gone = [name for name in old["tags"] if name not in new["tags"]]
        if gone:
            client.untag_resource(resourceArn=arn, tagKeys=gone)
        if new["tags"]:
            client.tag_resource(resourceArn=arn, tags=to_tags(new["tags"]))

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("ecr").delete_repository(repositoryName=id, force=bool(known.get("forceDelete")))


@register
class LifecyclePolicy(Handler):
    type = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
    inputs = frozenset({"repository", "policy"})
    replace_on = frozenset({"repository"})

    def create(self, call: Call, inputs: Props) -> str:
        call.client("ecr").put_lifecycle_policy(
            repositoryName=inputs["repository"], lifecyclePolicyText=inputs["policy"]
        )
        return inputs["repository"]

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        found = call.client("ecr").get_lifecycle_policy(repositoryName=id)
        return {"repository": id, "policy": found["lifecyclePolicyText"], "registryId": found["registryId"]}

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.create(call, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        call.client("ecr").delete_lifecycle_policy(repositoryName=id)
