"""`phi setup`: the stack file of a new system (OMN-OPS-03, BER-OPS-03, BER-OPS-04)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError
from rich.syntax import Syntax

from operations.mistakes import Mistake
from operations.setup.draft import Answers, Start, drafted, start, text
from operations.terminal import errors, output, project
from settings.base import DomainName, EmailAddress, Environment
from settings.jurisdiction import FACTS, Jurisdiction
from settings.stack import SystemName
from settings.tags import TagValue

Value = TypeVar("Value")
Chosen = TypeVar("Chosen", bound=StrEnum)


def setup(  # every answer is an option too
    name: Annotated[str, typer.Argument(help="Name of the new stack, such as `production`.")],
    system: Annotated[str | None, typer.Option(help="The product's short name, first part of every name.")] = None,
    environment: Annotated[Environment | None, typer.Option(help="What the stack is for.")] = None,
    jurisdiction: Annotated[Jurisdiction | None, typer.Option(help="Whose law holds.")] = None,
    region: Annotated[str | None, typer.Option(help="Home region, in the jurisdiction.")] = None,
    domain: Annotated[str | None, typer.Option(help="Domain of the application.")] = None,
    alarm_email: Annotated[str | None, typer.Option(help="Who is told of alarms.")] = None,
    owner: Annotated[str | None, typer.Option(help="Team answerable for the system.")] = None,
    cost_center: Annotated[str | None, typer.Option(help="Where the cost is booked.")] = None,
    agreement_signed: Annotated[str | None, typer.Option(help="Day the AWS agreement was signed, YYYY-MM-DD.")] = None,
    agreement_reference: Annotated[str | None, typer.Option(help="Where the signed agreement is filed.")] = None,
    like: Annotated[str | None, typer.Option(help="Stack whose parts and sizes it takes.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
) -> None:
    """Ask what a new stack is, and write its stack file; never over another one.

    What an option answers is not asked. Without a terminal every answer must be an option. Exit code 2: an answer, or
    what the answers make together, is not allowed; nothing is written then.
    """
    file = project() / f"Pulumi.{name}.yaml"
    if file.exists():
        raise Mistake(f"{file.name}: expected no such file, found one; edit it, or choose another name.")
    ask = Asking(terminal=sys.stdin.isatty())
    kind = ask.choice("environment", environment, Environment, Environment.STAGING)
    law = ask.choice("jurisdiction", jurisdiction, Jurisdiction, Jurisdiction.CANADA)
    offered = FACTS[law].regions if law is not None else ()
    home = ask.text("region", region, _one_of(offered), offered[0] if offered else None)
    first = "production" if kind is Environment.PRODUCTION else "staging"
    beginning = start(project() / f"Pulumi.{ask.text('like', like, str, first, asked=False) or first}.yaml")
    named = ask.text("system", system, _typed(SystemName, "3 to 20 lower-case letters, digits and hyphens"), None)
    answers: dict[str, Any] = {
        "environment": kind, "jurisdiction": law, "region": home, "system": named,
        "alarm_email": ask.text("alarm-email", alarm_email, _typed(EmailAddress, "an e-mail address"), None),
        "owner": ask.text("owner", owner, _typed(TagValue, "a team's name"), "platform"),
        "cost_center": ask.text("cost-center", cost_center, _typed(TagValue, "a short text"), f"{named}-{kind}"),
        "domain": _domain(ask, beginning, domain),
    }  # fmt: skip
    if law is Jurisdiction.UNITED_STATES:
        answers |= _agreement(ask, kind, agreement_signed, agreement_reference)
    ask.require_all()
    given = Answers(**answers)
    written = text(drafted(beginning, given), beginning, given)
    if ask.terminal:
        output.print(Syntax(written, "yaml", background_color="default"))
    if not yes:
        if not ask.terminal:
            raise Mistake("--yes: expected without a terminal, because nobody can be asked; nothing was written.")
        typer.confirm(f"Write {file.name}?", default=True, abort=True)
    with file.open("x") as new:
        new.write(written)
    _say_next(name, file.name, beginning)


class Asking:
    """Answers from options, else from the person at the terminal; without one, what is missing is collected."""

    def __init__(self, *, terminal: bool) -> None:
        self.terminal = terminal
        self._missing: list[str] = []

    def text(
        self, name: str, given: str | None, read: Callable[[str], Value], default: str | None, *, asked: bool = True
    ) -> Value | None:
        """An answer as `read` makes it; None when it is missing. Raises Mistake for an option that is not allowed.

        asked: whether a person is asked; else the default holds.
        """
        if given is not None:
            try:
                return read(given)
            except ValueError as error:
                raise Mistake(f"--{name}: {error}, found {given}.") from None
        if not asked:
            return None
        if self.terminal:
            return typer.prompt(name.replace("-", " ").capitalize(), default=default, value_proc=_again(read))
        if default is None:
            self._missing.append(f"--{name}")
            return None
        return read(default)

    def choice(self, name: str, given: Chosen | None, kinds: type[Chosen], default: Chosen) -> Chosen | None:
        """One of a few answers."""
        if given is not None:
            return given
        if not self.terminal:
            self._missing.append(f"--{name}")
            return None
        offered = ", ".join(kinds)
        return self.text(f"{name} ({offered})", None, _kind(kinds), str(default))

    def require_all(self) -> None:
        """Raises Mistake naming every option that is missing."""
        if self._missing:
            raise Mistake(f"Without a terminal nobody can be asked: expected {', '.join(self._missing)} too.")


def _domain(ask: Asking, beginning: Start, domain: str | None) -> str | None:
    if beginning.domain is None:
        if domain is not None:
            raise Mistake(f"--domain: expected nothing with --like {beginning.name}, which has no domain.")
        return None
    return ask.text("domain", domain, _typed(DomainName, "a domain such as clinic.example.org"), None)


def _agreement(ask: Asking, kind: Environment | None, signed: str | None, reference: str | None) -> dict[str, Any]:
    """The signed agreement with AWS (ALL-16; 45 CFR 164.308(b)(1)); without it, settings refuse production."""
    if signed is None and reference is None:
        if kind is not Environment.PRODUCTION and not ask.terminal:
            return {}
        if ask.terminal and not typer.confirm("Is the AWS Business Associate Addendum signed (AWS Artifact)?"):
            if kind is Environment.PRODUCTION:
                raise Mistake(
                    "Production in the United States waits for the signed agreement: sign it in AWS Artifact first."
                )
            return {}
    return {
        "signed": ask.text("agreement-signed", signed, date.fromisoformat, None),
        "reference": ask.text("agreement-reference", reference, _typed(str, "a text"), None),
    }


def _typed(kind: Any, expected: str) -> Callable[[str], str]:
    adapter: TypeAdapter[str] = TypeAdapter(kind)

    def read(value: str) -> str:
        try:
            return adapter.validate_python(value)
        except ValidationError:
            raise ValueError(f"expected {expected}") from None

    return read


def _one_of(offered: tuple[str, ...]) -> Callable[[str], str]:
    def read(value: str) -> str:
        if offered and value not in offered:
            raise ValueError(f"expected one of {', '.join(offered)}")
        return value

    return read


def _kind(kinds: type[Chosen]) -> Callable[[str], Chosen]:
    def read(value: str) -> Chosen:
        try:
            return kinds(value)
        except ValueError:
            raise ValueError(f"expected one of {', '.join(kinds)}") from None

    return read


def _again(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """Ask again, with what was expected, as typer does."""

    def ask(value: str) -> Value:
        try:
            return read(value)
        except ValueError as error:
            raise typer.BadParameter(f"{error}.") from None

    return ask


def _say_next(name: str, file: str, beginning: Start) -> None:
    output.print(f"Wrote {file}. Next:", highlight=False)
    for command, what in (
        (f"phi settings show {name}", "every setting, with what is derived"),
        (f"phi check {name}", "the policies, without engine and account"),
        (f"make up STACK={name}", "a rehearsal on the embedded AWS"),
        (f"phi doctor {name}", "tools, sign-in, account, quotas"),
        (f"phi backend create {name}", "a home for the state; it prints how to log in"),
        (f"pulumi preview -s {name}", "what would be made; review it"),
        (f"pulumi up -s {name}", "deploys; 20 to 40 minutes the first time"),
        (f"phi verify {name}", "the live account against the settings"),
    ):
        output.print(f"  {command:<34} {what}", highlight=False, markup=False)
    cdn = None if beginning.settings.edge is None else beginning.settings.edge.cdn
    if cdn is not None and cdn.public_keys:
        errors.print(
            "edge.cdn.public_keys is still the example's, whose private half nobody has: put in your own "
            "(`openssl genrsa 2048`).",
            style="yellow",
        )
