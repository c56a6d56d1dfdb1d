"""Crash days proposed by the data: against a day's own past, once, and never over a curated day."""

from __future__ import annotations

import errno
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.config import DetectionRule, Settings
from pipelines.detect import DRAWDOWNS, outliers, propose, proposed
from pipelines.generations.draft import Draft, exclusive
from pipelines.refreshing.build import build
from pipelines.refreshing.validate import accept

RULE = DetectionRule()
FIRST = date(2027, 1, 1)
FIRST_HOUR = datetime(2027, 1, 1, tzinfo=UTC)


def daily(values: list[float]) -> pl.DataFrame:
    days = [FIRST + timedelta(days=number) for number in range(len(values))]
    return pl.DataFrame(
        {"series": "s", "day": days, "value": values, "moment": None},
        schema_overrides={"moment": pl.Datetime("us", "UTC")},
    )


def quiet(days: int) -> list[float]:
    return [2.0 + 0.1 * (number % 5) for number in range(days)]


def test_a_day_far_above_its_own_past_is_an_outlier() -> None:
    assert outliers(daily([*quiet(30), 13.0]), RULE)["day"].to_list() == [FIRST + timedelta(days=30)]


@pytest.mark.parametrize("values", [[], [13.0], [*quiet(19), 13.0], [*quiet(30), 2.6], [*quiet(30), 7.9], [0.0] * 25])
def test_nothing_is_proposed_without_enough_past_or_enough_distance(values: list[float]) -> None:
    assert outliers(daily(values), RULE).is_empty()


def test_a_calm_year_after_a_crash_is_measured_against_itself() -> None:
    """The crash leaves the trailing window and does not hide the next one."""
    values = [*quiet(30), 13.0, *quiet(120), 12.0]
    assert outliers(daily(values), RULE)["value"].to_list() == [13.0, 12.0]


def bars(crash_on: date | None, days: int = 30) -> pl.DataFrame:
    rows = []
    for number in range(days):
        start = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(days=number)
        for hour in range(24):
            fall = 15.0 if start.date() == crash_on and hour == 21 else 0.0
            price = 100.0 + (hour % 3) * 0.5
            rows.append(
                {
                    "ts": start + timedelta(hours=hour),
                    "open": price,
                    "high": price + 0.5,
                    "low": price - 0.5 - fall,
                    "close": price,
                }
            )
    labels = {
        "venue": "binance",
        "market": "spot",
        "symbol": "BTC/USDT",
        "kind": "trade",
        "interval": "1h",
        "source_id": "binance_klines",
    }
    return pl.DataFrame(rows).with_columns(
        pl.col("ts").dt.cast_time_unit("us"), *(pl.lit(value).alias(name) for name, value in labels.items())
    )


def test_a_crash_in_the_bars_becomes_a_proposed_day_the_pages_can_show(tmp_path: Path) -> None:
    day = FIRST + timedelta(days=28)
    with Draft(tmp_path) as draft:
        draft.insert("bars", accept("bars", bars(day), "x").good)
        propose(draft, RULE)
        propose(draft, RULE)
        (row,) = draft.rows("SELECT * FROM crash_days").iter_rows(named=True)
    assert row["crash_day"] == "jan-29-2027"
    assert row["status"] == "proposed"
    assert row["focus_start"] < datetime(2027, 1, 29, 21, tzinfo=UTC) < row["focus_end"]
    assert "times the trailing median" in row["note"]


def test_a_quiet_month_proposes_nothing(tmp_path: Path) -> None:
    with Draft(tmp_path) as draft:
        draft.insert("bars", accept("bars", bars(None), "x").good)
        propose(draft, RULE)
        assert draft.rows("SELECT * FROM crash_days").is_empty()


def hour(at: int, open: float, high: float, low: float, close: float) -> dict[str, object]:
    return {"ts": FIRST_HOUR + timedelta(hours=at), "open": open, "high": high, "low": low, "close": close}


@pytest.mark.parametrize(
    ("hours", "fallen"),
    [
        ([hour(0, 100, 110, 100, 110), hour(1, 110, 125, 110, 125)], 0),
        ([hour(0, 100, 120, 90, 120)], 10),
        ([hour(0, 100, 120, 100, 105)], 12.5),
        ([hour(0, 100, 110, 100, 110), hour(1, 108, 109, 88, 100)], 20),
        ([hour(0, 100, 120, 90, 120), hour(24, 80, 80, 80, 80)], 10),
    ],
    ids=["a rally", "a low under its own open", "a close under its own high", "a low after a high", "another day"],
)
def test_a_fall_is_from_a_high_to_what_came_after_it(
    tmp_path: Path, hours: list[dict[str, object]], fallen: float
) -> None:
    labels = bars(None, 1).drop("ts", "open", "high", "low", "close").head(1)
    priced = pl.DataFrame(hours).with_columns(pl.col("open", "high", "low", "close").cast(float))
    with Draft(tmp_path) as draft:
        draft.insert("bars", accept("bars", priced.join(labels, how="cross"), "x").good)
        found = draft.rows(DRAWDOWNS).sort("day")
    assert found["value"][0] == pytest.approx(fallen)


def test_a_curated_day_is_not_proposed_again(tmp_path: Path) -> None:
    day = FIRST + timedelta(days=28)
    start = datetime(2027, 1, 29, tzinfo=UTC)
    curated = {
        "crash_day": "mine",
        "title": "Mine",
        "window_start": start,
        "window_end": start + timedelta(days=1),
        "focus_start": start,
        "focus_end": start + timedelta(days=1),
        "t0": None,
        "status": "curated",
        "note": None,
        "source_id": "crashday",
        "snapshot_id": "x",
    }
    with Draft(tmp_path) as draft:
        draft.insert("bars", accept("bars", bars(day), "x").good)
        draft.insert("crash_days", pl.DataFrame([curated], schema=draft.rows("SELECT * FROM crash_days").schema))
        propose(draft, RULE)
        assert draft.rows("SELECT crash_day FROM crash_days")["crash_day"].to_list() == ["mine"]


def test_what_is_proposed_is_read_from_what_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert proposed(tmp_path) == {}
    with Draft(tmp_path) as draft:
        draft.insert("bars", accept("bars", bars(FIRST + timedelta(days=28)), "x").good)
        propose(draft, RULE)
        assert proposed(tmp_path) == {}
        draft.publish(datetime(2027, 2, 1, tzinfo=UTC))
    (day,) = proposed(tmp_path).items()
    assert day[0] == "jan-29-2027" and day[1].startswith("Proposed by the detection rule: ")
    monkeypatch.setattr("pipelines.generations.readers.layout", lambda: "of another version")
    assert proposed(tmp_path) == {}


@pytest.mark.parametrize(
    "error", [KeyError("median"), duckdb.OutOfMemoryException("no more"), pl.exceptions.PanicException("as Rust does")]
)
def test_a_rule_that_fails_stops_no_publication_and_leaves_what_was_proposed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def failing(*_: object) -> None:
        raise error

    settings = Settings(data_dir=tmp_path)
    with exclusive(settings.warehouse_dir), Draft(settings.warehouse_dir) as draft:
        draft.insert("bars", accept("bars", bars(FIRST + timedelta(days=28)), "x").good)
        propose(draft, RULE)
        draft.publish(datetime(2027, 2, 1, tzinfo=UTC))
    monkeypatch.setattr("pipelines.detect.outliers", failing)
    generation, (embedded, detection) = build(settings)
    assert generation is not None and embedded.outcome == "loaded"
    assert (detection.loader, detection.outcome) == ("detection", "failed")
    assert type(error).__name__ in str(detection.error) and "\n" not in str(detection.error)
    assert list(proposed(settings.warehouse_dir)) == ["jan-29-2027"]


def test_a_full_disk_still_stops_the_refresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pipelines.detect.outliers", failing)
    with pytest.raises(OSError, match="No space left"):
        build(Settings(data_dir=tmp_path))
