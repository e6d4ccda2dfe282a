"""AWS Budgets: unusual cost is an early sign of abuse, and told to those who own it."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import Config
from ..graph import Resource, Stack
from ..rule import LOW, Finding, resource_rule, stack_rule

BUDGET = "aws:budgets/budget:Budget"
GUIDE = "https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html"


@stack_rule(
    "budget-present",
    title="The account has a budget",
    severity=LOW,
    remedy="Add a Budget of type COST with a notification.",
    url=GUIDE,
)
def budget_present(stack: Stack, config: Config) -> Iterator[Finding]:
    if config.baseline and not stack.of(BUDGET):
        yield Finding(stack.root, "no Budget.")


@resource_rule(
    "budget-alerts-owned",
    types=BUDGET,
    title="Budgets tell people of the organization",
    severity=LOW,
    remedy="Add notifications to a topic, or to addresses of the pack setting mailDomains.",
    url=GUIDE,
)
def budget_alerts(resource: Resource, config: Config) -> Iterator[str]:
    notifications = resource.views("notifications")
    if not any(each.has("subscriberSnsTopicArns") or each.has("subscriberEmailAddresses") for each in notifications):
        yield "notifications tell nobody."
    for each in notifications:
        for address in each.texts("subscriberEmailAddresses"):
            if config.mail_domains and address.rpartition("@")[2] not in config.mail_domains:
                yield f"{each.where('subscriberEmailAddresses')}: an address is outside the organization's domains."
