"""Gaps by venue and hour: what was recorded, what was lost and why, and what nobody listened to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from analytics.data import coverage
from analytics.warehouse import Hub, Warehouse
from benchmarks.downloads import bars
from pipelines.generations.draft import Draft, exclusive
from pipelines.refreshing.validate import accept

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@contextmanager
def holding(folder: Path, table: str, rows: list[dict[str, object]]) -> Iterator[Warehouse]:
    """A warehouse with these rows and nothing else."""
    with exclusive(folder), Draft(folder) as draft:
        frame = pl.DataFrame(rows).with_columns(pl.selectors.datetime().dt.cast_time_unit("us"))
        accepted = accept(table, frame, "bytes")
        assert accepted.refused.is_empty()
        draft.insert(table, accepted.good)
        draft.publish(NOON)
    with Hub(folder).lease() as warehouse:
        yield warehouse


def span(first: float, last: float, reason: str | None = None) -> dict[str, object]:
    """A span between two minutes after noon: a gap where it has a reason."""
    return {
        "venue": "binance",
        "feed": "forceOrder (USD-M)",
        "span_start": NOON + first * MINUTE,
        "span_end": NOON + last * MINUTE,
        "state": "gap" if reason else "recorded",
        "reason": reason,
        "source_id": "recorded_binance",
    }


def test_an_hour_is_divided_into_recorded_gap_and_nobody(tmp_path: Path) -> None:
    spans = [
        span(30, 70),
        span(70, 79, "the connection ended"),
        span(79, 82),
        span(82, 88, "no sign of life for 40 s"),
        span(88, 90),
    ]
    with holding(tmp_path, "feed_coverage", spans) as warehouse:
        found = coverage.feeds_by_hour(warehouse, NOON - HOUR, NOON + 3 * HOUR)
    assert found.select("hour", "recorded_pct", "gap_pct", "gaps", "reasons").rows() == [
        (NOON, 50.0, 0.0, 0, None),
        (NOON + HOUR, 25.0, 25.0, 2, "no sign of life for 40 s; the connection ended"),
    ]
    assert found["source_id"].unique().to_list() == ["recorded_binance"]


def test_a_gap_of_several_hours_touches_each_of_them(tmp_path: Path) -> None:
    with holding(tmp_path, "feed_coverage", [span(0, 10), span(10, 150, "the recorder was not running")]) as warehouse:
        found = coverage.feeds_by_hour(warehouse, NOON, NOON + 4 * HOUR)
    assert found["gap_pct"].round(6).to_list() == [83.333333, 100.0, 50.0]


def test_shares_are_of_the_part_of_the_hour_that_is_asked_for(tmp_path: Path) -> None:
    with holding(tmp_path, "feed_coverage", [span(0, 60)]) as warehouse:
        found = coverage.feeds_by_hour(warehouse, NOON + 30 * MINUTE, NOON + 90 * MINUTE)
    assert found.select("hour", "recorded_pct").rows() == [(NOON, 100.0)]


def test_nothing_recorded_is_nothing_and_not_zero(warehouse: Warehouse) -> None:
    assert coverage.feeds_by_hour(warehouse, NOON, NOON + HOUR).is_empty()


def bar(minute: int, symbol: str = "BTC/USDT", venue: str = "binance") -> dict[str, object]:
    prices = dict.fromkeys(("open", "high", "low", "close"), 100.0)
    return {
        "venue": venue,
        "market": "spot",
        "symbol": symbol,
        "kind": "trade",
        "interval": "1m",
        "ts": NOON + minute * MINUTE,
        "source_id": "binance_klines",
        **prices,
    }


def test_missing_minutes_are_counted_between_a_markets_first_and_last_bar(tmp_path: Path) -> None:
    there = [bar(minute) for minute in range(0, 120) if minute not in (5, 6, 70)]
    there += [bar(minute, "ETH/USDT") for minute in range(50, 60)] + [bar(0, venue="okx")]
    with holding(tmp_path, "bars", there) as warehouse:
        found = coverage.bars_by_hour(warehouse, NOON - HOUR, NOON + 3 * HOUR)
    columns = ("venue", "hour", "series", "minutes", "expected", "missing")
    assert found.select(columns).rows() == [
        ("binance", NOON, 2, 68, 70, 2),
        ("binance", NOON + HOUR, 1, 59, 60, 1),
        ("okx", NOON, 1, 1, 1, 0),
    ]


def test_hours_without_any_bar_are_missing_whole(tmp_path: Path) -> None:
    with holding(tmp_path, "bars", [bar(50), bar(190)]) as warehouse:
        found = coverage.bars_by_hour(warehouse, NOON, NOON + 4 * HOUR)
    assert found.select("minutes", "expected", "missing").rows() == [(1, 10, 9), (0, 60, 60), (0, 60, 60), (1, 11, 10)]


def test_many_markets_fit_in_little_memory(tmp_path: Path) -> None:
    folder, many = tmp_path / "warehouse", 300_000
    with exclusive(folder), Draft(folder) as draft:
        draft.insert("bars", bars(draft, 0, many))
        draft.publish(NOON)
    (tmp_path / "tmp").touch()  # so that nothing can go to the disk instead
    with Hub(folder, memory="64MB").lease() as warehouse:
        assert coverage.latest_bars(warehouse)["minutes"].sum() == many


@pytest.mark.parametrize("question", [coverage.feeds_by_hour, coverage.bars_by_hour])
def test_the_embedded_day_can_be_asked(warehouse: Warehouse, question: object) -> None:
    day = datetime(2025, 10, 10, 20, tzinfo=UTC)
    found = question(warehouse, day, day + 3 * HOUR)
    assert {"venue", "name", "hour", "source_id"} <= set(found.columns)
    if question is coverage.bars_by_hour:
        assert not found.is_empty() and (found["expected"] == found["minutes"] + found["missing"]).all()
