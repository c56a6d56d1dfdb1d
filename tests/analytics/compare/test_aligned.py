"""Days laid over each other at their own T0, in their own σ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from analytics.compare import aligned
from analytics.warehouse import Warehouse
from tests.analytics import made

FOCUS = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
DAY = datetime(2025, 10, 10, tzinfo=UTC)


def crash_days(*t0: datetime | None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "crash_day": [f"day-{place}" for place in range(len(t0))],
            "title": [f"Day {place}" for place in range(len(t0))],
            "window_start": [(moment or made.START) - timedelta(days=1) for moment in t0],
            "window_end": [(moment or made.START) + timedelta(days=1) for moment in t0],
            "focus_start": [(moment or made.START) - timedelta(minutes=30) for moment in t0],
            "focus_end": [(moment or made.START) + timedelta(hours=2) for moment in t0],
            "t0": list(t0),
            "source_id": "days",
        },
        schema_overrides={"t0": pl.Datetime("us", "UTC")},
    )


def test_days_are_laid_over_each_other_at_their_own_t0_in_their_own_sigma() -> None:
    minutes = 27 * 60
    frames, moments = [], []
    for place, (calm, fall) in enumerate(((0.001, 0.9), (0.003, 0.7))):
        start = made.START + timedelta(days=10 * place)
        moments.append(start + timedelta(hours=24))
        returns = np.random.default_rng(place).normal(0, calm, minutes)
        returns[24 * 60 :] = 0
        returns[24 * 60 + 10] = np.log(fall)
        frames.append(made.bars("binance", 100 * np.exp(np.cumsum(returns)), start=start))
    warehouse = made.warehouse(bars=pl.concat(frames), crash_days=crash_days(*moments, None))
    days = aligned.days(warehouse, "BTC")
    known = days.filter(pl.col("refusal").is_null()).sort("t0")
    assert known["lowest_pct"].to_list() == pytest.approx([-10, -30], rel=1e-6)
    assert known["lowest_minutes"].to_list() == [10, 10]
    # σ of an hour: the standard deviation of minute returns times the root of 60, whatever the price.
    assert known["sigma_pct"].to_list() == pytest.approx([100 * 0.001 * 60**0.5, 100 * 0.003 * 60**0.5], rel=0.05)
    by_the_day = -known["lowest_pct"] / known["sigma_pct"]
    assert (known["sigmas_low"] <= by_the_day).all() and (by_the_day <= known["sigmas_high"]).all()
    assert days["refusal"].drop_nulls().to_list() == ["No T0 is set for this day."]
    paths = aligned.paths(warehouse, "BTC")
    assert paths.filter(minutes=0)["change_pct"].to_list() == [0, 0]
    assert set(paths["crash_day"]) == {"day-0", "day-1"}


def test_only_one_day_has_bars_now_and_the_others_say_why(warehouse: Warehouse) -> None:
    days = aligned.days(warehouse, "BTC")
    assert days.filter(pl.col("refusal").is_null())["crash_day"].to_list() == ["oct-10-2025"]
    assert days["lowest_pct"][0] == pytest.approx(100 * (101_516.5 / 116_830.3 - 1))
    assert aligned.paths(warehouse, "NONE").is_empty()


def test_sizes_are_not_known_and_the_break_of_measurement_is_counted(warehouse: Warehouse) -> None:
    sizes = aligned.sizes(warehouse)
    assert sizes["per_open_interest_pct"].is_null().all() and sizes["per_volume_pct"].is_null().all()
    counts = dict(sizes.select("crash_day", "measurement").iter_rows())
    assert counts["oct-10-2025"] > counts["may-19-2021"]


def test_sizes_over_open_interest_where_it_is_kept() -> None:
    moment = made.START
    reports = pl.DataFrame(
        {
            "metric": "liquidations",
            "crash_day": ["day-0", "day-1"],
            "venue": "all",
            "asset": "all",
            "side": "total",
            "phase": "crash",
            "counting": "floor",
            "value": [2e9, 5e9],
            "board": ["a", "b"],
            "origin": "one",
            "universe": "all",
            "confidence": "high",
            "as_of": [moment, moment],
            "source_id": "list",
        }
    )
    days = crash_days(moment, moment + timedelta(days=50))
    interest = pl.DataFrame(
        {
            "venue": "all",
            "symbol": "all",
            "ts": [moment - timedelta(days=1, hours=2)],
            "open_interest_usd": [1e11],
            "source_id": "oi",
        }
    )
    sizes = aligned.sizes(made.warehouse(crash_days=days, liquidation_reports=reports, open_interest=interest))
    assert sizes.sort("crash_day")["per_open_interest_pct"].to_list() == [2.0, None]


def test_lows_in_sigmas_of_the_own_past_or_not_known(warehouse: Warehouse) -> None:
    assert aligned.lows_in_sigmas(warehouse, "USDT", DAY)["sigmas"].is_null().all()
    returns = np.random.default_rng(5).normal(0, 0.02, 200)
    close = 100 * np.exp(np.cumsum(returns))
    days = made.bars("binance", close, start=made.START).with_columns(
        ts=pl.Series([DAY - timedelta(days=200 - place) for place in range(200)]), interval=pl.lit("1d")
    )
    last = days.tail(1).with_columns(
        ts=pl.lit(DAY).cast(pl.Datetime("us", "UTC")), low=pl.lit(float(close[-1]) * 0.5), high=pl.lit(float(close[-1]))
    )
    short = pl.concat([days.tail(20), last]).with_columns(symbol=pl.lit("NEW/USDT"))
    rows = aligned.lows_in_sigmas(made.warehouse(bars=pl.concat([days, last, short])), "USDT", DAY)
    old, new = rows.row(0, named=True), rows.row(1, named=True)
    assert old["sigmas"] == pytest.approx(np.log(0.5) / np.std(returns[1:], ddof=1)) and old[
        "fall_pct"
    ] == pytest.approx(-50)
    assert (new["symbol"], new["sigmas"], new["days"]) == ("NEW/USDT", None, 0)
