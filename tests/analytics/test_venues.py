"""Names of venues beside rows."""

from __future__ import annotations

import polars as pl

from analytics import venues
from analytics.warehouse import Warehouse


def test_rows_keep_their_order_and_a_venue_nobody_recorded_goes_by_its_id(warehouse: Warehouse) -> None:
    rows = pl.DataFrame({"venue": ["okx", "nowhere", "binance", "okx"], "place": [0, 1, 2, 3]})
    named = venues.named(warehouse, rows)
    assert named["place"].to_list() == [0, 1, 2, 3]
    assert named["name"].to_list() == ["OKX", "nowhere", "Binance", "OKX"]
