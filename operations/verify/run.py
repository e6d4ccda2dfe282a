"""Every check, asked of one account."""

from __future__ import annotations

import re
from collections.abc import Iterator

from botocore.exceptions import ClientError

from operations.state import Resource
from operations.verify import (
    alarms,
    backups,
    buckets,
    cache,
    compute,
    database,
    directory,
    edge,
    keys,
    logs,
    network,
    roles,
    secrets,
    security_groups,
    tags,
)
from operations.verify.account import Account, Missing
from operations.verify.check import CHECKS, Answer, Check, Result

KEPT_BESIDE = frozenset(
    {
        "aws:cloudwatch/compositeAlarm:CompositeAlarm",
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
    }
)
"""Types that checks ask about and the embedded AWS shows to no client (docs/embedded-aws.md, "kept beside")."""

AREAS = (
    network, security_groups, database, cache, buckets, keys, secrets, roles, alarms, logs, edge, compute, directory,
    backups, tags,
)  # fmt: skip
"""Every area registers its checks when it is imported; the order is that of the report."""

_GONE = re.compile(r"NotFound|NoSuch|DoesNotExist|NonExistent")
_DENIED = re.compile(r"AccessDenied|Unauthorized|NotAuthorized|AuthorizationError|Forbidden|^403$")
_UNANSWERED = re.compile(r"NotImplemented|NotYetImplemented|UnknownOperation|UnsupportedOperation|^404$|^501$")


def verify(account: Account) -> list[Result]:
    """What every check says.

    A resource that is gone is reported once, by the first check that misses it. Raises ClientError or BotoCoreError
    when AWS fails in any other way than by refusing one question.
    """
    gone: set[str] = set()
    order = [area.__name__ for area in AREAS]
    checks = sorted(CHECKS, key=lambda check: order.index(check.look.__module__))
    return [result for check in checks for result in _results(account, check, gone)]


def _results(account: Account, check: Check, gone: set[str]) -> Iterator[Result]:
    results = list(_asked(account, check, gone))
    if not results and not any(resource.urn in gone for resource in account.of(*check.types)):
        yield _result(check, Answer.NOT_APPLICABLE)
    yield from results


def _asked(account: Account, check: Check, gone: set[str]) -> Iterator[Result]:
    if not check.types:
        yield from _look(account, check, None)
        return
    for resource in account.of(*check.types):
        if resource.urn in gone:
            continue
        try:
            yield from _look(account, check, resource)
        except Missing:
            gone.add(resource.urn)
            yield _result(
                check, Answer.DIFFERS, subject=subject(resource), what="existence", expected="exists", found="gone",
                fix=f"`pulumi refresh`, then `pulumi up`, makes {resource.name} anew; find out first who deleted it.",
            )  # fmt: skip


def _look(account: Account, check: Check, resource: Resource | None) -> Iterator[Result]:
    name = account.state.stack if resource is None else subject(resource)
    if resource is not None and resource.type in KEPT_BESIDE and account.embedded:
        yield _result(
            check, Answer.UNREADABLE, subject=name, what="existence", found="not answered here (embedded AWS)",
            fix="Ask on real AWS.",
        )  # fmt: skip
        return
    try:
        for each in check.look(account) if resource is None else check.look(account, resource):
            yield _result(
                check, each.answer, subject=name, what=each.what, expected=each.expected, found=each.found,
                fix="" if each.answer is Answer.OK else check.fix,
            )  # fmt: skip
    except ClientError as error:
        code = error.response["Error"]["Code"]
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if resource is not None and _GONE.search(code):
            raise Missing from None
        if _DENIED.search(code):
            found, fix = f"refused ({code})", f"Allow the caller {error.operation_name}; see the message of AWS."
        elif _UNANSWERED.search(code) or status == 501:
            found, fix = f"not answered here ({error.operation_name})", "Ask on real AWS."
        else:
            raise
        yield _result(check, Answer.UNREADABLE, subject=name, what=error.operation_name, found=found, fix=fix)


def _result(check: Check, answer: Answer, **members: object) -> Result:
    blank = {"subject": "", "what": "", "expected": None, "found": None, "fix": ""}
    return Result(check=check.name, requirements=check.requirements, answer=answer, **{**blank, **members})  # type: ignore[arg-type]


def subject(resource: Resource) -> str:
    """A resource as the report names it: the end of its type, and what AWS calls it."""
    kind = resource.type.rpartition(":")[2]
    return (
        f"{kind} {resource.outputs.get('name') or resource.outputs.get('identifier') or resource.id or resource.name}"
    )
