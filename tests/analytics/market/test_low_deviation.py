"""The distance from the composite at its low: three venues or none, and no minute lost in a long range."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from analytics.market import dislocation, low_deviation
from analytics.warehouse import Warehouse

START, END = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)


def test_the_low_is_the_lowest_of_the_minutes_in_which_three_venues_have_a_price(warehouse: Warehouse) -> None:
    found = low_deviation.at_the_low(warehouse, START, END)
    (base,) = found["base"].unique()
    of_three = list(dislocation.markets(warehouse, base, START, END, "1m").select("venue", "symbol").rows())
    bars = warehouse.query(
        "SELECT ts, venue, symbol, close FROM bars WHERE interval = '1m' AND kind = 'trade' AND ts >= $start AND ts < "
        "$end",
        start=START,
        end=END,
    )
    closes = bars.filter(
        pl.struct("venue", "symbol").is_in([dict(zip(("venue", "symbol"), one, strict=True)) for one in of_three])
    )
    minutes = closes.group_by("ts").agg(pl.len(), middle=pl.col("close").median()).filter(pl.col("len") == 3)
    assert found["composite"].unique().to_list() == [minutes["middle"].min()]
    assert found["composed"].unique().to_list() == [minutes.height]
    assert found["deviation_pct"].median() == 0 and found["venue"].n_unique() == found.height == 3


def test_a_long_range_loses_no_minute(warehouse: Warehouse) -> None:
    longer = low_deviation.at_the_low(warehouse, START - timedelta(days=1), END + timedelta(days=1))
    focus = low_deviation.at_the_low(warehouse, START, END)
    assert longer.equals(focus)  # the embedded bars lie within the focus


def test_without_three_venues_nothing_is_computed(warehouse: Warehouse) -> None:
    empty = low_deviation.at_the_low(warehouse, START - timedelta(days=4000), END - timedelta(days=4000))
    assert empty.is_empty() and empty.columns == list(low_deviation.COLUMNS)
