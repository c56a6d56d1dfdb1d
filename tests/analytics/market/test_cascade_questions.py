"""The questions of the cascade page: volume, funding, deleveraging, pegs, venues apart, lows, sweeps."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from analytics.market import depegs, flows, funding, lows, prices, sweep, venue_gaps
from analytics.warehouse import Warehouse
from analytics.who_paid import adl

OCT_10 = "oct-10-2025"
FOCUS = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
DAYS = datetime(2025, 10, 9, tzinfo=UTC), datetime(2025, 10, 12, tzinfo=UTC)
DAY = datetime(2025, 10, 10, tzinfo=UTC), datetime(2025, 10, 11, tzinfo=UTC)
NOTHING = datetime(2024, 8, 5, tzinfo=UTC), datetime(2024, 8, 6, tzinfo=UTC)


def at(hour: int, minute: int) -> datetime:
    return datetime(2025, 10, 10, hour, minute, tzinfo=UTC)


def of_market(warehouse: Warehouse, base: str, start: datetime, end: datetime, place: int = 0) -> pl.DataFrame:
    market = flows.markets(warehouse, base, start, end).row(place, named=True)
    return flows.by_bar(warehouse, tuple(market[column] for column in prices.LINE), start, end)


def test_the_busiest_minute_of_bitcoin_on_binance(warehouse: Warehouse) -> None:
    bars = of_market(warehouse, "BTC", *FOCUS)
    busiest = bars.row(int(bars["volume_base"].arg_max()), named=True)
    assert (busiest["venue"], busiest["symbol"], busiest["ts"]) == ("binance", "BTC/USDT:USDT", at(21, 17))
    assert busiest["volume_base"] == pytest.approx(10_542.102)


def test_bought_and_sold_add_up_to_the_volume(warehouse: Warehouse) -> None:
    bars = of_market(warehouse, "POL", *FOCUS)
    both = bars["taker_buy_base"] + bars["taker_sell_base"]
    assert both.to_list() == pytest.approx(bars["volume_base"].to_list())
    assert bars["taker_sell_base"].min() >= 0


def test_a_side_that_is_not_known_stays_unknown(warehouse: Warehouse) -> None:
    markets = flows.markets(warehouse, "ETH", *DAYS)
    assert markets["volume_base"].is_sorted(descending=True) and markets["venue"][-1] == "gemini"
    unknown = next(place for place, bars in enumerate(markets["taker_bars"]) if bars == 0)
    bars = of_market(warehouse, "ETH", *DAYS, place=unknown)
    assert bars["taker_sell_base"].null_count() == bars.height > 0


def test_mark_prices_have_no_volume_and_so_no_market(warehouse: Warehouse) -> None:
    assert flows.markets(warehouse, "XRP", *FOCUS)["venue"].to_list() == ["gemini"]
    assert flows.markets(warehouse, "BTC", *NOTHING).is_empty()
    assert flows.by_market(warehouse, "BTC", *NOTHING).is_empty()


def test_what_takers_bought_and_sold_by_market_adds_up_to_its_bars(warehouse: Warehouse) -> None:
    rows = flows.by_market(warehouse, "BTC", *FOCUS)
    assert rows.select("venue", "market").rows() == [
        ("binance", "perp"),
        ("bybit", "perp"),
        ("binance", "spot"),
        ("bybit", "spot"),
        ("lighter", "perp"),
        ("gemini", "spot"),
    ]
    bars = of_market(warehouse, "BTC", *FOCUS)
    first = rows.row(0, named=True)
    for column in ("volume_base", "taker_buy_base", "taker_sell_base"):
        assert first[column] == pytest.approx(bars[column].sum(), rel=1e-12)
    assert first["taker_sell_pct"] == pytest.approx(100 * first["taker_sell_base"] / first["volume_base"])
    assert (first["first_ts"], first["until"], first["bars"]) == (bars["ts"][0], bars["until"][-1], bars.height)
    assert rows["taker_sell_base"].is_null().to_list() == [False, True, True, True, True, False]


def test_funding_reaches_a_day_beyond_the_range_and_says_what_lies_within(warehouse: Warehouse) -> None:
    payments = funding.around(warehouse, "BTC", *FOCUS)
    assert set(payments["venue"]) == {"binance", "bybit", "hyperliquid", "kraken"}, "the unit of Lighter is not proven"
    payments = payments.filter(pl.col("interval_hours") == 8)
    assert set(payments["venue"]) == {"binance", "bybit"}
    assert not payments["in_range"].any() and payments.height == 12
    assert payments["rate_pct"].min() == pytest.approx(-0.014131, abs=1e-6)
    assert funding.around(warehouse, "BTC", *DAYS).filter(pl.col("interval_hours") == 8)["in_range"].sum() == 20
    assert funding.assets(warehouse, *FOCUS)["base"].to_list() == ["BNB", "BTC", "DOGE", "ETH", "HYPE", "SOL"]


def test_deleveraging_counts_one_side_and_equals_the_published_total(warehouse: Warehouse) -> None:
    total = adl.totals(warehouse, OCT_10).row(0, named=True)
    assert (total["venue"], total["adl_fills"]) == ("hyperliquid", 34_983)
    assert total["adl_notional_usd"] == pytest.approx(2_103_111_431, abs=1)
    assert adl.by_second(warehouse, *DAYS)["adl_fills"].sum() == 34_983
    assert adl.totals(warehouse, "aug-5-2024").is_empty()


def test_two_sided_records_come_with_the_note_that_says_so(warehouse: Warehouse) -> None:
    total = adl.totals(warehouse, OCT_10).row(0, named=True)
    assert total["records"] == 63_637 and "2 x 14,327" in total["records_note"]


def test_seconds_follow_the_range(warehouse: Warehouse) -> None:
    counts = adl.by_second(warehouse, at(21, 16), at(21, 17))
    assert counts["ts"].min() >= at(21, 16) and counts["ts"].max() < at(21, 17)
    assert adl.by_second(warehouse, at(20, 30), at(21, 15)).is_empty()


def test_coins_are_of_one_board_with_fills_and_prices(warehouse: Warehouse) -> None:
    coins = adl.by_coin(warehouse, OCT_10)
    assert coins["board"].n_unique() == 1 and coins.height == 25
    assert coins["asset"].to_list()[:3] == ["BTC", "ETH", "SOL"]
    assert coins.select("fills", "quantity_base", "vwap_usd").null_count().sum_horizontal().item() == 0
    assert coins["notional_usd"].sum() < adl.totals(warehouse, OCT_10)["adl_notional_usd"][0]


def test_usde_broke_on_the_order_book_and_not_in_the_pool(warehouse: Warehouse) -> None:
    asset = depegs.assets(warehouse, *DAYS).row(0, named=True)
    assert asset == {"asset": "USDe", "base": "USDE", "reference_value": 1.0}
    whole = {row["venue"]: row for row in depegs.facts(warehouse, "USDE", 1.0, *DAYS).iter_rows(named=True)}
    assert (whole["binance"]["low"], whole["binance"]["low_ts"]) == (0.65, at(21, 54))
    assert whole["binance"]["first_below_ts"] == at(21, 20)
    assert round(whole["uniswap"]["low"], 4) == 0.9941 and whole["uniswap"]["low_ts"] == at(23, 1)
    assert whole["uniswap"]["first_below_ts"] is None
    focus = depegs.facts(warehouse, "USDE", 1.0, *FOCUS).filter(venue="uniswap").row(0, named=True)
    assert focus["low"] >= 0.9995 and round(focus["high"], 4) == 1.0


def test_the_compensation_window_is_as_published(warehouse: Warehouse) -> None:
    windows = depegs.windows(warehouse, "USDe", *DAYS)
    assert windows.select("venue", "window_start", "window_end").rows() == [("binance", at(21, 36), at(22, 16))]


def test_published_lows_of_the_day_name_wbeth(warehouse: Warehouse) -> None:
    rows = depegs.published(warehouse, *DAYS)
    wbeth = rows.filter(asset="WBETH").row(0, named=True)
    assert (wbeth["venue"], wbeth["low"], wbeth["unit"]) == ("binance", 430.65, "USDT")
    assert depegs.published(warehouse, *NOTHING).is_empty() and depegs.assets(warehouse, *NOTHING).is_empty()


def test_eighteen_of_twentysix_assets_compare(warehouse: Warehouse) -> None:
    ranked = venue_gaps.ranking(warehouse, *FOCUS)
    compared = ranked.filter(pl.col("gap_pct").is_not_null())
    assert (ranked.height, compared.height) == (26, 18)
    assert compared["venues"].min() == 2 and ranked[18:]["venues"].max() == 1
    assert compared["gap_pct"].is_sorted(descending=True)


def test_aave_on_three_venues(warehouse: Warehouse) -> None:
    aave = venue_gaps.ranking(warehouse, *FOCUS).filter(base="AAVE").row(0, named=True)
    assert (aave["low_binance"], aave["low_coinbase"], round(aave["low_gemini"], 2)) == (63.42, 128.0, 178.34)
    assert aave["gap_pct"] == pytest.approx(100 * (1 - 63.42 / 178.3416))
    assert aave["share_gemini"] == 100 and aave["lowest_market"] == "perp"


def test_gaps_come_from_one_recorder_and_follow_the_range(warehouse: Warehouse) -> None:
    assert venue_gaps.lows(warehouse, *FOCUS)["source_id"].n_unique() == 1
    calm = venue_gaps.ranking(warehouse, at(20, 30), at(20, 40)).filter(base="AAVE")["gap_pct"][0]
    assert calm < 2
    assert venue_gaps.ranking(warehouse, *NOTHING).is_empty()


def test_day_ranges_of_all_markets_by_quote(warehouse: Warehouse) -> None:
    quotes = lows.quotes(warehouse, *DAY)
    assert quotes["markets"].sum() == 1_581 and quotes["quote"][0] == "USDT"
    markets = lows.markets(warehouse, "USDT", *DAY)
    assert markets.height == quotes["markets"][0] and markets["drop_pct"].is_sorted(descending=True)
    found = dict(markets.select("symbol", "low").iter_rows())
    assert (found["ATOM/USDT"], found["WBETH/USDT"], found["IOTX/USDT"]) == (0.001, 430.65, 0.000001)


@pytest.mark.parametrize(
    ("quote", "symbol", "peers"),
    [("TRY", "BTC/TRY", "coin"), ("FDUSD", "SUI/FDUSD", "coin"), ("USDT", "DEXE/USDT", "quote")],
)
def test_thin_prints_are_flagged_by_their_peers(warehouse: Warehouse, quote: str, symbol: str, peers: str) -> None:
    market = lows.markets(warehouse, quote, *DAY).filter(symbol=symbol).row(0, named=True)
    assert market["thin"] and market["compared_with"].endswith(peers)
    kept, peers_kept = 1 - market["drop_pct"] / 100, 1 - market["peers_drop_pct"] / 100
    assert kept < lows.THIN * peers_kept


def test_most_prints_are_not_thin(warehouse: Warehouse) -> None:
    quotes = lows.quotes(warehouse, *DAY)["quote"].to_list()
    flagged = sum(lows.markets(warehouse, quote, *DAY)["thin"].sum() for quote in quotes)
    assert 0 < flagged < 0.02 * 1_581


def test_the_atom_sweep(warehouse: Warehouse) -> None:
    stamp = sweep.stamps(warehouse, *FOCUS).row(0, named=True)
    assert (stamp["symbol"], stamp["trades"], stamp["first_price"], stamp["last_price"]) == (
        "ATOM/USDT",
        71,
        1.688,
        0.001,
    )
    assert (stamp["quantity_base"], round(stamp["value_quote"]), round(stamp["vwap"], 4)) == (9_695.33, 9_170, 0.9458)
    steps = sweep.steps(warehouse, stamp["venue"], stamp["market"], stamp["symbol"], stamp["ts"])
    assert steps.height == 71 and steps["price"].is_sorted(descending=True)
    assert steps["traded_after"][-1] == 9_695.33
    assert steps["traded_before"].to_list()[1:] == steps["traded_after"].to_list()[:-1]
    assert sweep.stamps(warehouse, *NOTHING).is_empty()


def test_other_venues_in_the_minute_of_the_sweep(warehouse: Warehouse) -> None:
    stamp = sweep.stamps(warehouse, *FOCUS).row(0, named=True)
    others = sweep.minute_lows(warehouse, "ATOM", stamp["ts"])
    assert others.height == 6
    assert others.row(-1, named=True)["venue"] == "coinbase" and others["value"].to_list()[-1] == 3.56
    assert others.filter(kind="mark").height == 1
