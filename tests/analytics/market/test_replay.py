"""The state as of one second: what had closed by then, nothing of what came after."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from analytics.market import decimate, playback, replay
from analytics.warehouse import Warehouse
from tests.analytics import made

SINCE, UNTIL = datetime(2025, 10, 9, tzinfo=UTC), datetime(2025, 10, 12, tzinfo=UTC)
FOCUS = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
T0 = datetime(2025, 10, 10, 20, 50, tzinfo=UTC)
USDE = (("USDe", "USDE", 1.0),)


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2025, 10, 10, hour, minute, second, tzinfo=UTC)


def state(
    warehouse: Warehouse, base: str, moment: datetime, venue: str = "binance", market: str = "perp"
) -> dict[str, object]:
    rows = replay.markets(warehouse, base, SINCE, moment, T0)
    return rows.filter(pl.col("kind") == "trade").row(
        by_predicate=(pl.col("venue") == venue) & (pl.col("market") == market), named=True
    )


def test_a_bar_counts_once_it_has_closed(warehouse: Warehouse) -> None:
    assert state(warehouse, "BTC", at(21, 20, 59))["lowest"] == 102_193.6
    after = state(warehouse, "BTC", at(21, 21))
    assert (after["lowest"], after["lowest_from"], after["lowest_until"]) == (101_516.5, at(21, 20), at(21, 21))
    assert (after["price"], after["age_seconds"], after["interval"]) == (104_311.2, 0, "1m")
    assert after["drawdown_pct"] == pytest.approx(100 * (104_311.2 / 116_830.3 - 1))


def test_the_finest_bar_that_closed_last_is_the_price(warehouse: Warehouse) -> None:
    second = state(warehouse, "POL", at(21, 20, 37), market="spot")
    assert (second["interval"], second["price_at"], second["price"]) == ("1s", at(21, 20, 37), 0.1178)
    assert second["lowest_until"] - second["lowest_from"] == timedelta(seconds=1)
    assert state(warehouse, "POL", at(20, 40, 30), market="spot")["interval"] == "1m"


@pytest.mark.parametrize("moment", [at(20, 45), at(21, 12, 30), at(21, 20, 37), at(23, 59)])
def test_the_future_does_not_leak(warehouse: Warehouse, moment: datetime) -> None:
    rows = replay.markets(warehouse, "BTC", SINCE, moment, T0)
    assert (rows["price_at"] <= moment).all() and (rows["lowest_until"] <= moment).all()
    bars = warehouse.query(
        "SELECT venue, market, symbol, kind, min(low) AS low FROM bars WHERE split_part(symbol, '/', 1) = 'BTC' "
        "AND interval <> '1d' AND ts >= $since "
        "AND ts + CASE interval WHEN '1s' THEN INTERVAL 1 SECOND WHEN '1m' THEN INTERVAL 1 MINUTE WHEN '5m' "
        "THEN INTERVAL 5 MINUTE WHEN '15m' THEN INTERVAL 15 MINUTE ELSE INTERVAL 1 HOUR END <= $at "
        "GROUP BY ALL",
        at=moment,
        since=SINCE,
    )
    both = rows.join(bars, on=["venue", "market", "symbol", "kind"], how="inner")
    assert both.height == rows.height
    spoke = both.filter(pl.col("lowest").is_not_null())
    assert spoke["lowest"].to_list() == spoke["low"].to_list()
    assert set(both["venue"]) - set(spoke["venue"]) <= {"gemini"}


def test_a_market_that_was_silent_while_the_asset_was_lowest_has_no_low(warehouse: Warehouse) -> None:
    assert state(warehouse, "BTC", at(20, 50), "gemini", "spot")["lowest"] is not None
    gemini = state(warehouse, "BTC", at(21, 21), "gemini", "spot")
    assert gemini["price"] is not None
    assert {gemini[name] for name in ("lowest", "lowest_from", "lowest_until", "lowest_pct")} == {None}


def test_without_a_price_in_the_hour_before_there_is_no_fall(warehouse: Warehouse) -> None:
    rows = replay.markets(warehouse, "BTC", SINCE, at(21, 20), at(12, 0))
    gemini = rows.filter(venue="gemini").row(0, named=True)
    assert gemini["price"] is not None and gemini["reference_price"] is None and gemini["lowest_pct"] is None


def test_before_anything_is_known_there_is_nothing(warehouse: Warehouse) -> None:
    assert replay.markets(warehouse, "BTC", SINCE, SINCE, T0).is_empty()
    assert replay.markets(warehouse, "NONE", SINCE, UNTIL, T0).is_empty()
    assert replay.funding(warehouse, "BTC", SINCE - timedelta(days=30), SINCE - timedelta(days=29)).is_empty()
    assert replay.deleveraging(warehouse, SINCE, UNTIL, at(21, 0)).is_empty()


def test_deleveraging_adds_up_to_the_day(warehouse: Warehouse) -> None:
    so_far = replay.deleveraging(warehouse, SINCE, UNTIL, at(21, 16, 6)).row(0, named=True)
    assert so_far["adl_fills"] == 11_279 and so_far["of_study_pct"] == pytest.approx(100 * 11_279 / 34_983)
    assert replay.deleveraging(warehouse, SINCE, UNTIL, UNTIL)["adl_fills"].to_list() == [34_983]
    assert playback.fills(warehouse, *FOCUS)["fills_so_far"].max() == 34_983
    assert replay.deleveraging(warehouse, SINCE, UNTIL, at(21, 16, 5))["adl_fills"].to_list() == [0]


def test_funding_adds_up_the_payments_made(warehouse: Warehouse) -> None:
    paid = replay.funding(warehouse, "BTC", SINCE, at(21, 0)).filter(venue="binance").row(0, named=True)
    rates = warehouse.query(
        "SELECT funding_rate FROM funding_rates WHERE venue = 'binance' AND symbol = 'BTC/USDT:USDT' AND ts >= $since "
        "AND ts <= $at",
        since=SINCE,
        at=at(21, 0),
    )["funding_rate"]
    assert paid["payments"] == len(rates) == 6
    assert paid["paid_pct"] == pytest.approx(100 * rates.sum()) and paid["last_ts"] == at(16, 0)


def test_pegs_as_of_a_moment(warehouse: Warehouse) -> None:
    before = replay.pegs(warehouse, USDE, SINCE, at(21, 20)).filter(name="Binance").row(0, named=True)
    after = replay.pegs(warehouse, USDE, SINCE, at(21, 55)).filter(name="Binance").row(0, named=True)
    assert before["lowest"] == 0.9993 and after["lowest"] == 0.65 and after["lowest_off_pct"] == pytest.approx(-35)
    assert replay.pegs(warehouse, (), SINCE, at(21, 55)).is_empty()


def test_what_no_feed_holds_is_absent_not_zero(warehouse: Warehouse) -> None:
    assert replay.liquidations(warehouse, SINCE, UNTIL).is_empty()
    assert replay.open_interest(warehouse, "BTC", SINCE, UNTIL).is_empty()


def test_liquidations_are_kept_apart_by_feed_side_and_mechanism() -> None:
    rows = pl.DataFrame(
        {
            "venue": "bybit",
            "market": "perp",
            "symbol": "BTC/USDT:USDT",
            "event_id": ["1", "2", "3", "4"],
            "ts": [made.START + timedelta(seconds=second) for second in (1, 2, 3, 90)],
            "liquidated_side": ["long", "long", "short", "long"],
            "notional_usd": [1.1, 2.2, 4.0, 8.0],
            "mechanism": ["liquidation", "liquidation", "adl", "liquidation"],
            "feed": "all",
            "source_id": "feed",
        }
    )
    regimes = pl.DataFrame(
        {
            "venue": ["bybit"] * 2,
            "feed": ["all"] * 2,
            "valid_from": [made.START - timedelta(days=1)] * 2,
            "completeness": ["complete"] * 2,
        }
    )
    found = replay.liquidations(
        made.warehouse(liquidations=rows, feed_regimes=regimes), made.START, made.START + timedelta(minutes=1)
    )
    assert found.select("mechanism", "liquidated_side", "events", "notional_usd", "completeness").rows() == [
        ("adl", "short", 1, 4.0, "complete"),
        ("liquidation", "long", 2, 3.3, "complete"),
    ]


def test_open_interest_is_the_last_observation_by_then() -> None:
    rows = pl.DataFrame(
        {
            "venue": "bybit",
            "symbol": "BTC/USDT:USDT",
            "ts": [made.START, made.START + timedelta(minutes=5), made.START + timedelta(minutes=10)],
            "precision": "minute",
            "open_interest_usd": [3.0, 2.0, 1.0],
            "sides": "one",
            "source_id": "oi",
        }
    )
    found = replay.open_interest(
        made.warehouse(open_interest=rows), "BTC", made.START, made.START + timedelta(minutes=7)
    )
    assert found["open_interest_usd"].to_list() == [2.0]


def test_the_track_is_of_closes_and_leaves_out_what_has_no_reference(warehouse: Warehouse) -> None:
    chosen = decimate.keys(playback.markets(warehouse, "BTC", *FOCUS))
    track = playback.track(warehouse, chosen, *FOCUS, T0)
    perp = track.filter((pl.col("market") == "perp") & (pl.col("venue") == "binance") & (pl.col("kind") == "trade"))
    assert perp.filter(pl.col("close_at") == at(21, 21))["drawdown_pct"][0] == pytest.approx(
        100 * (104_311.2 / 116_830.3 - 1)
    )
    assert perp["deepest_pct"].min() == pytest.approx(100 * (101_516.5 / 116_830.3 - 1))
    noon = playback.track(warehouse, chosen, *FOCUS, at(12, 0))
    assert "gemini" not in noon["venue"].to_list() and noon.height
    assert playback.track(warehouse, (), *FOCUS, T0).is_empty()


def test_bars_too_long_for_a_line_are_not_played(warehouse: Warehouse) -> None:
    assert set(playback.markets(warehouse, "BTC", *FOCUS)["interval"]) == {"1m", "5m"}
    assert set(playback.markets(warehouse, "BTC", at(21, 10), at(21, 30))["interval"]) <= {"1s", "1m"}
    every = playback.markets(warehouse, "BTC", datetime(2025, 10, 9, tzinfo=UTC), datetime(2025, 10, 12, tzinfo=UTC))
    assert {"5m", "1h"} <= set(every["interval"])


def test_the_scrubber_first_stands_where_the_lowest_bar_ends(warehouse: Warehouse) -> None:
    assert playback.low(warehouse, *FOCUS).select("low_until", "low").row(0) == (at(21, 21), 101_516.5)
    assert playback.low(warehouse, datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)).is_empty()


def test_a_market_of_one_bar_length_that_stops_keeps_its_last_price() -> None:
    close = np.linspace(100, 90, 30)
    warehouse = made.warehouse(bars=made.bars("binance", close))
    row = replay.markets(
        warehouse, "BTC", made.START, made.START + timedelta(hours=1), made.START + timedelta(minutes=1)
    ).row(0, named=True)
    assert (row["price"], row["age_seconds"], row["reference_price"]) == (90, 1800, 100)
