"""What was open, how far coins fell and came back, which minutes jumped, and what marks, books and funds did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from analytics.liquidations import turnover
from analytics.market import depth_of_day, funds, jumps, mark_shield, open_interest, prices, quotes_apart, recovery
from analytics.warehouse import Warehouse

T0 = datetime(2025, 10, 10, 20, 50, tzinfo=UTC)
START, END = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
DAY, NEXT = datetime(2025, 10, 10, tzinfo=UTC), datetime(2025, 10, 11, tzinfo=UTC)
QUIET = datetime(2024, 1, 1, tzinfo=UTC)


def test_open_interest_fell_by_half_on_hyperliquid_and_rose_on_deribit(warehouse: Warehouse) -> None:
    venues = open_interest.by_venue(warehouse, T0)
    change = {row["venue"]: round(row["change_pct"], 1) for row in venues.iter_rows(named=True)}
    assert venues.height == 21 and venues["venue"][0] == "hyperliquid" and venues["venue"][-1] == "deribit"
    assert (change["hyperliquid"], change["binance"], change["bybit"], change["deribit"]) == (-50.2, -24.8, -28.0, 10.1)
    assert set(venues["before_ts"]) == {datetime(2025, 10, 10, 20, tzinfo=UTC)} and set(venues["after_ts"]) == {NEXT}
    assert (venues["net_change_pct"] > venues["change_pct"]).all()  # every price fell between the two moments


def test_the_venues_add_up_to_the_published_sum_and_coins_fell_less_than_dollars(warehouse: Warehouse) -> None:
    coins = open_interest.by_coin(warehouse, T0)
    bitcoin = coins.row(by_predicate=pl.col("symbol") == "BTC", named=True)
    published = open_interest.all_venues(warehouse, "BTC", T0 - timedelta(hours=1), T0)
    assert round(bitcoin["before_usd"] / 1e9, 2) == round(published["open_usd"][0] / 1e9, 2) == 85.77
    assert coins["symbol"].to_list() == ["BTC", "ETH", "SOL", "XRP"]
    assert (coins["base_change_pct"] > coins["change_pct"]).all()


def test_options_stand_apart_and_other_days_have_none(warehouse: Warehouse) -> None:
    options = open_interest.by_venue(warehouse, T0, "options")
    assert options.height == 5 and not set(options["scope"]) & set(open_interest.by_venue(warehouse, T0)["scope"])
    assert open_interest.by_venue(warehouse, QUIET).is_empty() and open_interest.by_coin(warehouse, QUIET).is_empty()


def test_liquidations_over_what_was_open(warehouse: Warehouse) -> None:
    pairs = turnover.over_open_interest(warehouse, "oct-10-2025")
    part = {scope: rows["part_pct"].round(1).to_list() for (scope,), rows in pairs.group_by("scope")}
    assert part == {"all|liquidations": [8.1, 8.2, 8.7], "hyperliquid|liquidations": [74.7], "hyperliquid|ADL": [15.2]}
    assert turnover.over_open_interest(warehouse, "mar-12-2020").is_empty()


def test_every_venue_has_its_own_fall_and_recovery(warehouse: Warehouse) -> None:
    venues = recovery.by_venue(warehouse, T0, START, END)
    found = {(row["venue"], row["market"]): row for row in venues.iter_rows(named=True)}
    assert found["binance", "coin-margined"]["median_drop_pct"] == pytest.approx(74.9, abs=0.1)
    assert found["gemini", "spot"]["coins"] == 17 and found["gemini", "spot"]["regained"] == 14
    bitcoin = recovery.by_market(warehouse, T0, START, END).filter(symbol="BTC/USDT:USDT").row(0, named=True)
    assert (bitcoin["low"], f"{bitcoin['low_ts']:%H:%M}", bitcoin["half_minutes"]) == (101_516.5, "21:20", 9)
    assert recovery.by_venue(warehouse, QUIET, QUIET, QUIET + timedelta(hours=2)).is_empty()


def test_half_is_never_regained_before_the_low(warehouse: Warehouse) -> None:
    markets = recovery.by_market(warehouse, T0, START, END)
    assert (markets["half_minutes"].drop_nulls() > 0).all() and markets["half_minutes"].null_count() > 0


def test_one_coin_has_other_lows_in_other_dollars(warehouse: Warehouse) -> None:
    rows = quotes_apart.lows(warehouse, DAY, NEXT, coins=2)
    assert rows.filter(rank=1).select("base", "quote", "low").rows() == [
        ("ATOM", "USDT", 0.001),
        ("ATOM", "FDUSD", 1.299),
        ("ATOM", "USDC", 1.561),
    ]
    assert not set(rows["base"]) & set(quotes_apart.DOLLAR_TOKENS)


def minutes(warehouse: Warehouse) -> pl.DataFrame:
    return jumps.by_minute(warehouse, ("binance", "perp", "BTC/USDT:USDT", "trade", "1m"), START, END)


def test_two_minutes_jumped(warehouse: Warehouse) -> None:
    found = minutes(warehouse).filter("jump")
    assert [f"{ts:%H:%M}" for ts in found["ts"]] == ["21:16", "21:19"]
    assert (found["least_times"] > found["critical"]).all()


def test_a_series_without_jumps_hardly_ever_shows_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred random walks of two hours, made by another model than the test's own: their volatility moves. As many
    as the page says may show a jump all the same."""
    random, found = np.random.default_rng(7), 0
    for _ in range(200):
        scale = 0.001 * np.exp(np.cumsum(random.normal(0, 0.05, 120)))
        close = 100_000 * np.exp(np.cumsum(random.normal(0, 1, 120) * scale))
        bars = pl.DataFrame({"close": close, "ts": [START + timedelta(minutes=n) for n in range(120)]}).with_columns(
            venue=pl.lit("made"), symbol=pl.lit("BTC/USD"), source_id=pl.lit("made")
        )
        monkeypatch.setattr(prices, "bars", lambda *_, bars=bars: bars)
        walk = jumps.by_minute(None, ("made", "spot", "BTC/USD", "trade", "1m"), START, END)  # type: ignore[arg-type]
        found += bool(walk.filter("jump").height)
    assert 2 <= found <= 20


def test_a_jump_put_into_a_calm_series_is_found_and_a_gap_is_not_taken_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = np.random.default_rng(7).normal(0, 0.001, 120)
    steps[70] = 0.02
    bars = pl.DataFrame(
        {"close": 100 * np.exp(np.cumsum(steps)), "ts": [START + timedelta(minutes=n) for n in range(120)]}
    ).with_columns(venue=pl.lit("made"), symbol=pl.lit("BTC/USD"), source_id=pl.lit("made"))
    market = ("made", "spot", "BTC/USD", "trade", "1m")
    monkeypatch.setattr(prices, "bars", lambda *_: bars)
    assert jumps.by_minute(None, market, START, END).filter("jump")["ts"].to_list() == [bars["ts"][70]]  # type: ignore[arg-type]
    monkeypatch.setattr(prices, "bars", lambda *_: bars.filter(pl.col("ts") != bars["ts"][69]))
    assert jumps.by_minute(None, market, START, END).filter("jump").is_empty()  # type: ignore[arg-type]
    assert jumps.by_minute(None, (*market[:4], "5m"), START, END).is_empty()  # type: ignore[arg-type]


def test_the_mark_stayed_above_the_lowest_trade(warehouse: Warehouse) -> None:
    (row,) = mark_shield.lows(warehouse, START, END).iter_rows(named=True)
    assert (row["venue"], row["low"], row["interval"]) == ("binance", 101_516.5, "5m")
    assert row["above_pct"] == pytest.approx(0.356, abs=0.001)


def test_a_step_of_the_book_is_no_snapshot(warehouse: Warehouse) -> None:
    rows = depth_of_day.by_step(warehouse, "BTC", DAY, NEXT + timedelta(days=1)).filter(market="perp")
    bids = {f"{ts:%d %H}": round(bid / 1e6) for ts, bid in rows.select("ts", "bid_usd").iter_rows()}
    assert (bids["10 16"], bids["10 20"], bids["11 00"], bids["11 04"]) == (415, 203, 76, 143)
    assert set(rows["step_hours"]) == {4.0}
    assert set(depth_of_day.by_step(warehouse, "ETH", DAY, NEXT).filter(market="perp")["step_hours"]) == {8.0}


def test_funds_are_single_figures(warehouse: Warehouse) -> None:
    rows = funds.after_hours(warehouse, DAY, NEXT)
    lowest = rows.group_by("base_asset").agg(pl.col("change_pct").min().round(1)).sort("base_asset")
    assert lowest.rows() == [("ETHA", -10.8), ("IBIT", -8.0), ("SPY", -1.1)]
    assert funds.after_hours(warehouse, QUIET, QUIET + timedelta(days=1)).is_empty()
