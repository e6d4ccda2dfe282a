"""Shared types: windows and retention."""

from __future__ import annotations

import pytest

from settings.base import daily_minutes, weekly_minutes, windows_overlap


@pytest.mark.requirement("ALL-14")
@pytest.mark.parametrize(
    ("daily", "weekly", "overlap"),
    [
        ("03:00-04:00", "sun:04:00-sun:05:00", False),
        ("03:00-04:01", "sun:04:00-sun:05:00", True),
        ("23:30-00:30", "mon:00:00-mon:01:00", True),
        ("23:30-00:00", "mon:00:00-mon:01:00", False),
        ("12:00-13:00", "sat:23:00-sun:00:30", False),
        ("00:00-00:40", "sat:23:00-sun:00:30", True),
    ],
)
def test_windows_that_share_a_minute_overlap(daily: str, weekly: str, overlap: bool) -> None:
    assert windows_overlap(daily, weekly) is overlap


def test_window_lengths() -> None:
    assert daily_minutes("23:30-00:30") == 60
    assert weekly_minutes("sat:23:00-sun:00:30") == 90
