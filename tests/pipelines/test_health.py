"""How the sources are doing, by the log of runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import health as watch
from pipelines.refreshing.outcome import Outcome

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def tried(folder: Path, source: str, *runs: tuple[int, str]) -> None:
    """Runs of a source, each so many hours ago and with this outcome."""
    for hours, outcome in runs:
        moment = NOW - timedelta(hours=hours)
        why = "why not" if outcome in ("failed", "skipped") else None
        watch.note(folder, [Outcome("run", source, moment, moment, outcome, error=why)])


@pytest.mark.parametrize(
    ("source", "hours", "stale"),
    [
        ("binance_klines", 50, False),
        ("binance_klines", 51, True),
        ("okx_liquidations", 4, False),
        ("okx_liquidations", 5, True),
        ("recorded_okx", 1, False),
        ("recorded_okx", 2, True),
    ],
)
def test_a_source_is_stale_when_its_last_success_is_older_than_its_group_promises(
    tmp_path: Path, source: str, hours: int, stale: bool
) -> None:
    tried(tmp_path, source, (hours, "loaded"), (0, "failed"))
    (health,) = watch.health(tmp_path, NOW)
    assert health.stale is stale
    assert (health.last_success, health.error) == (NOW - timedelta(hours=hours), "why not")


def test_a_source_that_never_worked_is_stale(tmp_path: Path) -> None:
    tried(tmp_path, "binance_klines", (1, "failed"))
    (health,) = watch.health(tmp_path, NOW)
    assert health.stale and health.last_success is None


def test_a_source_without_its_key_is_neither_stale_nor_failing(tmp_path: Path) -> None:
    tried(tmp_path, "coinalyze", (60, "skipped"), (0, "skipped"))
    assert watch.health(tmp_path, NOW) == []


def test_news_are_what_changed(tmp_path: Path) -> None:
    tried(tmp_path, "binance_klines", (3, "loaded"))
    tried(tmp_path, "okx_liquidations", (3, "failed"))
    before = watch.health(tmp_path, NOW)
    tried(tmp_path, "binance_klines", (0, "failed"))
    tried(tmp_path, "okx_liquidations", (0, "loaded"))
    after = watch.health(tmp_path, NOW)
    assert watch.news(before, after) == ["binance_klines failed: why not", "okx_liquidations works again."]
    assert watch.news(after, after) == []


@pytest.mark.parametrize(
    ("runs", "since"),
    [([], None), ([(9, "failed"), (5, "failed")], 9), ([(9, "loaded"), (5, "unchanged"), (2, "failed")], 5)],
)
def test_a_source_may_lack_data_since_it_last_worked_or_was_first_tried(
    tmp_path: Path, runs: list[tuple[int, str]], since: int | None
) -> None:
    tried(tmp_path, "binance_klines", *runs)
    expected = None if since is None else NOW - timedelta(hours=since)
    assert watch.since(tmp_path, "binance_klines") == expected
