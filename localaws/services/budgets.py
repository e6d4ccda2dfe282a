"""AWS Budgets: budgets with their notifications."""

from __future__ import annotations

from localaws.emulated import refuse
from localaws.handler import Call, Props, register
from localaws.shadowed import Shadowed

REGION = "us-east-1"  # AWS Budgets is asked there, wherever the stack is
KINDS = frozenset(
    {"COST", "USAGE", "RI_UTILIZATION", "RI_COVERAGE", "SAVINGS_PLANS_UTILIZATION", "SAVINGS_PLANS_COVERAGE"}
)
MOST_EMAILS, MOST_TOPICS, MOST_NOTIFICATIONS = 10, 1, 10  # AWS Budgets API reference: quotas


@register
class Budget(Shadowed):
    """A budget; moto cannot change one, so it is made anew under the same name."""

    type = "aws:budgets/budget:Budget"
    inputs = frozenset(
        {"name", "budgetType", "timeUnit", "limitAmount", "limitUnit", "costFilters", "notifications", "tags"}
    )
    replace_on = frozenset({"name"})
    autoname = "name"

    def make(self, call: Call, inputs: Props) -> str:
        if inputs["budgetType"] not in KINDS:
            refuse("CreateBudget", "InvalidParameterException", f"BudgetType: {inputs['budgetType']} is unknown")
        budget: Props = {
            "BudgetName": inputs["name"],
            "BudgetType": inputs["budgetType"],
            "TimeUnit": inputs["timeUnit"],
            "BudgetLimit": {"Amount": inputs["limitAmount"], "Unit": inputs["limitUnit"]},
        }
        if inputs.get("costFilters"):
            budget["CostFilters"] = {item["name"]: item["values"] for item in inputs["costFilters"]}
        notifications = [_notification(item) for item in inputs.get("notifications") or []]
        if len(notifications) > MOST_NOTIFICATIONS:
            refuse("CreateBudget", "CreationLimitExceededException", f"at most {MOST_NOTIFICATIONS} notifications")
        call.client("budgets", REGION).create_budget(
            AccountId=call.account_id, Budget=budget, NotificationsWithSubscribers=notifications
        )
        return f"{call.account_id}:{inputs['name']}"

    def live(self, call: Call, id: str, kept: Props) -> Props | None:
        account, name = id.split(":", 1)
        budget = call.client("budgets", REGION).describe_budget(AccountId=account, BudgetName=name)["Budget"]
        return {
            "name": name,
            "accountId": account,
            "arn": f"arn:aws:budgets::{account}:budget/{name}",
            "budgetType": budget["BudgetType"],
            "timeUnit": budget["TimeUnit"],
            "limitAmount": budget["BudgetLimit"]["Amount"],
            "limitUnit": budget["BudgetLimit"]["Unit"],
        }

    def change(self, call: Call, id: str, old: Props, new: Props) -> None:
        self.remove(call, id, old)
        self.make(call, new)

    def remove(self, call: Call, id: str, known: Props) -> None:
        account, name = id.split(":", 1)
        call.client("budgets", REGION).delete_budget(AccountId=account, BudgetName=name)


def _notification(item: Props) -> Props:
    emails, topics = item.get("subscriberEmailAddresses") or [], item.get("subscriberSnsTopicArns") or []
    if not emails and not topics:
        refuse("CreateBudget", "InvalidParameterException", "a notification has one subscriber or more")
    if len(emails) > MOST_EMAILS or len(topics) > MOST_TOPICS:
        text = f"a notification has at most {MOST_EMAILS} e-mail addresses and {MOST_TOPICS} topic"
        refuse("CreateBudget", "CreationLimitExceededException", text)
    return {
        "Notification": {
            "NotificationType": item["notificationType"],
            "ComparisonOperator": item["comparisonOperator"],
            "Threshold": item["threshold"],
            "ThresholdType": item["thresholdType"],
        },
        "Subscribers": [
            *({"SubscriptionType": "EMAIL", "Address": address} for address in emails),
            *({"SubscriptionType": "SNS", "Address": arn} for arn in topics),
        ],
    }
