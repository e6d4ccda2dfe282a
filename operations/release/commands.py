"""`phi release`: another version of the application, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from operations import outputs, stack_file, state, terminal
from operations.aws import client
from operations.mistakes import FINDING, Mistake, Refused
from operations.release import fleet, health, images, services
from operations.release.fleet import Fleet
from operations.release.services import FargateService
from operations.terminal import agree, errors, output
from settings.compute import FLEET
from settings.stack import Settings

app = typer.Typer(no_args_is_help=True, help="Releases of the application: deploy, go back, history.")

HEALTH_SECONDS = 120

Stack = Annotated[str, typer.Argument(help="Name of the stack.")]
Service = Annotated[str, typer.Argument(help="Name of the service in the settings; `fleet` for EC2 instances.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
HealthUrl = Annotated[
    str | None,
    typer.Option("--health-url", help="Address that must answer 2xx afterwards; default: the application's own."),
]
HealthSeconds = Annotated[
    int, typer.Option("--health-seconds", min=1, max=3600, help="How long it may take to answer so.")
]
Accepted = Annotated[
    str | None,
    typer.Option("--accept-findings", metavar="REASON", help="Release an image with critical findings, or unscanned."),
]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How the application is asked for its health.   url: None: at its own address.   seconds: for how long."""

    url: str | None
    seconds: int

    def wait(self, own: str | None, tell: Callable[[str], None]) -> str | None:
        """What it answers, when it is not the wanted (FAC-OPS-06).   own: its address; None: a worker's, not asked."""
        url = self.url or own
        return None if url is None else health.wait(url, seconds=self.seconds, tell=tell)


@app.command()
def deploy(
    stack: Stack,
    service: Service,
    image_tag: Annotated[
        str | None, typer.Option("--image-tag", help="Tag or digest (sha256:…) of the image, of a Fargate service.")
    ] = None,
    bundle: Annotated[Path | None, typer.Option("--bundle", help="Release archive (zip), of the fleet.")] = None,
    key: Annotated[str | None, typer.Option("--key", help="Archive that is in the bucket of releases already.")] = None,
    commit: Annotated[
        str | None,
        typer.Option("--commit", envvar="GITHUB_SHA", help="Commit the archive was built from.", show_envvar=True),
    ] = None,
    accept_findings: Accepted = None,
    health_url: HealthUrl = None,
    health_seconds: HealthSeconds = HEALTH_SECONDS,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Release a version: checked first, watched meanwhile, asked for its health, gone back from when it fails.

    Of a service: the version is written into the stack file, and `pulumi up` of the service's task definition and the
    service deploys it. Of the fleet: CodeDeploy brings an archive to the instances. Exit code 1: it failed, and the
    version before it runs again, when there is one.
    """
    settings, asked = stack_file.settings(stack), Asked(url=health_url, seconds=health_seconds)
    if service == FLEET:
        if image_tag is not None or accept_findings is not None:
            raise Mistake("--image-tag, --accept-findings: expected neither for the fleet, which runs archives.")
        _deploy_fleet(_fleet(stack, settings), bundle, key, commit, asked, yes=yes, as_json=as_json)
        return
    if bundle is not None or key is not None or image_tag is None:
        raise Mistake("--image-tag: expected the version of the service to release, and neither --bundle nor --key.")
    place = FargateService.of(stack, service, outputs.read(stack), settings)
    _release(place, image_tag, accept_findings, asked, yes=yes, as_json=as_json, back=False)


@app.command()
def rollback(
    stack: Stack, service: Service, accept_findings: Accepted = None, health_url: HealthUrl = None,
    health_seconds: HealthSeconds = HEALTH_SECONDS, yes: Yes = False, as_json: Json = False,
) -> None:  # fmt: skip
    """Go back to the version that ran before this one; once more, to the one before that."""
    settings, asked = stack_file.settings(stack), Asked(url=health_url, seconds=health_seconds)
    if service != FLEET:
        place = FargateService.of(stack, service, outputs.read(stack), settings)
        earlier = place.before(client("ecs", place.region))
        _release(place, earlier.version, accept_findings, asked, yes=yes, as_json=as_json, back=True)
        return
    there = _fleet(stack, settings)
    fleet.require_idle(client, there)
    earlier, current = fleet.before(client, there), fleet.now(client, there)
    agree(f"Bring {earlier.archive} of {earlier.created} back to the fleet of {stack}?", yes)
    of = current.id if current else ""
    with errors.status("Releasing") as status:
        id = fleet.start(client, there, earlier.revision, fleet.rollback_description(of, earlier))
        wrong = fleet.finished(client, there, id, status.update)
        put_back = "" if wrong else f"{earlier.archive} runs nevertheless."
        wrong = wrong or asked.wait(there.health_url, status.update)
    _end({"deployment": id, "archive": earlier.archive}, wrong, put_back, as_json=as_json)


@app.command()
def history(stack: Stack, service: Service, as_json: Json = False) -> None:
    """Show what ran and what runs, newest first."""
    settings = stack_file.settings(stack)
    if service == FLEET:
        found = fleet.history(client, _fleet(stack, settings))
        columns = ("id", "created", "status", "archive", "description")
        rows = [{name: str(getattr(each, name)) for name in columns} for each in found]
    else:
        place = FargateService.of(stack, service, outputs.read(stack), settings)
        ecs = client("ecs", place.region)
        running = place.running(ecs)
        columns = ("revision", "registered", "version", "state")
        rows = [
            {
                "revision": str(each.number),
                "registered": "" if each.registered is None else each.registered.isoformat(),
                "version": each.version,
                "state": "runs" if each.arn == running.arn else "withdrawn" if each.withdrawn else "",
            }
            for each in place.history(ecs)
        ]
    if as_json:
        output.print_json(json.dumps(rows))
        return
    table = terminal.table(*(name.capitalize() for name in columns), title=f"{stack} {service}")
    for row in rows:
        table.add_row(*(row[name] for name in columns))
    output.print(table, markup=False, highlight=False)


@app.command()
def push(
    stack: Stack,
    service: Service,
    image: Annotated[str, typer.Argument(help="Image of this machine's Docker, such as api:latest.")],
    tag: Annotated[str, typer.Option("--tag", help="Its version in the repository; a tag there never moves.")],
    yes: Yes = False,
) -> None:
    """Push an image to the service's repository (LWO-OPS-01); Docker is needed, here or in a pipeline."""
    place = FargateService.of(stack, service, outputs.read(stack), stack_file.settings(stack))
    if place.repository_url is None:
        raise Mistake(f"{stack}: {service} shares {place.repository}, which another stack has made; push with that.")
    agree(f"Push {image} to {place.repository} as {tag}?", yes)
    ecr = client("ecr", place.region)
    with errors.status("Pushing"):
        images.push(ecr, place.repository_url, image, tag)
    output.print(f"{place.repository_url}:{tag} is there; `phi release deploy {stack} {service} --image-tag {tag}` "
                 "releases it.", highlight=False, soft_wrap=True)  # fmt: skip


def _release(
    place: FargateService, version: str, accepted: str | None, asked: Asked, *, yes: bool, as_json: bool, back: bool
) -> None:  # fmt: skip
    ecs = client("ecs", place.region)
    with errors.status("Looking at the image") as status:
        image = images.find(client("ecr", place.region), place.repository, version, status.update)
        running = place.running(ecs)
    if image.problem is not None and accepted is None:
        raise Refused(f"{image.problem}. Build it anew on patched parts, or say why with --accept-findings REASON.")
    agree(f"Release {place.service} {version} on {place.stack}, which runs {running.version}?", yes)
    row: dict[str, Any] = {
        "service": place.service, "version": version, "before": running.version, "digest": image.digest,
        "scan": image.scan, "findings": image.findings, "accepted": accepted, "stack_file": None,
    }  # fmt: skip
    with errors.status("Deploying") as status:
        found = state.read(place.stack)
        services.bring(place, version, found)
        row["stack_file"] = str(stack_file.engine_file(place.stack))
        new = place.running(ecs)
        if new.arn == running.arn:
            services.again(place, ecs)
        wrong = services.steady(place, ecs, new.arn, status.update) or asked.wait(place.health_url, status.update)
        put_back = ""
        if wrong and running.version != version:
            status.update(f"{wrong} Going back to {running.version}")
            services.bring(place, running.version, state.read(place.stack))
            services.withdraw(ecs, new.arn)
            again = place.running(ecs)
            stuck = services.steady(place, ecs, again.arn, status.update)
            put_back = f"{running.version} runs again." if stuck is None else f"{running.version}: {stuck}"
        elif back and running.arn != new.arn:
            services.withdraw(ecs, running.arn)
    _end(row, wrong, put_back, as_json=as_json)
    if not as_json:
        output.print(f"Commit {row['stack_file']}: it says now that {place.service} runs {version}.",
                     highlight=False, soft_wrap=True)  # fmt: skip


def _deploy_fleet(
    there: Fleet, bundle: Path | None, key: str | None, commit: str | None, asked: Asked, *, yes: bool, as_json: bool
) -> None:  # fmt: skip
    if (bundle is None) == (key is None):
        raise Mistake("--bundle, --key: expected one of them, found " + ("none." if bundle is None else "both."))
    if commit is None:
        raise Mistake("--commit: expected the commit the archive was built from, found none; GITHUB_SHA gives it too.")
    wrong_content = [] if bundle is None else fleet.problems(bundle)
    if wrong_content:
        raise Mistake("\n".join(wrong_content))
    fleet.require_idle(client, there)
    earlier = fleet.now(client, there)
    agree(f"Release {bundle or key} (commit {commit}) to the fleet of {there.stack}?", yes)
    with errors.status("Uploading") as status:
        revision = fleet.upload(client, there, bundle, commit) if bundle else fleet.revision(client, there, key or "")
        id = fleet.start(client, there, revision, f"commit {commit}")
        wrong = fleet.finished(client, there, id, status.update)
        put_back = "" if wrong else "It runs nevertheless: there is no release before it."
        if wrong is None and (wrong := asked.wait(there.health_url, status.update)) and earlier is not None:
            status.update(f"{wrong}. Going back to {earlier.archive}")
            again = fleet.start(client, there, earlier.revision, fleet.rollback_description(id, earlier))
            stuck = fleet.finished(client, there, again, status.update)
            put_back = f"{earlier.archive} runs again." if stuck is None else f"Going back: {stuck}"
    row = {"deployment": id, "archive": fleet.archive_of(revision), "commit": commit}
    _end(row, wrong, put_back, as_json=as_json)


def _fleet(stack: str, settings: Settings) -> Fleet:
    chosen = None if settings.compute is None else settings.compute.fleet
    if chosen is None:
        raise Mistake(f"{stack}: expected a fleet, found none: its stack file has no `compute.fleet`.")
    return Fleet.of(stack, outputs.read(stack), chosen.health_path)


def _end(row: dict[str, Any], wrong: str | None, put_back: str, *, as_json: bool) -> None:
    """Show the result. Raises Exit with code 1 for a release that failed."""
    if as_json:
        after = (wrong and put_back) or None
        output.print_json(json.dumps({**row, "released": wrong is None, "problem": wrong, "after": after}))
    elif wrong is None:
        for name, value in row.items():
            if value:
                output.print(f"{name}: {value}", highlight=False, markup=False, soft_wrap=True)
        output.print("Released.", style="green")
    else:
        said = f"{wrong.removesuffix('.')}. {put_back}".strip()
        errors.print(said, style="red", highlight=False, markup=False, soft_wrap=True)
    if wrong is not None:
        raise typer.Exit(FINDING)
