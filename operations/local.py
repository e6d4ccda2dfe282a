"""The embedded run: one stack file, deployed by the real engine to `localaws` on this machine.

Everything it keeps is in one folder (`.phi/` of the checkout): the state, the engine's home, a passphrase of its own,
the stack's configuration and the endpoint of localaws. The project's own files are only read. Nothing of the user's AWS
or Pulumi account reaches the engine: their environment variables are left out, fake credentials and a loopback endpoint
put in.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import yaml
from rich.console import Console

from engine import install
from engine.install import Engine
from localaws import lifecycle
from localaws.lifecycle import Endpoint
from operations import plan, protections
from operations.local_report import Report
from operations.progress import Progress
from operations.terminal import output
from operations.watched import Ended, interrupts_ignored, watch

# What `pulumi stack init` writes into a stack file to say how its secrets are encrypted: ours differs from the user's.
SECRETS_KEYS = ("encryptionsalt", "encryptedkey", "secretsprovider")

# Go collects whenever its heap has doubled, which is half of what the pack adds to a preview on two cores; five times
# the live heap of an engine is still little. On real AWS the provider is a large Go program too: there Go's own stays.
ENGINE_GOGC = "400"

FAKE_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "localaws", "AWS_SECRET_ACCESS_KEY": "localaws"}


class LocalError(Exception):
    """Why an embedded run cannot go on, and what to do; a sentence or two for the person at the terminal."""


def isolated(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without the user's AWS and Pulumi accounts, whose AWS credentials are worth nothing."""
    kept = {name: value for name, value in environment.items() if not name.startswith(("AWS_", "PULUMI_"))}
    unproxied = [*filter(None, environment.get("NO_PROXY", "").split(",")), "127.0.0.1", "localhost"]
    loopback = ",".join(dict.fromkeys(unproxied))
    return {
        **kept, **FAKE_CREDENTIALS,
        "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": loopback, "no_proxy": loopback,
    }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LocalRun:
    """One project and the folder in which its embedded runs live.

    project: folder of `Pulumi.yaml` and the stack files.
    directory: folder of the run, created when needed.
    policy_pack: folder of the policy pack that every preview and update must satisfy.
    """

    project: Path
    directory: Path
    policy_pack: Path
    console: Console

    # Names and places

    @cached_property
    def project_name(self) -> str:
        return cast("str", read_yaml(self.project / "Pulumi.yaml")["name"])

    @property
    def home(self) -> Path:
        return self.directory / "home"

    @property
    def state(self) -> Path:
        return self.directory / "state"

    @property
    def passphrase(self) -> Path:
        return self.directory / "passphrase"

    @property
    def bare_project(self) -> Path:
        """A folder with nothing but the project's name: what `stack init` and `stack rm` may write to."""
        return self.directory / "project"

    def config_file(self, stack: str) -> Path:
        """The copy of the stack file that the engine reads and may write to."""
        return self.directory / f"Pulumi.{stack}.yaml"

    def stack_file(self, stack: str) -> Path:
        """The stack file of the project; LocalError lists those there are when it is missing."""
        file = self.project / f"Pulumi.{stack}.yaml"
        if not file.exists():
            there = ", ".join(sorted(path.name.split(".")[1] for path in self.project.glob("Pulumi.*.yaml"))) or "none"
            raise LocalError(f"No stack file {file.name}. Stacks of this project: {there}.")
        return file

    def state_file(self, stack: str) -> Path:
        return self.state / ".pulumi" / "stacks" / self.project_name / f"{stack}.json"

    def stacks(self) -> list[str]:
        """The stacks that have been created here and not removed."""
        return sorted(path.stem for path in self.state_file("any").parent.glob("*.json"))

    # The engine and the account

    @cached_property
    def engine(self) -> Engine:
        return install.install(self.console)

    def start(self) -> Endpoint:
        """The running embedded AWS of this folder, started when there is none."""
        running = lifecycle.status(self.directory)
        if running is not None:
            return running
        self.directory.mkdir(parents=True, exist_ok=True)
        with self.console.status("Starting the embedded AWS"):
            return lifecycle.start(self.directory)

    def environment(self, stack: str, endpoint: Endpoint | None) -> dict[str, str]:
        """All that `pulumi` needs to work on this stack; without `endpoint`, for commands that touch no resource."""
        self.create_passphrase()
        self.keep_no_log()
        environment = {
            **isolated(os.environ), **install.environment(self.engine),
            "PULUMI_HOME": str(self.home),
            "PULUMI_BACKEND_URL": f"file://{self.state}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.passphrase),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
            "PULUMI_STACK": stack,
            "PULUMI_OPTION_CONFIG_FILE": str(self.config_file(stack)),
            "PULUMI_OPTION_POLICY_PACK": str(self.policy_pack),
            "PULUMI_OPTION_SKIP_PLUGIN_PRE_INSTALL": "true",
            "GOGC": os.environ.get("GOGC", ENGINE_GOGC),
        }  # fmt: skip
        if endpoint is not None:
            environment |= {
                "PULUMI_DEBUG_PROVIDERS": f"aws:{endpoint.provider_port},random:{endpoint.random_port}",
                "AWS_ENDPOINT_URL": endpoint.aws_url,
                "AWS_REGION": region_of(read_yaml(self.stack_file(stack))),
            }
        return environment

    def create_passphrase(self) -> None:
        """A passphrase of this folder's own, readable by its owner only, never shown and never asked for."""
        for folder in (self.directory, self.home, self.state, self.bare_project):
            folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(self.passphrase, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))

    def keep_no_log(self) -> None:
        """A file where the engine would make the folder of its debug logs: it writes none then.

        Every command writes one at the finest level, encrypted, which is a quarter of the engine's time; no setting
        turns that off. Whoever looks for a fault asks for one command's log: `-v=9 --logtostderr`.
        """
        logs = self.home / "logs"
        if logs.is_dir():
            shutil.rmtree(logs)
        logs.touch()

    def pulumi(self, environment: Mapping[str, str], arguments: Iterable[str], *, folder: Path | None = None) -> int:
        """Run `pulumi` on the terminal and give its exit code; Ctrl-C is the engine's to handle."""
        with interrupts_ignored():
            return subprocess.run(
                [self.engine.pulumi, *arguments], cwd=folder or self.project, env=environment, check=False
            ).returncode

    def watched(
        self, title: str, stack: str, environment: Mapping[str, str], command: list[str], resources: int | None = None
    ) -> Ended:
        """Run a `pulumi` command that works on resources: its progress is shown, what it tells is left to a `Report`.

        resources: how many it will work on, when that is known.
        """
        return watch(
            [str(self.engine.pulumi), *command],
            folder=self.project,
            environment=environment,
            log=self.directory / f"{stack}.{command[0]}.events",
            progress=Progress(self.console, f"{title} {stack}"),
            resources=resources,
        )

    def answer(self, environment: Mapping[str, str], *arguments: str, folder: Path | None = None) -> str:
        """What a short `pulumi` command prints; LocalError with its own words when it fails."""
        done = subprocess.run(
            [self.engine.pulumi, *arguments, "--non-interactive"],
            cwd=folder or self.project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            raise LocalError(f"pulumi {' '.join(arguments[:2])} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    # Getting a stack ready

    def prepare(self, stack: str) -> Endpoint:
        """Get everything in place for a `pulumi` command: account, stack, configuration, a state that is true."""
        file = self.stack_file(stack)
        endpoint = self.start()
        environment = self.environment(stack, endpoint)
        self.release_dead_locks(stack)
        if not self.state_file(stack).exists():
            self.create_stack(stack, environment)
        self.write_config(stack, read_yaml(file))
        deployed = self.deployed()
        if deployed.get(stack, endpoint.epoch) != endpoint.epoch:
            self.console.print(
                f"The embedded AWS was started anew since {stack} was last deployed: refreshing its state "
                "first, the account is empty.",
                highlight=False,
            )
            command = ["refresh", "--yes", "--skip-preview", "--clear-pending-creates"]
            refreshed = self.watched("Refreshing", stack, environment, command)
            Report(stack, self.console).outcome("refresh", refreshed)
            if refreshed.code:
                raise LocalError(f"The refresh of {stack} failed. `make down STACK={stack}` starts over.")
        self.remember(stack, endpoint.epoch)
        return endpoint

    def create_stack(self, stack: str, environment: Mapping[str, str]) -> None:
        (self.bare_project / "Pulumi.yaml").write_text(yaml.safe_dump({"name": self.project_name, "runtime": "python"}))
        self.answer(environment, "stack", "init", stack, "--no-select", folder=self.bare_project)

    def write_config(self, stack: str, content: dict[str, Any]) -> None:
        """The stack file as the engine reads it here: its values, with this folder's own encryption salt.

        Raises LocalError for secret values: they are encrypted for another backend and cannot be read here.
        """
        config = cast("dict[str, object]", content.get("config") or {})
        unreadable = [key for key, value in config.items() if isinstance(value, dict) and "secure" in value]
        if unreadable:
            raise LocalError(
                f"Pulumi.{stack}.yaml holds values encrypted for another backend, which the embedded run cannot "
                f"read: {', '.join(unreadable)}."
            )
        own = read_yaml(self.bare_project / f"Pulumi.{stack}.yaml")
        merged = {key: value for key, value in content.items() if key not in SECRETS_KEYS}
        merged |= {key: own[key] for key in SECRETS_KEYS if key in own}
        self.config_file(stack).write_text(yaml.safe_dump(merged, sort_keys=False))

    def release_dead_locks(self, stack: str) -> None:
        """Remove the stack's locks whose engine was killed: on this machine, by a process that is gone."""
        for lock in (self.state / ".pulumi" / "locks").rglob(f"{self.project_name}/{stack}/*.json"):
            held = json.loads(lock.read_text())
            if held.get("hostname") == socket.gethostname() and not lifecycle.alive(int(held["pid"])):
                lock.unlink()

    # Which account a stack was deployed to

    @property
    def _deployed_file(self) -> Path:
        return self.directory / "deployed.json"

    def deployed(self) -> dict[str, object]:
        """The epoch of the embedded account that each stack's state describes."""
        with contextlib.suppress(FileNotFoundError):
            return json.loads(self._deployed_file.read_text())
        return {}

    def remember(self, stack: str, epoch: object) -> None:
        """Note that the stack's state describes the account of this epoch; None forgets the stack."""
        deployed = {**self.deployed(), stack: epoch}
        if epoch is None:
            del deployed[stack]
        self._deployed_file.write_text(json.dumps(deployed))

    # What people do

    def run(self, stack: str, arguments: list[str]) -> int:
        """Any `pulumi` command on the stack. Raises LocalError when the embedded AWS ended meanwhile."""
        endpoint = self.prepare(stack)
        code = self.pulumi(self.environment(stack, endpoint), arguments)
        self.require_alive(endpoint)
        return code

    def preview(self, stack: str) -> int:
        """Tell what `up` would change, and what the policies say."""
        endpoint = self.prepare(stack)
        ended = self.previewed(stack, self.environment(stack, endpoint), Report(stack, output))
        self.require_alive(endpoint)
        return ended.code

    def up(self, stack: str) -> int:
        """Preview, and deploy when there is something to change: the policies have judged the whole plan by then.

        Both ask the account first what it really holds, so that what was changed behind Pulumi's back is repaired.
        """
        endpoint = self.prepare(stack)
        environment = self.environment(stack, endpoint)
        report = Report(stack, output)
        ended = self.previewed(stack, environment, report)
        if ended.code == 0 and plan.changes_something(ended.events):
            command = ["up", "--yes", "--skip-preview", "--refresh"]
            ended = self.watched("Updating", stack, environment, command, ended.resources)
            report.outcome("up", ended)
        self.require_alive(endpoint)
        return ended.code

    def previewed(self, stack: str, environment: Mapping[str, str], report: Report) -> Ended:
        ended = self.watched("Previewing", stack, environment, ["preview", "--refresh"])
        report.preview(ended)
        return ended

    def require_alive(self, endpoint: Endpoint) -> None:
        now = lifecycle.status(self.directory)
        if now is None or now.epoch != endpoint.epoch:
            raise LocalError(
                f"The embedded AWS (process {endpoint.pid}) ended during the run, its account with it; its log is "
                f"{self.directory / 'localaws.log'}. Run the command again: it starts a new one and repairs the state."
            )

    def outputs(self, stack: str) -> dict[str, Any]:
        """The stack's outputs; secrets read `[secret]`."""
        return json.loads(self.answer(self.environment(stack, None), "stack", "output", "--json"))

    def resources(self, stack: str) -> list[dict[str, Any]]:
        """The resources in the stack's state, secrets still encrypted."""
        exported = json.loads(self.answer(self.environment(stack, None), "stack", "export"))
        return exported["deployment"].get("resources", [])

    def down(self, stack: str) -> int:
        """Destroy the stack and forget it; with the last stack, end the embedded AWS and remove the folder.

        Protections (Pulumi's, RDS's, load balancers', versioned buckets') are lifted first: this is a rehearsal.
        """
        if self.state_file(stack).exists():
            code = self.destroy(stack)
            if code:
                return code
        if not self.stacks():
            lifecycle.stop(self.directory)
            shutil.rmtree(self.directory, ignore_errors=True)
        return 0

    def destroy(self, stack: str) -> int:
        environment = self.environment(stack, None)
        self.release_dead_locks(stack)
        endpoint = lifecycle.status(self.directory)
        if endpoint is None or self.deployed().get(stack) != endpoint.epoch:
            self.console.print(f"The embedded account of {stack} is gone already; removing its state.", highlight=False)
        else:
            resources = self.resources(stack)
            if resources:
                self.answer(environment, "state", "unprotect", "--all", "--yes")
            account = protections.Account(url=endpoint.aws_url, region=region_of(read_yaml(self.config_file(stack))))
            protections.lift(account, resources)
            ended = self.watched(
                "Destroying", stack, self.environment(stack, endpoint), ["destroy", "--yes", "--skip-preview"],
                len(resources),
            )  # fmt: skip
            Report(stack, output).outcome("destroy", ended)
            self.require_alive(endpoint)
            kept = {resource["urn"] for resource in self.resources(stack)}
            protections.remove_remains(account, [each for each in resources if each["urn"] not in kept])
            if ended.code:
                return ended.code
        self.answer(environment, "stack", "rm", stack, "--yes", "--force", folder=self.bare_project)
        self.config_file(stack).unlink(missing_ok=True)
        self.remember(stack, None)
        return 0


def read_yaml(file: Path) -> dict[str, Any]:
    """The mapping in a YAML file; empty when the file is missing or empty."""
    with contextlib.suppress(FileNotFoundError):
        return cast("dict[str, Any]", yaml.safe_load(file.read_text()) or {})
    return {}


def region_of(stack: Mapping[str, Any]) -> str:
    """The `aws:region` of a stack file; ca-central-1 for a file that does not say."""
    return str((stack.get("config") or {}).get("aws:region", "ca-central-1"))
