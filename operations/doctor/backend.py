"""Is there a home for the state, in the jurisdiction, with versions? (BER-OPS-02, BER-OPS-09)"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from operations.aws import Clients
from operations.backend import place
from operations.doctor.point import Point, point
from operations.mistakes import Mistake, Refused
from settings.base import Environment
from settings.jurisdiction import FACTS
from settings.stack import Settings


def point_of(settings: Settings, stack: str, clients: Clients, project: Path, *, deployed: bool) -> Point:
    """The backend `pulumi` uses here.   deployed: whether it holds the stack."""
    judged = partial(point, "backend", requirements=("BER-OPS-02", "BER-OPS-09"))
    make = f"`phi backend create {stack}` makes a home for the state; `pulumi login` names it."
    try:
        url = place.current(project)
    except (Refused, Mistake) as error:
        return judged(False, str(error), make)
    found = url if deployed else f"{url}, without this stack"
    if not url.startswith("s3://"):
        shared = url.startswith("https://")
        return judged(
            shared, found, f"One machine is no place for the state of people's records. {make}",
            advice=settings.environment is not Environment.PRODUCTION,
        )  # fmt: skip
    there, allowed = place.place(url), FACTS[settings.jurisdiction].regions
    region = there.region or settings.region
    if region not in allowed:
        return judged(False, found, f"The state names patients' resources: keep it in {', '.join(allowed)} (ALL-15).")
    try:
        versioning = clients("s3", region).get_bucket_versioning(Bucket=there.bucket)
    except (ClientError, BotoCoreError) as error:
        return judged(False, f"{found}: {error}", make)
    versions = versioning.get("Status") == "Enabled"
    fix = f"Switch versions of {there.bucket} on: without them a damaged state cannot be brought back."
    return judged(versions, found if versions else f"{found}, without versions", fix)
