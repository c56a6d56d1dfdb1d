"""What the embedded series of prices, open interest, funding and depth add up to, and how bad rows of them are
refused."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.warehouse import Warehouse
from pipelines.config import ROOT
from pipelines.refreshing.validate import accept

CRASH = "2025-10-10T20:00:00Z", "2025-10-11T00:00:00Z"
BY_VENUE = "coinglass_open_interest_4h"


def read(table: str) -> pl.DataFrame:
    return pl.read_csv(ROOT / "data" / "reference" / f"{table}.csv", infer_schema_length=None)


@pytest.fixture(scope="module")
def bars() -> pl.DataFrame:
    return read("bars").with_columns(pl.col("ts").str.to_datetime("%Y-%m-%dT%H:%M:%SZ"))


def added_up(bars: pl.DataFrame, venue: str, base: str, interval: str, longer: str) -> pl.DataFrame:
    """Bars of one perpetual merged into longer ones."""
    own = (pl.col("venue") == venue) & (pl.col("symbol") == f"{base}/USDT:USDT") & (pl.col("kind") == "trade")
    return (
        bars.filter(own & (pl.col("interval") == interval))
        .sort("ts")
        .group_by(pl.col("ts").dt.truncate(longer), maintain_order=True)
        .agg(
            pl.first("open"),
            pl.max("high"),
            pl.min("low"),
            pl.last("close"),
            pl.col("volume_base").sum().round(6),
        )
        .join(
            bars.filter(own & (pl.col("interval") == longer)).with_columns(pl.col("volume_base").round(6)),
            on="ts",
            suffix="_long",
        )
    )


def equal(rows: pl.DataFrame) -> int:
    """How many merged bars are the long one, in price and volume."""
    columns = ("open", "high", "low", "close", "volume_base")
    return rows.filter(
        pl.all_horizontal((pl.col(name) - pl.col(f"{name}_long")).abs() < 1e-6 for name in columns)
    ).height


def test_bybits_five_minute_bars_add_up_to_those_of_fifteen(bars: pl.DataFrame) -> None:
    assert equal(added_up(bars, "bybit", "BTC", "5m", "15m")) == 288


def test_hourly_bars_equal_the_shorter_ones(bars: pl.DataFrame) -> None:
    assert [equal(added_up(bars, "binance", base, "5m", "1h")) for base in ("BTC", "ETH")] == [72, 72]
    assert sum(equal(added_up(bars, "bybit", base, "15m", "1h")) for base in ("BTC", "ETH", "SOL")) == 216


def test_lows_of_the_other_venues(bars: pl.DataFrame) -> None:
    def low(**wanted: str) -> tuple[float, str]:
        row = bars.filter(**wanted).sort("low", "ts").row(0, named=True)
        return row["low"], f"{row['ts']:%d %H:%M:%S}"

    october = {"source_id": "venue_candles_1h", "venue": "lighter", "symbol": "BTC/USDC:USDC"}
    assert bars.filter(**october, ts=pl.datetime(2025, 10, 10, 21))["low"].to_list() == [103_555.0]
    assert low(source_id="okx_btc_usd_index", interval="1s") == (106_211.6, "10 21:20:14")
    assert low(source_id="okx_btc_usd_index", interval="1m") == (106_211.6, "10 21:20:00")
    assert low(source_id="binance_coinm_mark_1m")[1] == "10 21:20:00"
    assert low(source_id="bybit_klines_5m", market="perp") == (101_045.9, "10 21:20:00")
    assert low(source_id="bybit_klines_5m", market="spot") == (102_329.5, "10 21:20:00")


def test_an_index_and_a_mark_are_no_trades_and_state_no_volume(bars: pl.DataFrame) -> None:
    computed = bars.filter(pl.col("source_id").is_in(["okx_btc_usd_index", "binance_coinm_mark_1m"]))
    assert set(computed["kind"]) == {"index", "mark"}
    assert computed.select("volume_base", "volume_quote", "taker_buy_base", "trades").null_count().row(0) == (
        (computed.height,) * 4
    )


def test_contracts_of_okx_are_not_taken_for_coins(bars: pl.DataFrame) -> None:
    assert bars.filter(source_id="venue_candles_1h", venue="okx")["volume_base"].null_count() == 216 * 5


def four_coins(ts: str) -> pl.DataFrame:
    rows = read("open_interest").filter(source_id=BY_VENUE, ts=ts)
    return rows.group_by("venue").agg(pl.col("open_interest_usd").sum(), coins=pl.len())


def test_the_sum_over_venues_is_the_series_of_all(warehouse: Warehouse) -> None:
    rows = read("open_interest").filter(symbol="BTC", ts=CRASH[0])
    venues = rows.filter(source_id=BY_VENUE)["open_interest_usd"].sum()
    (together,) = rows.filter(source_id="coinglass_open_interest_all_4h").iter_rows(named=True)
    assert round(venues / 1e9, 2) == round(together["open_interest_usd"] / 1e9, 2) == 85.77
    assert [round(together[name] / 1e9, 1) for name in ("low_usd", "close_usd")] == [69.8, 70.5]


def test_what_was_open_before_and_after_by_venue() -> None:
    before, after = (four_coins(ts) for ts in CRASH)
    both = before.join(after, on=["venue", "coins"], suffix="_after").with_columns(
        change=(100 * (pl.col("open_interest_usd_after") / pl.col("open_interest_usd") - 1)).round(1)
    )
    change = dict(both.select("venue", "change").iter_rows())
    expected = {"hyperliquid": -50.2, "mexc": -43.7, "bitunix": -40.2, "gate": -33.0, "bybit": -28.0, "bitget": -27.0}
    expected |= {"binance": -24.8, "okx": -15.8, "dydx": -12.2, "cme": -4.3, "deribit": 10.1}
    assert {venue: change[venue] for venue in expected} == expected


def test_claims_of_the_venues_themselves_are_marked() -> None:
    rows = read("open_interest").filter(source_id=BY_VENUE)
    assert set(rows.filter(confidence="low")["venue"]) == {"gate", "htx", "mexc", "bitunix", "whitebit"}


def test_funding_is_carried_once_and_says_its_interval() -> None:
    rates = read("funding_rates")
    assert not rates.select("venue", "symbol", "ts").is_duplicated().any()
    hours = rates.group_by("venue").agg(pl.col("interval_hours").unique().sort())
    assert dict(hours.iter_rows())["hyperliquid"] == dict(hours.iter_rows())["kraken"] == [1]
    assert set(rates.filter(pl.col("doubt").is_not_null())["venue"]) == {"lighter"}


def interest(**cells: object) -> pl.DataFrame:
    row = {"venue": "binance", "symbol": "BTC", "precision": "hour", "sides": "unknown", "instrument": "futures"}
    row |= {"open_interest_usd": 10.0, "source_id": BY_VENUE} | cells
    return pl.DataFrame([row]).with_columns(ts=pl.lit("2025-10-10T20:00:00Z").str.to_datetime(time_zone="UTC"))


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"open_interest_usd": None}, "amount_is_there"),
        ({"open_interest_usd": -1.0}, "open_interest_usd|min"),
        ({"instrument": None}, "sum_says_of_what"),
        ({"instrument": "both"}, "instrument|check__one_of"),
        ({"interval": "4h"}, "bar_in_order"),
        ({"interval": "4h", "high_usd": 12.0, "low_usd": 11.0, "close_usd": 11.5}, "bar_in_order"),
        ({"low_usd": 9.0}, "bar_in_order"),
        ({"price_usd": 0.0}, "price_usd|min_exclusive"),
    ],
)
def test_open_interest_that_cannot_be_is_refused(cells: dict[str, object], rule: str) -> None:
    accepted = accept("open_interest", interest(**cells), "made")
    assert accepted.good.is_empty() and accepted.refused["rule"].to_list() == [rule]


def test_open_interest_that_can_be_is_taken() -> None:
    bar = {"interval": "4h", "high_usd": 12.0, "low_usd": 9.0, "close_usd": 11.5}
    one_market = {"symbol": "BTC/USDT:USDT", "instrument": None}
    assert all(accept("open_interest", interest(**cells), "made").good.height for cells in ({}, bar, one_market))
