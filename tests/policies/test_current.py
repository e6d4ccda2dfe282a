"""What rules know by name of AWS is what AWS offers: names of policies, versions, runtimes."""

# botocore has no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportArgumentType=false, reportAttributeAccessIssue=false
from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import botocore.session
import cfnlint.data
import pytest

from policies.rules import api_gateway, cloudfront, functions, search
from tests.policies.sample import READ_ON

SESSION = botocore.session.get_session()


def offered(service: str, shape: str) -> set[str]:
    """Values that a service's API takes."""
    return set(SESSION.get_service_model(service).shape_for(shape).enum)


@pytest.mark.parametrize(
    ("service", "shape", "accepted", "refused"),
    [
        ("opensearch", "TLSSecurityPolicy", search.TLS_POLICIES, {"Policy-Min-TLS-1-0-2019-07"}),
        ("apigateway", "SecurityPolicy", api_gateway.TLS_POLICIES, {"TLS_1_0"}),
        (
            "cloudfront",
            "MinimumProtocolVersion",
            cloudfront.TLS,
            {"SSLv3", "TLSv1", "TLSv1_2016", "TLSv1.1_2016", "TLSv1.2_2018", "TLSv1.2_2019"},
        ),
    ],
)
def test_every_tls_policy_on_offer_is_accepted_or_refused_on_purpose(
    service: str, shape: str, accepted: tuple[str, ...], refused: set[str]
) -> None:
    names = offered(service, shape)
    assert {name for name in names if not name.startswith(accepted)} == refused
    assert all(any(name.startswith(each) for name in names) for each in accepted)


def test_runtimes_that_have_ended_are_known_and_no_other() -> None:
    """By the dates that cfn-lint takes from the Lambda developer guide; containers have no runtime to choose."""
    file = Path(cfnlint.data.__file__).parent / "AdditionalSpecs" / "LmbdRuntimeLifecycle.json"
    ends = {name: date.fromisoformat(row["deprecated"]) for name, row in json.loads(file.read_text()).items()}
    of_functions = offered("lambda", "Runtime")
    ended = {name for name, day in ends.items() if day <= READ_ON and name in of_functions}
    assert ended == set(functions.ENDED_RUNTIMES) & of_functions
