"""Boards are never mixed, and the rest of a board is what its own total leaves."""

from __future__ import annotations

import polars as pl
import pytest

from analytics import boards
from analytics.warehouse import Warehouse
from charts import exchange_bars

OCT_10 = "oct-10-2025"


def test_the_board_of_0513_names_four_exchanges_and_leaves_the_rest_as_other(warehouse: Warehouse) -> None:
    board = boards.every(warehouse, OCT_10).row(0, named=True)
    assert board["window_label"] == "trailing 24h to 2025-10-11 05:13 UTC"
    rows = boards.by_exchange(warehouse, board["board"])
    assert dict(rows.select("venue", "total_usd").iter_rows()) == {
        "hyperliquid": 10.3e9,
        "bybit": 4.65e9,
        "binance": 2.4e9,
        "okx": 1.2e9,
        "other": 0.76e9,
    }
    assert rows["total_usd"].sum() == pytest.approx(19.31e9)
    assert rows.filter("computed")["venue"].to_list() == ["other"]


def test_the_quiet_twelve_hours_are_not_the_crash(warehouse: Warehouse) -> None:
    quiet = boards.every(warehouse, OCT_10).filter(pl.col("window_label").str.contains("12h"))
    assert quiet["phase"].to_list() == ["aftermath"]


def test_charts_refuse_to_mix_boards(warehouse: Warehouse) -> None:
    known = boards.every(warehouse, OCT_10)["board"].to_list()
    mixed = pl.concat([boards.by_exchange(warehouse, board) for board in known[:2]])
    with pytest.raises(ValueError, match="may not share an axis"):
        exchange_bars.liquidations(mixed)
