"""Boards are never mixed, and the rest of a board is what its own total leaves."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.liquidations import boards
from analytics.warehouse import Warehouse
from charts.liquidations import exchange_bars

OCT_10, NOV_21 = "oct-10-2025", "nov-21-2025"


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
    assert rows["share_pct"].sum() == pytest.approx(100)
    assert rows.filter("computed")["venue"].to_list() == ["other"]
    assert rows["completeness"].to_list() == ["complete", "complete", "throttled", "sampled", None]
    assert rows["regime"].null_count() == 1


def test_a_board_without_a_total_leaves_no_rest_and_no_shares(warehouse: Warehouse) -> None:
    board = boards.every(warehouse, OCT_10).filter(pl.col("total_usd").is_null()).row(0, named=True)
    rows = boards.by_exchange(warehouse, board["board"])
    assert "other" not in rows["venue"] and rows["share_pct"].null_count() == rows.height


def test_long_and_short_stand_where_the_board_states_them(warehouse: Warehouse) -> None:
    board = boards.every(warehouse, NOV_21).row(0, named=True)
    rows = boards.by_exchange(warehouse, board["board"])
    sides = {
        row["venue"]: (row["long_usd"], row["short_usd"], row["unsplit_usd"]) for row in rows.iter_rows(named=True)
    }
    assert sides["bybit"] == (595_430_000, 33_680_000, None)
    assert sides["hyperliquid"] == (620_800_000, 8_020_000, None)
    assert sides["binance"] == (228_860_000, 53_420_000, None)
    assert sides["htx"] == (146_180_000, 5_930_000, None)
    assert sides["okx"] == (114_160_000, 24_490_000, None)
    assert sides["other"] == (None, None, pytest.approx(169_030_000))


def test_a_side_that_is_not_stated_is_not_zero(warehouse: Warehouse) -> None:
    quiet = boards.every(warehouse, OCT_10).filter(pl.col("phase") == "aftermath").row(0, named=True)
    rows = boards.by_exchange(warehouse, quiet["board"])
    hyperliquid = rows.row(by_predicate=pl.col("venue") == "hyperliquid", named=True)
    assert (hyperliquid["long_usd"], hyperliquid["short_usd"], hyperliquid["unsplit_usd"]) == (None, None, 38.6e6)


def test_the_quiet_twelve_hours_are_not_the_crash(warehouse: Warehouse) -> None:
    quiet = boards.every(warehouse, OCT_10).filter(pl.col("window_label").str.contains("12h"))
    assert quiet["phase"].to_list() == ["aftermath"]


def test_amberdata_is_in_the_list_and_on_no_board_of_exchanges(warehouse: Warehouse) -> None:
    readings = boards.readings(warehouse, OCT_10)
    assert 9.89e9 in readings.filter(pl.col("universe").str.contains("Amberdata"))["total_usd"]
    known = boards.every(warehouse, OCT_10)
    assert not known["universe"].str.contains("Amberdata").any()
    for board in known["board"]:
        assert 9.89e9 not in boards.by_exchange(warehouse, board)["total_usd"]


def test_two_sided_records_are_listed_and_make_no_board(warehouse: Warehouse) -> None:
    twofold = boards.readings(warehouse, OCT_10).filter(pl.col("counting") == "two_sided")
    assert twofold["venue"].to_list() == ["hyperliquid"]
    assert twofold["board"][0] not in boards.every(warehouse, OCT_10)["board"]
    assert boards.by_exchange(warehouse, twofold["board"][0]).is_empty()


def test_every_reading_of_the_day_is_listed_once(warehouse: Warehouse) -> None:
    readings = boards.readings(warehouse, OCT_10)
    assert not readings.select("board", "venue").is_duplicated().any()
    stated = readings.select(
        pl.concat([pl.col(side) for side in ("long_usd", "short_usd", "total_usd")]).count()
    ).item()
    rows = warehouse.query(
        "SELECT count(value) AS n FROM liquidation_reports WHERE crash_day = $day AND metric = 'liquidations' AND "
        "asset = 'all'",
        day=OCT_10,
    )
    assert stated == rows["n"].item()


def test_board_ids_are_short_unique_and_made_from_the_key_alone(warehouse: Warehouse) -> None:
    known = boards.every(warehouse, OCT_10)
    assert known["board_id"].str.contains(r"^[0-9a-f]{8}$").all() and known["board_id"].is_unique().all()
    assert known["board_id"][0] == "bd703c6c"


def test_charts_refuse_to_mix_boards(warehouse: Warehouse) -> None:
    known = boards.every(warehouse, OCT_10)["board"].to_list()
    mixed = pl.concat([boards.by_exchange(warehouse, board) for board in known[:2]])
    with pytest.raises(ValueError, match="may not share an axis"):
        exchange_bars.liquidations(mixed)
