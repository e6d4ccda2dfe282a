"""GuardDuty: the detector of a region, and its protection plans."""

from __future__ import annotations

from typing import Any, ClassVar

from localaws.emulated import refuse
from localaws.handler import Call, Handler, Props, register
from localaws.shadowed import Shadowed
from localaws.shapes import camel


@register
class Detector(Shadowed):
    """A detector; moto cannot change its tags, so they are kept beside it."""

    type = "aws:guardduty/detector:Detector"
    inputs = frozenset({"enable", "findingPublishingFrequency", "tags"})
    cloudformation = "AWS::GuardDuty::Detector"
    renames: ClassVar[dict[str, str]] = {"tags": "-"}

    def make(self, call: Call, inputs: Props) -> str:
        client = call.client("guardduty")
        if client.list_detectors()["DetectorIds"]:
            refuse("CreateDetector", "BadRequestException", "a detector already exists for the current account")
        return client.create_detector(**self._wire(inputs), Tags=inputs["tags"])["DetectorId"]

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        if id not in call.client("guardduty").list_detectors()["DetectorIds"]:
            return None
        found = call.client("guardduty").get_detector(DetectorId=id)
        return {
            "enable": found["Status"] == "ENABLED",
            "findingPublishingFrequency": found["FindingPublishingFrequency"],
            "accountId": call.account_id,
            "arn": f"arn:aws:guardduty:{call.region}:{call.account_id}:detector/{id}",
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        call.client("guardduty").update_detector(DetectorId=id, **self._wire(new))

    def remove(self, call: Call, id: str, known: Props) -> None:
        call.client("guardduty").delete_detector(DetectorId=id)

    def _wire(self, inputs: Props) -> Props:
        wire: Props = {"Enable": inputs.get("enable", True)}
        if inputs.get("findingPublishingFrequency"):
            wire["FindingPublishingFrequency"] = inputs["findingPublishingFrequency"]
        return wire


@register
class DetectorFeature(Handler):
    """A protection plan. AWS has no deletion: it stays as it is when the program forgets it."""

    type = "aws:guardduty/detectorFeature:DetectorFeature"
    inputs = frozenset({"detectorId", "name", "status", "additionalConfigurations"})
    replace_on = frozenset({"detectorId", "name"})

    def create(self, call: Call, inputs: Props) -> str:
        feature: Props = {"Name": inputs["name"], "Status": inputs["status"]}
        if inputs.get("additionalConfigurations"):
            feature["AdditionalConfiguration"] = [
                {"Name": item["name"], "Status": item["status"]} for item in inputs["additionalConfigurations"]
            ]
        others = [item for item in self._features(call, inputs["detectorId"]) if item["Name"] != inputs["name"]]
        call.client("guardduty").update_detector(DetectorId=inputs["detectorId"], Features=[*others, feature])
        return f"{inputs['detectorId']}/{inputs['name']}"

    def read(self, call: Call, id: str, known: Props) -> Props | None:
        detector, name = id.split("/", 1)
        if detector not in call.client("guardduty").list_detectors()["DetectorIds"]:
            return None
        feature = next((item for item in self._features(call, detector) if item["Name"] == name), None)
        if feature is None:
            return None
        return {
            "detectorId": detector,
            "name": name,
            "status": feature["Status"],
            "additionalConfigurations": camel(feature.get("AdditionalConfiguration")),
        }

    def update(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.create(call, new)

    def delete(self, call: Call, id: str, known: Props) -> None:
        """The plan keeps its status until the detector goes."""

    def _features(self, call: Call, detector: str) -> list[dict[str, Any]]:
        return [
            {key: value for key, value in item.items() if key in ("Name", "Status", "AdditionalConfiguration")}
            for item in call.client("guardduty").get_detector(DetectorId=detector).get("Features", [])
        ]
