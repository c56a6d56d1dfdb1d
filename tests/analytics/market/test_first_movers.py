"""Who moved first and how explosive it was, asked of warehouses: answers, intervals, refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from analytics.market import decimate, explosiveness, first_movers
from analytics.warehouse import Warehouse
from tests.analytics import made
from tests.analytics.market.test_hawkes import cascade

FOCUS = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
CASCADE = datetime(2025, 10, 10, 21, 15, tzinfo=UTC), datetime(2025, 10, 10, 21, 27, tzinfo=UTC)
HOUR = made.START, made.START + timedelta(hours=1)


def pairs(warehouse: Warehouse, base: str) -> list[tuple[str, decimate.Key]]:
    known = first_movers.candidates(warehouse, base, *FOCUS)
    return list(zip(known["label"], decimate.keys(known), strict=True))


def test_only_what_is_known_to_the_second_can_lead(warehouse: Warehouse) -> None:
    labels = first_movers.candidates(warehouse, "POL", *FOCUS)["label"].to_list()
    assert labels == ["Binance POL/USDT", "Coinbase POL/USD", "Gemini POL/USD", "Hyperliquid ADL fills"]
    assert first_movers.candidates(warehouse, "BTC", *FOCUS)["what"].to_list() == ["price", "adl"]
    assert first_movers.candidates(warehouse, "AAVE", *FOCUS)["what"].to_list() == ["adl"]


def test_polygon_on_binance_and_coinbase(warehouse: Warehouse) -> None:
    binance, coinbase, *_ = pairs(warehouse, "POL")
    rows = first_movers.estimates(warehouse, (binance, coinbase), *FOCUS)
    calm = rows.filter(pl.col("window_end") <= datetime(2025, 10, 10, 21, 10, tzinfo=UTC)).row(0, named=True)
    assert calm["low_s"] < 0 == calm["lag_s"] < calm["high_s"] and calm["refusal"] is None
    assert rows["lag_s"].null_count() == rows.height - 1
    assert rows.filter(pl.col("lag_s").is_null())["refusal"].null_count() == 0


def test_gemini_has_too_few_prints(warehouse: Warehouse) -> None:
    binance, _, gemini, _ = pairs(warehouse, "POL")
    rows = first_movers.estimates(warehouse, (binance, gemini), *FOCUS)
    assert rows["lag_s"].is_null().all() and "Gemini POL/USD moved 19 times" in rows["refusal"][0]


def test_a_lead_planted_in_bars_is_found_in_the_whole_and_in_its_windows() -> None:
    steps = np.random.default_rng(1).normal(0, 1e-4, 3600)
    path = 100 * np.exp(np.cumsum(steps))
    late = np.concatenate((path[:1].repeat(5), path[:-5])) * np.exp(np.random.default_rng(2).normal(0, 1e-5, 3600))
    warehouse = made.warehouse(
        bars=pl.concat([made.bars("binance", path, interval="1s"), made.bars("coinbase", late, interval="1s")])
    )
    pair = (("Early", made.key("binance", "1s")), ("Late", made.key("coinbase", "1s")))
    rows = first_movers.estimates(warehouse, pair, *HOUR)
    assert rows["lag_s"].to_list() == [5.0] * 7 and (rows["low_s"] > 0).all()
    assert rows["window_start"][0] == rows["window_start"][1] and rows["window_end"][-1] == rows["window_end"][0]
    assert rows["window_end"][1:-1].to_list() == rows["window_start"][2:].to_list()
    turned = first_movers.estimates(warehouse, pair[::-1], *HOUR)
    assert turned["lag_s"].to_list() == [-5.0] * 7
    contrast = first_movers.contrast(warehouse, pair, *HOUR)
    assert contrast.row(int(contrast["together"].arg_max()), named=True)["lag_s"] == 5


def test_deleveraging_that_follows_falls_is_found_behind_them() -> None:
    random = np.random.default_rng(3)
    steps = random.normal(0, 1e-4, 1800)
    fills = np.concatenate((np.zeros(8), np.clip(-steps[:-8] * 1e6, 0, None))).round().astype(int)
    places = np.flatnonzero(fills)
    counts = pl.DataFrame(
        {
            "venue": "hyperliquid",
            "ts": [made.START + timedelta(seconds=int(place)) for place in places],
            "adl_fills": fills[places],
            "liquidated_records": fills[places],
            "source_id": "study",
        }
    )
    warehouse = made.warehouse(
        bars=made.bars("binance", 100 * np.exp(np.cumsum(steps)), interval="1s"), liquidation_counts=counts
    )
    known = first_movers.candidates(warehouse, "BTC", *HOUR)
    price, adl = zip(known["label"], decimate.keys(known), strict=True)
    row = first_movers.estimates(warehouse, (price, adl), *HOUR).row(0, named=True)
    assert row["low_s"] <= 8 <= row["high_s"] and row["low_s"] > 0
    assert row["source_id"] == "made;study"


@pytest.mark.parametrize(
    ("second", "word"),
    [
        (np.full(1800, 5.0), "did not move"),
        (np.where(np.arange(1800) == 9, 0.0, 100 + np.arange(1800)), "zero or less"),
        (np.where(np.arange(1800) < 2, 100.0 + np.arange(1800), np.nan), "less than a minute in common"),
    ],
)
def test_bad_input_is_a_sentence(second: np.ndarray, word: str) -> None:
    first = 100 + np.cumsum(np.random.default_rng(4).normal(0, 0.01, 1800))
    rows = pl.concat([made.bars("binance", first, interval="1s"), made.bars("coinbase", second, interval="1s")])
    pair = (("One", made.key("binance", "1s")), ("Other", made.key("coinbase", "1s")))
    found = first_movers.estimates(made.warehouse(bars=rows), pair, *HOUR)
    assert word in found["refusal"][0] and found["lag_s"].is_null().all()
    assert first_movers.contrast(made.warehouse(bars=rows), pair, *HOUR).is_empty()


def liquidations(times: np.ndarray, feed: str = "all", mechanism: str = "liquidation") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "venue": "bybit",
            "market": "perp",
            "symbol": "BTC/USDT:USDT",
            "event_id": [f"{mechanism}{place}" for place in range(len(times))],
            "ts": [made.START + timedelta(microseconds=round(1e6 * second)) for second in times],
            "liquidated_side": "long",
            "notional_usd": 1.0,
            "mechanism": mechanism,
            "feed": feed,
            "source_id": "feed",
        }
    )


def regime(completeness: str, feed: str = "all") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "venue": ["bybit"],
            "feed": [feed],
            "valid_from": [made.START - timedelta(days=1)],
            "completeness": [completeness],
            "rule": ["as it says"],
        }
    )


def test_a_complete_feed_is_fitted_part_by_part_and_adl_is_not_counted() -> None:
    times = np.concatenate(
        (
            cascade(np.random.default_rng(1), 0.3, 0.2, 1.0, 1200),
            1200 + cascade(np.random.default_rng(2), 0.15, 0.8, 1.0, 2400),
        )
    )
    rows = pl.concat([liquidations(times), liquidations(np.arange(0.0, 3600, 2), mechanism="adl")])
    warehouse = made.warehouse(liquidations=rows, feed_regimes=regime("complete"))
    feeds = explosiveness.feeds(warehouse, *HOUR)
    assert feeds.select("events", "refusal").rows() == [(len(times), None)]
    change = made.START + timedelta(seconds=1200)
    parts = (("before", made.START, change), ("after", change, HOUR[1]))
    fits = explosiveness.fits(warehouse, "bybit", "all", parts)
    assert fits["events"].sum() == len(times)
    for row, truth in zip(fits.iter_rows(named=True), (0.2, 0.8), strict=True):
        assert row["branching_low"] <= truth <= row["branching_high"] and row["chance"] > 0.05
        assert row["refusal"] is None and row["constant_low"] <= row["varying"] <= row["constant_high"]
    residuals = explosiveness.residuals(warehouse, "bybit", "all", change, HOUR[1])
    assert np.corrcoef(residuals["expected"], residuals["observed"])[0, 1] > 0.98
    intensity = explosiveness.intensity(warehouse, "bybit", "all", *HOUR)
    assert intensity["events"].sum() == len(times) and intensity["venue"].unique().to_list() == ["bybit"]


def test_a_feed_whose_rate_jumps_by_itself_has_both_ratios_and_no_verdict() -> None:
    random = np.random.default_rng(3)
    jump = np.sort(np.concatenate((random.uniform(0, 3600, 300), random.uniform(2000, 2600, 700))))
    warehouse = made.warehouse(liquidations=liquidations(jump), feed_regimes=regime("complete"))
    row = explosiveness.fits(warehouse, "bybit", "all", (("whole", *HOUR),)).row(0, named=True)
    assert row["constant"] > 0.8 > 0.4 > row["varying"] and row["branching_low"] is None
    assert "cannot be told apart" in row["refusal"]


@pytest.mark.parametrize(
    ("completeness", "word"), [("throttled", "describe the limit"), ("sampled", "sample only"), ("gone", "not known")]
)
def test_a_feed_that_does_not_let_all_through_is_refused(completeness: str, word: str) -> None:
    warehouse = made.warehouse(liquidations=liquidations(np.arange(0.0, 3000, 2.3)), feed_regimes=regime(completeness))
    assert word in explosiveness.feeds(warehouse, *HOUR)["refusal"][0]
    fits = explosiveness.fits(warehouse, "bybit", "all", (("whole", *HOUR),))
    assert word in fits["refusal"][0] and fits["branching_low"].is_null().all()


def test_a_feed_without_a_regime_few_events_and_tied_stamps_are_refused() -> None:
    unknown = made.warehouse(liquidations=liquidations(np.arange(0.0, 3000, 2.3)))
    assert "not known" in explosiveness.feeds(unknown, *HOUR)["refusal"][0]
    few = made.warehouse(liquidations=liquidations(np.arange(50.0)), feed_regimes=regime("complete"))
    assert "50 events are too few" in explosiveness.feeds(few, *HOUR)["refusal"][0]
    tied = made.warehouse(liquidations=liquidations(np.repeat(np.arange(100.0), 3)), feed_regimes=regime("complete"))
    assert "share a time stamp" in explosiveness.feeds(tied, *HOUR)["refusal"][0]
    assert "share a time stamp" in explosiveness.fits(tied, "bybit", "all", (("whole", *HOUR),))["refusal"][0]


def test_counts_of_both_sides_are_refused(warehouse: Warehouse) -> None:
    feeds = explosiveness.feeds(warehouse, *CASCADE)
    assert feeds["venue"].to_list() == ["hyperliquid"] and feeds["events"].to_list() == [None]
    assert "both sides of each take-over" in feeds["refusal"][0]
    assert explosiveness.residuals(warehouse, "hyperliquid", "counts of a study", *CASCADE).is_empty()
