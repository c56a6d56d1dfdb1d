"""A grid of hours: a row a venue, and no hole that looks whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from charts import theme
from charts.data import hours

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
ROWS = pl.DataFrame(
    {
        "name": ["Binance", "Binance", "<b>OKX"],
        "hour": [NOON, NOON + timedelta(hours=1), NOON + timedelta(hours=1)],
        "share": [100.0, 99.9, 0.0],
    }
)


def test_an_hour_without_data_has_no_cell() -> None:
    (grid,) = hours.grid(ROWS, row="name", share="share", what="recorded").data
    assert list(zip(grid.y, grid.z, strict=True)) == [("Binance", 100.0), ("Binance", 99.9), ("&lt;b&gt;OKX", 0.0)]
    assert (grid.zmin, grid.zmax) == (0, 100)


def test_a_small_hole_does_not_look_whole() -> None:
    """One minute that one of 1,000 markets lacks."""
    share = 1 - 1 / 60_000
    below = max((stop for stop in hours.SCALE if stop[0] <= share), key=lambda stop: stop[0])
    assert below[1] == theme.SHORT
    assert hours.SCALE[-1] == [1, theme.LONG] and share < hours.ALL_BUT_WHOLE


def test_nothing_is_an_empty_grid() -> None:
    assert len(hours.grid(ROWS.clear(), row="name", share="share", what="recorded").data[0].y) == 0
