"""Building a stack imports `pulumi_aws`, as the unit tests do; its deprecated classes warn here too."""

from tests.unit.conftest import pytest_configure

__all__ = ["pytest_configure"]
