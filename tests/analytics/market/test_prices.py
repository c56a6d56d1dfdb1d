"""Prices by venue: which bars are drawn, from which reference, and the lows that are quoted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from analytics.market import prices
from analytics.warehouse import Warehouse
from tests.analytics import made

START, END = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
DAYS = datetime(2025, 10, 9, tzinfo=UTC), datetime(2025, 10, 12, tzinfo=UTC)
T0 = datetime(2025, 10, 10, 20, 50, tzinfo=UTC)


def low_of(warehouse: Warehouse, base: str, venue: str, market: str, kind: str = "trade") -> dict[str, object]:
    rows = prices.lowest(warehouse, base, START, END, T0)
    return rows.filter(venue=venue, market=market, kind=kind).row(0, named=True)


def at(hour: int, minute: int) -> datetime:
    return datetime(2025, 10, 10, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("base", "venue", "market", "low", "minute", "quote"),
    [
        ("BTC", "binance", "perp", 101_516.5, at(21, 20), "USDT"),
        ("BTC", "bybit", "perp", 101_045.9, at(21, 20), "USDT"),
        ("ETH", "binance", "perp", 3_400.0, at(21, 20), "USDT"),
        ("ETH", "bybit", "perp", 3_311.76, at(21, 15), "USDT"),
        ("SOL", "binance", "spot", 168.79, at(21, 28), "USDT"),
        ("USDE", "binance", "spot", 0.65, at(21, 54), "USDT"),
        ("AAVE", "binance", "perp", 63.42, at(21, 21), "USD"),
        ("AAVE", "coinbase", "spot", 128.0, at(21, 20), "USD"),
        ("AAVE", "gemini", "spot", 178.3416, at(21, 29), "USD"),
    ],
)
def test_the_lows_that_are_quoted(
    warehouse: Warehouse, base: str, venue: str, market: str, low: float, minute: datetime, quote: str
) -> None:
    found = low_of(warehouse, base, venue, market)
    assert (found["low"], found["low_from"], found["quote"]) == (low, minute, quote)


def test_the_five_minute_bar_of_2120_holds_bitcoins_low(warehouse: Warehouse) -> None:
    bars = prices.bars(warehouse, (("binance", "perp", "BTC/USDT:USDT", "trade", "5m"),), *DAYS)
    assert bars.height == 864
    assert bars.row(int(bars["low"].arg_min()), named=True)["ts"] == at(21, 20)
    assert bars["low"].min() == 101_516.5


def test_the_finest_interval_that_covers_the_range_is_drawn(warehouse: Warehouse) -> None:
    def interval(start: datetime, end: datetime) -> str:
        rows = prices.paths(warehouse, "BTC", start, end)
        return rows.filter(venue="binance", market="perp", kind="trade")["interval"].unique().to_list()

    assert interval(START, END) == ["1m"]
    assert interval(*DAYS) == ["5m"]


def test_percent_is_measured_from_the_last_close_up_to_the_reference(warehouse: Warehouse) -> None:
    rows = prices.paths(warehouse, "BTC", START, END, T0).filter(venue="binance", market="perp", kind="trade")
    before = prices.bars(warehouse, (("binance", "perp", "BTC/USDT:USDT", "trade", "1m"),), START, T0)
    assert rows["reference_price"].unique().to_list() == [before["close"][-1]]
    assert rows["reference_at"].unique().to_list() == [T0]
    bar = rows.filter(ts=T0 - timedelta(minutes=1)).row(0, named=True)
    assert bar["close_pct"] == pytest.approx(100)


def test_a_coarse_bar_that_ends_after_the_reference_is_not_used(warehouse: Warehouse) -> None:
    found = low_of(warehouse, "ETH", "bybit", "perp")
    assert found["reference_at"] == at(20, 45)


def test_a_market_without_a_close_in_the_hour_before_has_no_percent(warehouse: Warehouse) -> None:
    early = datetime(2025, 10, 10, 12, 0, tzinfo=UTC)
    rows = prices.lowest(warehouse, "BTC", START, END, early)
    gemini = rows.filter(venue="gemini").row(0, named=True)
    assert gemini["reference_price"] is None and gemini["low_pct"] is None
    assert rows.filter(venue="bybit")["low_pct"][0] is not None


def test_a_minute_nobody_traded_in_is_missing(warehouse: Warehouse) -> None:
    drawn = prices.paths(warehouse, "USDE", *DAYS).filter(venue="binance", interval="1m")
    assert drawn["volume_base"].min() > 0
    assert drawn["ts"].diff().max() > timedelta(minutes=1)


def test_dollars_and_dollar_tokens_share_one_unit_and_others_stay_out(warehouse: Warehouse) -> None:
    assert prices.paths(warehouse, "BTC", START, END)["unit"].unique().to_list() == ["USD"]


def test_assets_are_those_with_more_than_a_days_range(warehouse: Warehouse) -> None:
    assets = prices.assets(warehouse, *DAYS)["base"].to_list()
    assert assets[:3] == ["BTC", "ETH", "SOL"] and len(assets) == 29
    assert "IOTX" not in assets


def test_a_range_without_bars_has_no_paths_and_no_lows(warehouse: Warehouse) -> None:
    early = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)
    assert prices.assets(warehouse, *early).is_empty()
    assert prices.paths(warehouse, "BTC", *early, early[0]).is_empty()
    assert prices.lowest(warehouse, "BTC", *early).is_empty()


def test_every_row_names_its_source(warehouse: Warehouse) -> None:
    paths = prices.paths(warehouse, "BTC", START, END, T0)
    known = warehouse.query("SELECT source_id FROM sources")
    assert paths.join(known, on="source_id", how="anti").is_empty()
    assert paths.select(pl.col("source_id").is_not_null().all()).item()


def test_a_fall_is_measured_from_the_last_close_by_the_moment() -> None:
    close = np.array([100.0, 110.0, 90.0, 95.0])
    warehouse = made.warehouse(bars=made.bars("binance", close, low=np.array([99.0, 105.0, 80.0, 90.0])))
    end = made.START + timedelta(minutes=4)
    fall = prices.fall(warehouse, "BTC", made.START, end, made.START + timedelta(minutes=2, seconds=30))
    assert fall.select("before", "low", "low_ts").rows() == [(110.0, 80.0, made.START + timedelta(minutes=2))]
    assert fall["drop_pct"].to_list() == pytest.approx([100 * (80 / 110 - 1)])
    assert fall["before_at"].to_list() == [made.START + timedelta(minutes=2)]
    early = prices.fall(warehouse, "BTC", made.START, end, made.START + timedelta(minutes=3))
    assert early.select("before", "low").rows() == [(90.0, 90.0)], "the lower low came before"
    unknown = prices.fall(warehouse, "BTC", made.START, end, None)
    assert unknown.select("before", "before_at").rows() == [(100.0, made.START)]
    assert prices.fall(warehouse, "BTC", end, end + timedelta(hours=1), None).is_empty()
