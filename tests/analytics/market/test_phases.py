"""Phases: borders planted by hand are found, what cannot be told is refused, and the real day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from analytics.market import phase_rule, phases
from analytics.market.phase_rule import Borders, Rule
from analytics.warehouse import Warehouse
from tests.analytics import made

FOCUS = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
BITCOIN = ("binance", "perp", "BTC/USDT:USDT", "trade", "1m", "binance_um_klines_1m")
ONSET, CASCADE, LOW, AFTER, LAST = 40, 70, 90, 130, 200
DEPTH, SLID = 0.15, 0.02


def fall(seed: int = 0, noise: float = 0.00005) -> np.ndarray:
    """A price by the minute: calm, a slide of 2 % in 30 minutes, a crash to −15 % in 20 with heavy trade, and a
    straight way back to −5 %."""
    path = np.interp(np.arange(LAST) + 1, [0, ONSET, CASCADE, LOW, AFTER, LAST], [0, 0, -SLID, -DEPTH, -0.05, -0.05])
    return 100 * (1 + path) * np.exp(np.random.default_rng(seed).normal(0, noise, LAST))


def volume() -> np.ndarray:
    return np.where((np.arange(LAST) >= CASCADE) & (np.arange(LAST) < LOW + 10), 40.0, 1.0)


def bars(close: np.ndarray, traded: np.ndarray | None = None) -> pl.DataFrame:
    """The bars as `phase_rule.find` takes them."""
    rows = made.bars("binance", close, volume=volume() if traded is None else traded)
    return rows.with_columns(close_at=pl.col("ts") + timedelta(minutes=1), liquidated_usd=pl.lit(None, pl.Float64))


def planted() -> Borders:
    """Where the planted path itself crosses the stated parts of the fall, the bar counted that crosses."""
    bottom = -DEPTH + Rule.bottom * DEPTH
    down = CASCADE + (bottom + SLID) / (SLID - DEPTH) * (CASCADE - LOW) * -1
    up = LOW + (bottom + DEPTH) / (DEPTH - 0.05) * (AFTER - LOW)
    half = LOW + (Rule.regained * DEPTH) / (DEPTH - 0.05) * (AFTER - LOW)
    return Borders(ONSET, CASCADE, int(np.ceil(down)) - 1, int(np.floor(up)), int(np.ceil(half)))


@pytest.mark.parametrize("seed", range(12))
def test_planted_borders_are_found_within_one_bar(seed: int) -> None:
    found, truth = phase_rule.find(bars(fall(seed))), planted()
    assert found.refusal == ""
    for border in (*phase_rule.PHASES, "recovered"):
        assert abs(getattr(found, border) - getattr(truth, border)) <= 1, border


def page(steps: np.ndarray) -> list[float]:
    """Page's (1954) recursion, step by step: S = max(0, S + x)."""
    sums, last = [], 0.0
    for step in steps:
        last = max(0.0, last + step)
        sums.append(last)
    return sums


def test_the_sums_are_those_of_page() -> None:
    close = fall(3, noise=0.002)
    lost = -100 * np.diff(np.log(close), prepend=np.log(close[0]))
    found = phase_rule.find(bars(close))
    fast, slow = page(lost - Rule.fast), page(lost - Rule.slow)
    top = int(np.argmax(fast))
    cascade = max(place for place in range(top) if fast[place] == 0) + 1
    assert found.cascade == cascade
    assert found.onset == max(place for place in range(cascade + 1) if slow[place] == 0) + 1


def test_a_fall_without_volume_is_no_cascade_unless_liquidations_burst() -> None:
    quiet = bars(fall(), np.ones(LAST))
    assert "times the median bar" in phase_rule.find(quiet).refusal
    liquidated = pl.Series("liquidated_usd", np.where(volume() > 1, 1e6, 1e3))
    assert phase_rule.find(quiet.with_columns(liquidated)).cascade is not None


@pytest.mark.parametrize(
    ("close", "word"),
    [
        (np.full(60, 100.0), "did not move"),
        (np.linspace(100, 101, 60), "no cascade"),
        (np.where(np.arange(60) == 30, 0.0, 100.0), "zero or less"),
        (np.array([100.0, 90.0]), "too few"),
        (np.where(np.arange(60) % 3 == 1, np.nan, np.linspace(100, 50, 60)), "bars are missing"),
        (np.linspace(100, 60, 60), "begins within the first"),
    ],
)
def test_what_cannot_be_told_is_refused_in_a_sentence(close: np.ndarray, word: str) -> None:
    found = phase_rule.find(bars(close, np.ones(len(close))))
    assert word in found.refusal and found.refusal.endswith(".")
    assert found.cascade is None


def test_no_bars_at_all_are_refused(warehouse: Warehouse) -> None:
    nothing = phases.by_rule(warehouse, BITCOIN, datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC))
    assert nothing["phase"].to_list() == [None] and "too few" in nothing["refusal"][0]


def test_a_range_that_ends_at_the_low_has_no_recovery() -> None:
    found = phase_rule.find(bars(fall()[:LOW], volume()[:LOW]))
    assert found.capitulation is not None and found.recovery is None and found.recovered is None


def clock(rows: pl.DataFrame, column: str = "begins") -> dict[str, str]:
    return {phase: f"{ts:%H:%M}" for phase, ts in rows.select(rows.columns[0], column).iter_rows() if ts}


def test_bitcoin_on_the_day(warehouse: Warehouse) -> None:
    found = phases.by_rule(warehouse, BITCOIN, *FOCUS)
    assert clock(found) == {"onset": "20:50", "cascade": "21:11", "capitulation": "21:19", "recovery": "21:22"}
    assert f"{found['ends'][-1]:%H:%M}" == "21:30"
    low = found.filter(phase="capitulation").row(0, named=True)
    assert (low["lowest"], low["adl_fills"], low["liquidated_usd"]) == (101_516.5, 10_001, None)
    assert f"{low['lowest_at']:%H:%M}" == "21:20"
    assert low["source_id"] == "binance_um_klines_1m;hyperliquid_cascade_timing"
    assert found.filter(phase="onset")["adl_fills"].to_list() == [None]


def test_the_phases_do_not_overlap_and_their_changes_multiply(warehouse: Warehouse) -> None:
    found = phases.by_rule(warehouse, BITCOIN, *FOCUS)
    assert found["begins"][1:].to_list() == found["ends"][:-1].to_list()
    whole = found["price_to"][-1] / found["price_from"][0]
    assert np.prod(1 + found["change_pct"].to_numpy() / 100) == pytest.approx(whole)


def test_sensitivity_names_every_parameter_at_half_and_double(warehouse: Warehouse) -> None:
    rows = phases.sensitivity(warehouse, BITCOIN, *FOCUS)
    assert rows["parameter"].unique().sort().to_list() == ["bottom", "burst", "deep", "fast", "regained", "slow"]
    as_it_is = rows.filter((pl.col("scale") == 1) & (pl.col("border") == "cascade"))["begins"].unique()
    assert [f"{ts:%H:%M}" for ts in as_it_is] == ["21:11"]
    faster = rows.filter((pl.col("parameter") == "fast") & (pl.col("scale") == 2) & (pl.col("border") == "cascade"))
    assert f"{faster['begins'][0]:%H:%M}" == "21:15"
    assert rows.filter(pl.col("refusal").is_not_null())["begins"].is_null().all()


def test_published_phases_are_windows_and_moments_with_their_source(warehouse: Warehouse) -> None:
    published = phases.published(warehouse, "oct-10-2025")
    windows = published.filter(pl.col("ends").is_not_null())
    spans = [(f"{row['begins']:%H:%M}", f"{row['ends']:%H:%M}") for row in windows.iter_rows(named=True)]
    assert ("20:50", "21:30") in spans and ("21:30", "03:00") in spans
    assert published["begins"].is_sorted() and published["source_id"].null_count() == 0
    assert not published["label"].str.contains("16:50").any()
    assert windows["label"].is_unique().all()


def test_liquidations_of_a_complete_feed_count_and_others_do_not() -> None:
    events = pl.DataFrame(
        {
            "venue": ["bybit", "binance"],
            "market": "perp",
            "symbol": "BTC/USDT:USDT",
            "event_id": ["1", "2"],
            "ts": [made.START + timedelta(minutes=5)] * 2,
            "liquidated_side": "long",
            "notional_usd": [1000.5, 7.0],
            "mechanism": "liquidation",
            "feed": ["all", "one a second"],
            "source_id": ["feed", "cut"],
        }
    )
    regimes = pl.DataFrame(
        {
            "venue": ["bybit", "binance"],
            "feed": ["all", "one a second"],
            "valid_from": [made.START] * 2,
            "completeness": ["complete", "throttled"],
        }
    )
    warehouse = made.warehouse(
        bars=made.bars("binance", fall(), volume=volume()), liquidations=events, feed_regimes=regimes
    )
    rows = phases.measured(warehouse, made.key("binance"), made.START, made.START + timedelta(minutes=LAST))
    assert rows["liquidated_usd"].drop_nulls().to_list() == [1000.5]
    assert rows.filter(pl.col("liquidated_usd").is_not_null())["source_id"].to_list() == ["made;feed"]
