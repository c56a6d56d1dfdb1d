"""What is due, what was missed, and what a clock that moves does to it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.config import Settings
from pipelines.schedule import is_missed, last_run, trigger

HOURLY = trigger(Settings(), "hourly")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "now", "missed"),
    [
        (None, "2026-11-22T10:00", True),
        ("2026-11-22T10:07:01", "2026-11-22T11:06:59", False),
        ("2026-11-22T10:07:01", "2026-11-22T11:07:00", True),
        ("2026-11-15T10:07:01", "2026-11-22T10:00", True),
        ("2026-11-22T12:00", "2026-11-22T10:00", False),
        ("2024-02-28T23:30", "2024-02-29T00:06", False),
        ("2024-02-28T23:30", "2024-02-29T00:08", True),
    ],
)
def test_missed_runs(last: str | None, now: str, missed: bool) -> None:
    assert is_missed(HOURLY, at(last) if last else None, at(now)) is missed


@given(st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)), st.timedeltas(timedelta(0), timedelta(days=3)))
def test_a_day_of_runs_has_no_hole_and_no_double(now: datetime, gap: timedelta) -> None:
    """Whatever the gap, running once makes nothing missed any more."""
    now = now.replace(tzinfo=UTC)
    if is_missed(HOURLY, now - gap, now):
        assert not is_missed(HOURLY, now, now)


def test_daylight_saving_moves_nothing() -> None:
    daily = trigger(Settings(), "daily")
    first = daily.get_next_fire_time(None, at("2026-03-28T12:00"))
    second = daily.get_next_fire_time(None, at("2026-03-29T12:00"))
    assert second - first == timedelta(days=1)


def test_a_cron_expression_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRASHDAY_SCHEDULE_HOURLY", "31 * * * *")
    assert trigger(Settings(), "hourly").get_next_fire_time(None, at("2026-11-22T10:00")) == at("2026-11-22T10:31")


def test_the_last_run_is_read_from_the_log_and_a_torn_line_is_ignored(tmp_path: Path) -> None:
    lines = [
        {"loader": loader, "started_at": started}
        for loader, started in (
            ("binance_klines", "2026-11-20T03:20:00+00:00"),
            ("binance_klines", "2026-11-21T03:20:00+00:00"),
            ("reference_pack", "2026-11-22T00:00:00+00:00"),
        )
    ]
    (tmp_path / "runs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"loader": "binance')
    assert last_run(tmp_path, "daily") == at("2026-11-21T03:20")
    assert last_run(tmp_path / "nowhere", "daily") is None
