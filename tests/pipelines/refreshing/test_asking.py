"""What the words of a refresh mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from pipelines.config import Settings
from pipelines.refreshing import asking
from tests.orders import put


def crash_day(start: datetime) -> pl.DataFrame:
    """A day as the rule proposes it: the window ends two days after it began."""
    return pl.DataFrame(
        {
            "crash_day": "today",
            "title": "Today (proposed)",
            "window_start": start - timedelta(days=1),
            "window_end": start + timedelta(days=2),
            "focus_start": start,
            "focus_end": start + timedelta(days=1),
            "status": "proposed",
            "source_id": "crashday",
            "snapshot_id": "detected",
        }
    )


def test_the_window_of_a_crash_of_today_ends_now(own: Settings) -> None:
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    put(own, crash_day(start), table="crash_days")
    asked = asking.ask(own, None, None, "today", None)
    assert asked.start == start - timedelta(days=1)
    assert asked.end == asked.now < start + timedelta(days=2)


def test_the_window_of_a_crash_of_long_ago_is_asked_for_whole(own: Settings) -> None:
    start = datetime(2025, 10, 11, tzinfo=UTC)
    put(own, crash_day(start), table="crash_days")
    assert asking.ask(own, None, None, "today", None).end == start + timedelta(days=2)


def test_no_crash_day_is_known_where_nothing_is_published(own: Settings) -> None:
    with pytest.raises(asking.WrongUse, match=r"Nothing is published yet\. Run: python -m pipelines build"):
        asking.ask(Settings(data_dir=own.data_dir / "other"), None, None, "oct-10-2025", None)
