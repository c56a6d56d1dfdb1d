"""Venues against their composite: the rule on made prices, refusals, and the real day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from statistics import median

import numpy as np
import polars as pl
import pytest

from analytics.market import decimate, departures, dislocation
from analytics.warehouse import Warehouse
from tests.analytics import made

FOCUS = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
DAYS = datetime(2025, 10, 9, tzinfo=UTC), datetime(2025, 10, 12, tzinfo=UTC)
LENGTH = 600
END = made.START + timedelta(seconds=LENGTH)
VENUES = ("binance", "coinbase", "kraken", "gemini")


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2025, 10, 10, hour, minute, second, tzinfo=UTC)


def walk(seed: int, length: int = LENGTH, spread: float = 1e-5) -> np.ndarray:
    return 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, spread, length)))


def seconds(**closes: np.ndarray) -> Warehouse:
    return made.warehouse(bars=pl.concat([made.bars(venue, close, interval="1s") for venue, close in closes.items()]))


def left(warehouse: Warehouse, *venues: str, end: datetime = END) -> pl.DataFrame:
    chosen = tuple((venue.title(), made.key(venue, "1s")) for venue in venues)
    return departures.order(warehouse, chosen, made.START, end)


def of_day(warehouse: Warehouse, base: str, interval: str = "") -> pl.DataFrame:
    markets = dislocation.markets(warehouse, base, *FOCUS, interval=interval)
    return departures.order(warehouse, tuple(zip(markets["name"], decimate.keys(markets), strict=True)), *FOCUS)


def test_the_composite_is_the_median_of_fresh_prices() -> None:
    closes = {venue: walk(place, spread=1e-3) for place, venue in enumerate(VENUES)}
    closes["gemini"][50:] = np.nan
    closes["kraken"][200:230] = np.nan
    rows = dislocation.deviations(seconds(**closes), tuple(made.key(venue, "1s") for venue in VENUES), made.START, END)
    for second in (10, 55, 100, 205, 215, 400):
        last = {
            venue: closes[venue][max(place for place in range(second + 1) if not np.isnan(closes[venue][place]))]
            for venue in VENUES
        }
        fresh = {
            venue: price for venue, price in last.items() if not np.isnan(closes[venue][second - 9 : second + 1]).all()
        }
        at_second = rows.filter(pl.col("ts") == made.START + timedelta(seconds=second + 1))
        if len(fresh) < 3:
            assert at_second["composite"].null_count() == at_second.height
            continue
        assert at_second["composite"].unique().to_list() == pytest.approx([median(fresh.values())])
        found = dict(at_second.drop_nulls("deviation_pct").select("venue", "deviation_pct").iter_rows())
        assert found == pytest.approx(
            {venue: 100 * (price / median(fresh.values()) - 1) for venue, price in fresh.items()}
        )


def test_who_left_first_and_for_how_long() -> None:
    closes = {venue: walk(9) for venue in VENUES}
    closes["binance"] = closes["binance"] * np.where((np.arange(LENGTH) >= 300) & (np.arange(LENGTH) < 340), 0.9, 1)
    closes["coinbase"] = closes["coinbase"] * np.where(np.arange(LENGTH) >= 320, 1.05, 1)
    rows = left(seconds(**closes), *VENUES)
    first, second = rows.row(0, named=True), rows.row(1, named=True)
    assert (first["venue"], second["venue"]) == ("binance", "coinbase") and first["refusal"] is None
    assert (first["left_after"], first["left_by"]) == (
        made.START + timedelta(seconds=300),
        made.START + timedelta(seconds=301),
    )
    assert (first["bars_out"], round(first["deepest_pct"], 1)) == (40, -10)
    assert rows["left_by"][2:].null_count() == 2


def test_the_widest_is_the_furthest_off_and_of_two_venues_their_distance() -> None:
    closes = {"binance": walk(9), "coinbase": walk(9), "kraken": walk(9)}
    closes["binance"][300] *= 0.9
    found = seconds(**closes)
    keys = tuple(made.key(venue, "1s") for venue in closes)
    of_three = dislocation.widest(found, keys, made.START, END).row(0, named=True)
    assert (of_three["venue"], round(of_three["deviation_pct"], 1), of_three["apart_pct"]) == ("binance", -10, None)
    of_two = dislocation.widest(found, keys[:2], made.START, END).row(0, named=True)
    assert of_two["apart_pct"] == pytest.approx(100 * 0.1 / 0.95) and of_two["ts"] == of_three["ts"]


def test_one_print_away_is_no_leaving() -> None:
    closes = {venue: walk(9) for venue in VENUES}
    closes["binance"][300:302] *= 0.9
    assert left(seconds(**closes), *VENUES)["left_by"].null_count() == 4


def test_the_order_within_a_gap_is_not_told() -> None:
    closes = {venue: walk(9) for venue in VENUES[:3]}
    closes["kraken"][250:400] = np.nan
    closes["binance"][300:] *= 0.9
    closes["coinbase"][350:] *= 1.1
    rows = left(seconds(**closes), *VENUES[:3])
    assert (
        "cannot be told which left first" in rows["refusal"][0]
        and "Kraken has a print in 450 of 600 seconds" in rows["refusal"][0]
    )
    assert rows["left_after"][0] == made.START + timedelta(seconds=259)


@pytest.mark.parametrize(
    ("venues", "word"), [(VENUES[:1], "one venue has no composite"), (VENUES[:2], "midway between them")]
)
def test_one_or_two_venues_are_refused(venues: tuple[str, ...], word: str) -> None:
    rows = left(seconds(**{venue: walk(9) for venue in venues}), *venues)
    assert word in rows["refusal"][0]


def test_venues_that_never_trade_together_have_no_composite() -> None:
    early, late = walk(9), walk(9)
    early[300:], late[:320] = np.nan, np.nan
    warehouse = seconds(binance=early, coinbase=late, kraken=late)
    assert "three venues compare in 0 of them" in left(warehouse, *VENUES[:3])["refusal"][0]
    rows = dislocation.deviations(warehouse, tuple(made.key(venue, "1s") for venue in VENUES[:3]), made.START, END)
    assert rows["deviation_pct"].is_null().all()


def test_a_price_of_zero_is_no_price_and_is_said() -> None:
    closes = {venue: walk(9) for venue in VENUES}
    closes["binance"][100] = 0.0
    warehouse = seconds(**closes)
    assert "1 prices of zero or less" in left(warehouse, *VENUES)["refusal"][0]
    rows = dislocation.deviations(warehouse, tuple(made.key(venue, "1s") for venue in VENUES), made.START, END)
    assert rows["price"].min() > 90


def test_a_constant_price_stays_with_the_composite() -> None:
    rows = left(seconds(**dict.fromkeys(VENUES, np.full(LENGTH, 5.0))), *VENUES)
    assert "No venue stood 1 % off" in rows["refusal"][0]


def test_a_clock_that_is_off_by_an_hour_is_said() -> None:
    length = 4 * 3600
    end = made.START + timedelta(seconds=length)
    path = walk(3, length, 1e-4)
    closes = {
        venue: path * np.exp(np.random.default_rng(place).normal(0, 2e-5, length)) for place, venue in enumerate(VENUES)
    }
    assert (
        left(seconds(**closes), *VENUES, end=end)["refusal"][0] != ""
        and "clock" not in left(seconds(**closes), *VENUES, end=end)["refusal"][0]
    )
    closes["kraken"] = np.concatenate((np.full(3600, np.nan), closes["kraken"][:-3600]))
    refusal = left(seconds(**closes), *VENUES, end=end)["refusal"][0]
    assert "The moves of Kraken fit those of the others an hour" in refusal and "clock" in refusal


def test_bars_of_different_lengths_have_no_clock_in_common() -> None:
    warehouse = made.warehouse(bars=made.bars("binance", walk(1)))
    with pytest.raises(ValueError, match="no clock in common"):
        dislocation.deviations(warehouse, (made.key("binance"), made.key("coinbase", "1s")), made.START, END)


def test_one_market_a_venue_spot_before_perpetual_and_dollars_only() -> None:
    price = walk(9, 120)
    rows = [
        made.bars("binance", price),
        made.bars("binance", price, symbol="BTC/USDT:USDT", market="perp", volume=np.full(120, 99.0)),
        made.bars("coinbase", price, symbol="BTC/EUR"),
        made.bars("kraken", price, symbol="BTC/USD", kind="index"),
        made.bars("gemini", price, symbol="BTC/USD"),
    ]
    found = dislocation.markets(
        made.warehouse(bars=pl.concat(rows)), "BTC", made.START, made.START + timedelta(hours=2)
    )
    assert found.select("venue", "market").rows() == [("binance", "spot"), ("gemini", "spot")]


def test_polygon_by_the_second_is_refused_for_want_of_prints(warehouse: Warehouse) -> None:
    rows = of_day(warehouse, "POL", "1s")
    assert rows["venue"].to_list()[:2] == ["binance", "coinbase"]
    assert (
        rows["left_after"].to_list()[:2] == [at(21, 13, 47)] * 2
        and rows["left_by"].to_list()[:2] == [at(21, 27, 27)] * 2
    )
    assert "Of Binance and Coinbase it cannot be told" in rows["refusal"][0]
    assert "Gemini has a print in 36 of 1,800 seconds" in rows["refusal"][0]


def test_bitcoin_by_the_second_is_refused_with_one_venue(warehouse: Warehouse) -> None:
    rows = of_day(warehouse, "BTC", "1s")
    assert rows["venue"].to_list() == ["gemini"]
    assert rows["refusal"][0] == "Only Gemini has prints by second here, and one venue has no composite to leave."


def settings_of_day(warehouse: Warehouse, base: str) -> pl.DataFrame:
    markets = dislocation.markets(warehouse, base, *FOCUS)
    return departures.settings(warehouse, tuple(zip(markets["name"], decimate.keys(markets), strict=True)), *FOCUS)


@pytest.mark.parametrize(
    ("base", "firsts"),
    [
        ("AAVE", {"Gemini": 8, "Binance": 6, None: 4}),
        ("DOT", {"Binance": 10, "Gemini": 7, None: 1}),
        ("UNI", {"Gemini": 13, "Binance": 5}),
    ],
)
def test_no_venue_is_named_where_equally_fair_settings_name_others(
    warehouse: Warehouse, base: str, firsts: dict[str | None, int]
) -> None:
    """Of AAVE it read: Binance coin-margined perpetual left the other venues first."""
    rows = settings_of_day(warehouse, base)
    assert dict(rows.group_by("name").len().iter_rows()) == firsts
    assert (rows["name"].is_null() == rows["refusal"].is_not_null()).all()
    assert "a name needs 14" in of_day(warehouse, base)["refusal"][0]


def test_settings_that_agree_name_a_venue(warehouse: Warehouse) -> None:
    rows = settings_of_day(warehouse, "AVAX")
    assert rows.height == 18 and rows["name"].value_counts(sort=True)["count"][0] >= 14
    assert of_day(warehouse, "AVAX")["refusal"][0] is None


def test_fourteen_are_not_enough_where_one_length_speaks_for_another() -> None:
    rows = pl.DataFrame(
        [
            {"name": "B" if held == 5 and left_pct < 2 else "A", "venue": "x", "left_pct": left_pct, "held": held}
            for left_pct in departures.LEFT_SETTINGS
            for held in departures.BARS_SETTINGS
        ]
    )
    assert rows.filter(name="A").height == 14 and "a name needs 14" in departures.unsteady(rows)
    steady = rows.with_columns(name=pl.when(pl.col("left_pct") < 1.5).then("name").otherwise(pl.lit("A")))
    assert departures.unsteady(steady) == ""


def test_the_gap_of_two_is_the_one_less_the_other() -> None:
    closes = {"binance": walk(9), "coinbase": walk(9) * 1.02}
    found = dislocation.gap(seconds(**closes), (made.key("coinbase", "1s"), made.key("binance", "1s")), made.START, END)
    assert found["gap_pct"].drop_nulls().to_list() == pytest.approx([100 * 0.02 / 1.01] * found["gap_pct"].count())
    with pytest.raises(ValueError, match="between two"):
        dislocation.gap(seconds(**closes), (made.key("binance", "1s"),), made.START, END)


def test_the_bar_length_follows_the_range(warehouse: Warehouse) -> None:
    assert dislocation.markets(warehouse, "POL", *FOCUS)["interval"].unique().to_list() == ["1m"]
    assert dislocation.markets(warehouse, "POL", at(21, 10), at(21, 30))["interval"].unique().to_list() == ["1s"]
    assert dislocation.markets(warehouse, "NONE", *FOCUS).is_empty()
    assert dislocation.assets(warehouse, *FOCUS)["venues"].min() == 2
