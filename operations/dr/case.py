"""One recovery: the stack, its recovery stack, where their states are kept, and how their databases are reached."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from operations.aws import Clients
from operations.database import application_user
from operations.database.commands import Way, application_login, credentials, reached
from operations.database.place import StackDatabase
from operations.database.point_in_time import describe
from operations.dr import checks, objects, recovery_file
from operations.dr.engine import Backend, Stack
from operations.dr.steps import Journal
from operations.mistakes import Mistake
from operations.terminal import project
from settings.recovery import RecoverySettings
from settings.stack import Settings


@dataclass(frozen=True, kw_only=True)
class Case:
    """What all steps know.

    name: of the stack.   file: its settings.   home, abroad: where its state is, and the copy (BER-DR-05).
    folder: where journal, logs, addresses and report go.   way: how databases are reached from here.
    although_up: whether to go on although the home region answers.   poll_seconds: between looks at what AWS does.
    """

    name: str
    settings: Settings
    file: Path
    client: Clients
    home: Backend
    abroad: Backend
    folder: Path
    journal: Journal
    way: Way
    although_up: bool = False
    poll_seconds: float = 15.0

    @property
    def recovery(self) -> RecoverySettings:
        if self.settings.recovery is None:
            raise Mistake(
                f"{self.name}: phi-platform:recovery: expected a recovery region, found none. A plan must exist before "
                "an outage: without it nothing can be managed in the second region (BER-DR-24)."
            )
        return self.settings.recovery

    @property
    def recovery_name(self) -> str:
        return recovery_file.name_of(self.name)

    @property
    def recovery_stack(self) -> Stack:
        """The recovery stack; its state is in the copy, beside that of the stack."""
        file = project() / f"Pulumi.{self.recovery_name}.yaml"
        return Stack(name=self.recovery_name, backend=self.abroad, file=file)

    def stack(self, backend: Backend) -> Stack:
        return Stack(name=self.name, backend=backend, file=self.file)

    @property
    def log(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / "pulumi.log"

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """Outputs of the stack, from the copy of its state, else from the state itself."""
        copied = self.abroad.written(self.client, self.name) is not None
        return self.stack(self.abroad if copied else self.home).outputs()

    def unreachable(self) -> list[str]:
        """What this machine lacks to reach the database, once there is one."""
        if self.settings.database is None:
            return []
        try:
            self.way.require()
        except Mistake as mistake:
            return [str(mistake)]
        return []

    def home_answers(self) -> bool:
        """Whether the stack's database is there and serves; without one, whether the region's API answers."""
        rds = self.client("rds", self.settings.region)
        try:
            if self.settings.database is None:
                self.client("sts", self.settings.region).get_caller_identity()
                return True
            database = StackDatabase.of(self.name, self.outputs)
            found = describe(rds, database.identifier, aurora=database.aurora)
        except (BotoCoreError, ClientError):
            return False  # the region does not answer: that is the question
        return found is not None and found.get("Status" if database.aurora else "DBInstanceStatus") == "available"

    def sign_application_in(self, name: str, outputs: Mapping[str, Any]) -> str:
        """Give the application's user the password of its secret: a restored database has the one of then."""
        if self.settings.database is None or not outputs.get("db_application_secret_arn"):
            return "the application signs in as the administrator"
        database = StackDatabase.of(name, outputs)
        application = application_login(database)
        if application is None:
            return "the application signs in as the administrator"
        with reached(database, credentials(database), self.way) as server:
            application_user.apply(server, application, ["public"])
        return f"{application.username} has the password of {database.application_secret}"

    def write_addresses(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """What the application has to be told, in a file: addresses and ARNs of secrets, no secret (BER-DR-20)."""
        wanted = (
            "region", "db_address", "db_endpoint", "db_name", "db_credentials_secret_arn", "db_application_secret_arn",
            "redis_endpoint", "redis_credentials_secret_arn", "queue_endpoint", "queue_credentials_secret_arn",
            "bucket_names", "cloudfront_domain_name", "load_balancer_dns_name", "application_url", "api_endpoint",
            "secret_arns", "backend_environment", "frontend_environment", "dns_records",
        )  # fmt: skip
        found = {name: outputs[name] for name in wanted if outputs.get(name)}
        file = self.folder / "addresses.json"
        file.write_text(json.dumps(found, indent=2) + "\n")
        return {"file": str(file), "addresses": found}

    def ask(self, name: str, outputs: Mapping[str, Any]) -> dict[str, str]:
        """Question and answer, of everything a stack is asked for; all of it goes into the journal (BER-DR-21)."""
        answers = list(self._answers(name, outputs))
        self.journal.note(answers={"verify": [vars(answer) for answer in answers]})
        return {answer.what: answer.found for answer in answers}

    def bad_answers(self) -> list[str]:
        """What did not answer as it should."""
        answers = (self.journal.values.get("answers") or {}).get("verify", [])
        return [f"{each['what']}: {each['found']}" for each in answers if each["good"] is False]

    def _answers(self, name: str, outputs: Mapping[str, Any]) -> Iterator[checks.Answer]:
        """Login, PING, bucket listing, health of the application."""
        region = str(outputs["region"])
        if self.settings.database is not None:
            database = StackDatabase.of(name, outputs)
            with reached(database, credentials(database), self.way) as server:
                yield checks.database(server)
        if self.settings.cache is not None:
            yield checks.cache(self.client, region, outputs, direct=self.way.direct)
        for purpose, bucket in outputs["bucket_names"].items():
            held = objects.listing(self.client("s3", region), bucket)
            yield checks.Answer(what=f"bucket {purpose}", found=f"{len(held):,} objects listed", good=True)
        yield checks.application(self.settings, outputs)
