"""The recorder as a fixture; see `recording`."""

from __future__ import annotations

import os

import pytest

from recording import ACCOUNT_ID, KEY_OF_MANAGED, REGION, Props, Recorder, Registration

__all__ = ["ACCOUNT_ID", "KEY_OF_MANAGED", "REGION", "Props", "Recorder", "Registration"]

os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"  # an Output in an f-string raises instead of printing a warning text


def pytest_configure(config: pytest.Config) -> None:
    """Importing a service of pulumi_aws also defines its deprecated classes, each of which warns."""
    deprecated = r"ignore:.* has been deprecated in favor of:DeprecationWarning:pulumi_aws\."
    config.addinivalue_line("filterwarnings", deprecated)


@pytest.fixture
def recorded() -> Recorder:
    """A fresh recorder; see `Recorder.run`."""
    return Recorder()
