"""What moved the price, and at which prices volume changed hands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from analytics.market import decimate, impact, volume_profile
from analytics.warehouse import Warehouse
from tests.analytics import made

FOCUS = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
DAY = datetime(2025, 10, 10, tzinfo=UTC)
HOUR = made.START, made.START + timedelta(hours=1)


def test_impact_is_that_of_amihud_as_a_ratio_of_sums() -> None:
    close = 100 * np.exp(np.cumsum(np.random.default_rng(2).normal(0, 1e-3, 60)))
    volume = np.random.default_rng(3).gamma(2, 1, 60)
    warehouse = made.warehouse(bars=made.bars("binance", close, volume=volume))
    rows = impact.windows(warehouse, made.key("binance"), *HOUR)
    assert rows.height == 12 and rows["bars"].unique().to_list() == [5]
    returns = np.abs(np.diff(np.log(close), prepend=np.log(close[0]))).reshape(12, 5).sum(axis=1)
    money = (volume * close).reshape(12, 5).sum(axis=1)
    per = 10 ** np.floor(np.log10(np.median(money)))
    expected = np.where(money >= per, 100 * returns / money * per, np.nan)
    assert rows["per_usd"].unique().to_list() == [per]
    assert rows["impact_pct"].fill_null(float("nan")).to_list() == pytest.approx(expected.tolist(), nan_ok=True)
    assert rows["volume_usd"].sum() == pytest.approx((volume * close).sum())


def test_a_minute_of_a_few_dollars_is_not_scaled_up() -> None:
    close = 100 * np.exp(np.cumsum(np.random.default_rng(2).normal(0, 1e-3, 60)))
    volume = np.where(np.arange(60) < 10, 1e-3, 50.0)
    rows = impact.windows(made.warehouse(bars=made.bars("binance", close, volume=volume)), made.key("binance"), *HOUR)
    assert rows["impact_pct"].null_count() == 2 and rows["impact_pct"][:2].null_count() == 2


def test_usde_is_not_compared_with_minutes_of_next_to_nothing(warehouse: Warehouse) -> None:
    """It read: 0.075 times the usual window."""
    key = decimate.keys(impact.markets(warehouse, "USDE", *FOCUS))[0]
    row = impact.against_before(warehouse, key, *FOCUS, datetime(2025, 10, 10, 20, 50, tzinfo=UTC)).row(0, named=True)
    assert row["usual_pct"] is None and row["times"] is None and row["windows_before"] < 3


def test_what_a_net_sum_of_takers_moves_is_a_slope_with_its_interval() -> None:
    random = np.random.default_rng(4)
    taken = random.uniform(0, 1, 60)
    close = 100 * np.exp(np.cumsum(2e-3 * (2 * taken - 1) + random.normal(0, 2e-4, 60)))
    bars = made.bars("binance", close).with_columns(taker_buy_base=pl.Series(taken))
    parts = (("first", HOUR[0], HOUR[0] + timedelta(minutes=40)), ("few", HOUR[0] + timedelta(minutes=52), HOUR[1]))
    first, few = impact.order_flow(made.warehouse(bars=bars), made.key("binance"), parts).iter_rows(named=True)
    # One bar trades one coin of about 100 dollars; all of it bought moves the price by 0.2 %.
    assert first["low_pct"] < 0.2 * first["per_usd"] / 100 < first["high_pct"] and first["identified"]
    assert few["bars"] == 8 and few["slope_pct"] is None
    unknown = bars.with_columns(taker_buy_base=pl.lit(None, pl.Float64))
    assert impact.order_flow(made.warehouse(bars=unknown), made.key("binance"), parts).is_empty()


def test_in_bitcoins_cascade_the_impact_of_flow_is_not_identified(warehouse: Warehouse) -> None:
    key = decimate.keys(impact.markets(warehouse, "BTC", *FOCUS))[0]
    at = [datetime(2025, 10, 10, *moment, tzinfo=UTC) for moment in ((20, 50), (21, 11), (21, 30), (22, 15))]
    parts = tuple(zip(("before", "in", "after"), at[:-1], at[1:], strict=True))
    rows = impact.order_flow(warehouse, key, parts)
    assert rows["identified"].to_list() == [True, False, True] and rows["per_usd"].unique().to_list() == [1e8]
    half = (rows["high_pct"] - rows["slope_pct"]).to_list()
    assert rows["slope_pct"].to_list() == pytest.approx([0.27, 1.09, 0.82], abs=0.01)
    assert half == pytest.approx([0.105, 2.5, 0.5], abs=0.01)


def test_a_window_with_few_bars_has_no_impact_and_one_without_any_is_absent() -> None:
    close = np.full(60, 100.0)
    close[5:14] = np.nan
    rows = impact.windows(made.warehouse(bars=made.bars("binance", close)), made.key("binance"), *HOUR)
    assert rows["impact_pct"].to_list()[:3] == [0.0, None, 0.0] and rows.height == 11


def test_the_worst_window_is_after_the_moment_and_the_usual_is_all_before_it() -> None:
    close = 100 * np.exp(np.cumsum(np.random.default_rng(2).normal(0, 1e-3, 60)))
    warehouse = made.warehouse(bars=made.bars("binance", close))
    before = HOUR[0] + timedelta(minutes=30)
    row = impact.against_before(warehouse, made.key("binance"), *HOUR, before).row(0, named=True)
    returns = np.abs(np.diff(np.log(close), prepend=np.log(close[0])))
    assert row["ts"] >= before and row["windows_before"] == 6
    assert row["usual_pct"] == pytest.approx(100 * returns[:30].sum() / close[:30].sum() * row["per_usd"])
    assert row["times"] == pytest.approx(row["impact_pct"] / row["usual_pct"])


def test_the_best_covered_market_comes_first(warehouse: Warehouse) -> None:
    assert impact.markets(warehouse, "BTC", *FOCUS).row(0, named=True)["symbol"] == "BTC/USDT:USDT"
    assert impact.markets(warehouse, "BTC", DAY - timedelta(days=1), DAY + timedelta(days=2))["interval"][0] == "5m"
    assert impact.markets(warehouse, "XRP", *FOCUS)["venue"].to_list() == ["gemini"]


def test_volume_by_price_adds_up_and_lies_where_it_traded() -> None:
    close = np.linspace(100, 160, 60)
    volume = np.arange(1.0, 61.0)
    levels = volume_profile.by_price(
        made.warehouse(bars=made.bars("binance", close, volume=volume)), made.key("binance"), *HOUR
    )
    assert levels["volume_base"].sum() == pytest.approx(volume.sum())
    assert (levels["taker_buy_base"] + levels["taker_sell_base"]).to_list() == pytest.approx(
        levels["volume_base"].to_list()
    )
    assert levels["price_from"].is_sorted()


def test_a_bar_is_spread_over_its_range_between_what_is_certain_and_what_is_possible() -> None:
    wide = made.bars(
        "binance",
        np.array([100.0, 160.0, 160.0]),
        low=np.array([100.0, 100.0, 159.5]),
        volume=np.array([1.0, 6.0, 3.0]),
    )
    wide = wide.with_columns(high=pl.Series([100.0, 130.0, 160.0]))
    levels = volume_profile.by_price(made.warehouse(bars=wide), made.key("binance"), *HOUR)
    assert levels["refusal"][0].startswith("60 % of the volume lies in bars")
    narrow = wide.with_columns(volume_base=pl.Series([1.0, 2.0, 7.0]))
    levels = volume_profile.by_price(made.warehouse(bars=narrow), made.key("binance"), *HOUR)
    first, last = levels.row(0, named=True), levels.row(-1, named=True)
    assert first["volume_base"] == pytest.approx(1 + 2 / 30) and (first["least_base"], first["most_base"]) == (1, 3)
    assert last["volume_base"] == last["least_base"] == last["most_base"] == 7


def test_a_side_that_is_not_known_stays_unknown_and_a_constant_price_has_no_levels() -> None:
    bars = made.bars("binance", np.linspace(100, 160, 60)).with_columns(taker_buy_base=pl.lit(None, pl.Float64))
    assert (
        volume_profile.by_price(made.warehouse(bars=bars), made.key("binance"), *HOUR)["taker_sell_base"]
        .is_null()
        .all()
    )
    still = made.warehouse(bars=made.bars("binance", np.full(60, 5.0)))
    assert volume_profile.by_price(still, made.key("binance"), *HOUR).is_empty()


def test_the_largest_seconds(warehouse: Warehouse) -> None:
    key = ("binance", "perp", "BTC/USDT:USDT", "trade", "1m", "binance_um_klines_1m")
    rows = volume_profile.largest(warehouse, key, *FOCUS)
    first = rows.row(0, named=True)
    assert (f"{first['ts']:%H:%M}", first["volume_base"], round(first["taker_sell_pct"])) == ("21:17", 10_542.102, 56)
    assert rows["volume_base"].is_sorted(descending=True) and rows.height == volume_profile.LARGEST
    assert rows["share_pct"].sum() < 100
