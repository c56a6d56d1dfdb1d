"""Tokenized stocks that traded on after the cash market had closed, against their own price at the close."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from analytics.tokenized import closed_hours
from analytics.warehouse import Warehouse
from charts.tokenized import since_close
from tests.analytics import made

CLOSE = datetime(2025, 10, 10, 20, tzinfo=UTC)
T0 = CLOSE + timedelta(minutes=50)


def day(t0: datetime | None = T0) -> pl.DataFrame:
    opening = datetime(2025, 10, 10, tzinfo=UTC)
    row = {"crash_day": "a-day", "title": "A day", "status": "curated", "source_id": made.SOURCE, "t0": t0}
    spans = {
        "window_start": opening,
        "window_end": opening + timedelta(days=1),
        "focus_start": opening,
        "focus_end": opening + timedelta(days=1),
    }
    return pl.DataFrame({**row, **spans}, schema_overrides={"t0": pl.Datetime("us", "UTC")})


def traded(symbol: str, prices: list[float], start: datetime, venue: str = "kraken") -> pl.DataFrame:
    return made.bars(venue, np.array(prices, float), symbol=symbol, start=start)


def test_the_last_close_is_at_or_before_the_moment_and_never_at_a_weekend() -> None:
    assert closed_hours.last_close(T0) == closed_hours.last_close(CLOSE) == CLOSE
    assert closed_hours.last_close(CLOSE - timedelta(minutes=1)) == CLOSE - timedelta(days=1)
    assert closed_hours.last_close(CLOSE + timedelta(days=2)) == CLOSE
    winter = datetime(2026, 2, 5, 22, tzinfo=UTC)
    assert closed_hours.last_close(winter) == winter.replace(hour=21)


@pytest.fixture
def tokens() -> Warehouse:
    early = CLOSE - timedelta(minutes=2)
    return made.warehouse(
        crash_days=day(),
        bars=pl.concat(
            [
                traded("TSLAx/USD", [400, 400, np.nan, 380, 390], early),
                traded("SPYx/USD", [600, 600, 603, 597, 600], early),
                traded("AAPLx/USD", [250, 240], CLOSE + timedelta(hours=1)),
                traded("BTC/USD", [100, 100, 50, 50, 50], early),
            ]
        ),
    )


def test_each_token_is_set_against_its_own_last_price_by_the_close(tokens: Warehouse) -> None:
    rows = closed_hours.since_close(tokens, "a-day")
    assert rows["symbol"].unique().sort().to_list() == ["SPYx/USD", "TSLAx/USD"]
    tesla = rows.filter(pl.col("symbol") == "TSLAx/USD")
    assert tesla["reference_price"].unique().to_list() == [400] and tesla["close_pct"].to_list() == [95, 97.5]
    assert tesla["ts"].min() >= CLOSE


def test_the_lows_say_how_much_was_traded(tokens: Warehouse) -> None:
    lows = closed_hours.lows_since_close(tokens, "a-day")
    assert lows.select("symbol", "low", "traded_base", "traded_quote").rows() == [
        ("TSLAx/USD", 380, 2, 770),
        ("SPYx/USD", 597, 3, 1800),
    ]
    assert lows["low_pct"].to_list() == pytest.approx([-5, -0.5])
    assert lows["low_at"][0] == CLOSE + timedelta(minutes=1) and lows["source_id"].to_list() == [made.SOURCE] * 2


def test_without_a_moment_or_a_token_nothing_is_set_against_anything(warehouse: Warehouse) -> None:
    undated = made.warehouse(crash_days=day(None), bars=traded("TSLAx/USD", [400, 380], CLOSE - timedelta(minutes=1)))
    assert closed_hours.since_close(undated, "a-day").is_empty()
    assert closed_hours.since_close(warehouse, "oct-10-2025").is_empty()
    assert closed_hours.lows_since_close(warehouse, "oct-10-2025").is_empty()


def test_the_chart_has_a_line_a_market_and_a_gap_where_nothing_was_traded(tokens: Warehouse) -> None:
    spy, tesla = since_close.moves(closed_hours.since_close(tokens, "a-day"), T0).data
    assert (spy.name, tesla.name) == ("SPYx/USD kraken", "TSLAx/USD kraken")
    assert list(tesla.y) == pytest.approx([-5, -2.5]) and list(spy.y) == pytest.approx([0.5, -0.5, 0])
