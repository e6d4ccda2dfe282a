"""What all tests share."""

from __future__ import annotations

import gc

from hypothesis import HealthCheck, settings

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")  # how fast a machine is proves nothing


def pytest_collection_finish() -> None:
    """Collect garbage seldom, and never among what was imported: it takes half of the time of a build on mocks."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(500_000)
