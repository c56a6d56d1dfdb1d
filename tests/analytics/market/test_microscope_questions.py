"""The smaller questions of the microscope: sweeps, impact, volume by price, aligned days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from analytics.compare import aligned
from analytics.market import decimate, impact, sweep, volume_profile
from analytics.warehouse import Warehouse
from tests.analytics import made

FOCUS = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
DAY = datetime(2025, 10, 10, tzinfo=UTC)
HOUR = made.START, made.START + timedelta(hours=1)


def tape(
    prices: list[float], sides: str | list[str] = "sell", venue: str = "binance", microseconds: int = 0
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "venue": venue,
            "market": "spot",
            "symbol": "ATOM/USDT",
            "trade_id": [str(98 + place) for place in range(len(prices))],
            "ts": [made.START + timedelta(microseconds=microseconds)] * len(prices),
            "price": prices,
            "quantity_base": 1.0,
            "taker_side": sides,
            "source_id": "tape",
        }
    )


def test_the_rule_finds_the_atom_sweep(warehouse: Warehouse) -> None:
    found = sweep.by_rule(warehouse, *FOCUS)
    assert found.height == 1
    (row,) = found.iter_rows(named=True)
    assert (row["symbol"], row["trades"], row["first_price"], row["last_price"]) == (
        "ATOM/USDT",
        71,
        1.688,
        0.001,
    )
    assert (row["taker_side"], round(row["walk_pct"], 2), row["quantity_base"]) == ("sell", -99.94, 9_695.33)
    assert row["ts"].microsecond == 689_043
    assert sweep.tapes(warehouse, *FOCUS)["trades"].to_list() == [71]


def test_a_sweep_is_one_sided_long_enough_and_ends_at_its_extreme() -> None:
    down, up = list(np.linspace(10, 8, 12)), list(np.linspace(10, 12, 12))
    rows = [
        tape(down),
        tape(up, "buy", microseconds=1),
        tape(up, "sell", microseconds=2),
        tape(down, ["sell", "buy"] * 6, microseconds=3),
        tape(down[:9], microseconds=4),
        tape(list(np.linspace(10, 9.6, 12)), microseconds=5),
        tape([*down, 9.0], microseconds=6),
    ]
    warehouse = made.warehouse(trades=pl.concat(rows))
    found = sweep.by_rule(warehouse, *HOUR)
    assert found.select("taker_side", "ts").rows() == [
        ("sell", made.START),
        ("buy", made.START + timedelta(microseconds=1)),
    ]
    assert found["walk_pct"].to_list() == pytest.approx([-20, 20])
    assert sweep.by_rule(warehouse, *HOUR, walk_pct=3).height == 3
    assert sweep.by_rule(warehouse, *HOUR, prints=13).is_empty()


def test_the_value_of_a_sweep_holds_at_prices_of_billionths_of_a_dollar() -> None:
    prices = [3e-9, *[2.5e-9] * 10, 2e-9]
    warehouse = made.warehouse(trades=tape(prices).with_columns(quantity_base=pl.lit(1e6)))
    (row,) = sweep.by_rule(warehouse, *HOUR).iter_rows(named=True)
    assert row["value_quote"] == pytest.approx(0.03)
    (stamp,) = sweep.stamps(warehouse, *HOUR).iter_rows(named=True)
    assert stamp["vwap"] == pytest.approx(2.5e-9)


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
