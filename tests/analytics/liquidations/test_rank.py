"""Bounds and turning points: a feed that hides liquidations has no upper end, and so cannot silently rank third."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.liquidations import boards, bounds, rank
from analytics.warehouse import Warehouse
from charts.liquidations import venue_bounds

OCT_10 = "oct-10-2025"


@pytest.fixture
def board(warehouse: Warehouse) -> str:
    return boards.every(warehouse, OCT_10)["board"][0]


@pytest.fixture
def ranked(warehouse: Warehouse, board: str) -> pl.DataFrame:
    return bounds.of_board(warehouse, OCT_10, board)


@pytest.fixture
def turning(warehouse: Warehouse, board: str) -> pl.DataFrame:
    return rank.turning_points(warehouse, OCT_10, board)


def test_a_hiding_feed_is_bounded_from_below_and_says_why_it_has_no_range(warehouse: Warehouse, board: str) -> None:
    rows = {row["venue"]: row for row in bounds.of_board(warehouse, OCT_10, board).iter_rows(named=True)}
    binance = rows["binance"]
    assert (binance["reported_usd"], binance["bound_usd"], binance["low_usd"], binance["high_usd"]) == (
        2.4e9,
        2.41e9,
        None,
        None,
    )
    assert "one order a symbol and second" in binance["refusal"] and "as of 2025-10-13" in binance["bound_input"]
    assert rows["okx"]["completeness"] == "sampled" and rows["okx"]["high_usd"] is None


def test_a_whole_feed_has_the_range_of_the_readings_of_that_kind_of_window(warehouse: Warehouse, board: str) -> None:
    rows = {row["venue"]: row for row in bounds.of_board(warehouse, OCT_10, board).iter_rows(named=True)}
    hyperliquid = rows["hyperliquid"]
    assert (hyperliquid["low_usd"], hyperliquid["high_usd"], hyperliquid["refusal"]) == (10.2e9, 10.31e9, None)
    assert hyperliquid["open_interest_change_usd"] == -7.4e9


def test_rows_carry_regime_bound_and_method_for_the_export(ranked: pl.DataFrame) -> None:
    wanted = [
        "completeness",
        "regime",
        "feed",
        "established",
        "bound_usd",
        "bound_input",
        "method",
        "refusal",
        "source_id",
    ]
    assert set(wanted) <= set(ranked.columns)
    assert ranked["method"].null_count() == 0 and ranked["regime"].null_count() == 0
    assert ranked.select(pl.col("refusal").is_null() == pl.col("high_usd").is_not_null()).to_series().all()
    assert not ranked["source_id"].str.contains(";;|^;|;$").any()


def test_the_aftermath_is_bounded_by_the_aftermath(warehouse: Warehouse) -> None:
    quiet = boards.every(warehouse, OCT_10).filter(phase="aftermath")["board"][0]
    assert bounds.of_board(warehouse, OCT_10, quiet)["bound_usd"].max() < 1e8


def test_the_order_turns_where_a_hiding_exchange_reaches_the_leader(turning: pl.DataFrame) -> None:
    assert turning["venue"].to_list() == ["binance", "okx"] and set(turning["leader"]) == {"Hyperliquid"}
    assert turning["factor"].to_list() == pytest.approx([10.31 / 2.41, 10.31 / 1.2])
    low, high = turning.select("factor_low", "factor_high").row(0)
    assert (low, high) == pytest.approx((10.305 / 2.415, 10.315 / 2.405))


def test_the_estimate_implies_one_factor_for_all_that_hide(turning: pl.DataFrame) -> None:
    shown = 2.41 + 1.2
    implied = [(end - 19.16 + shown) / shown for end in (30, 40)]
    assert turning.select("implied_low", "implied_high").row(0) == pytest.approx(tuple(implied))
    assert set(turning["stated_case"]) == {"Bybit, Feb. 3, 2025"}
    assert turning["stated_most"][0] == pytest.approx(2.1e9 / 333e6)


def test_a_day_without_an_estimate_has_turning_points_and_implies_nothing(warehouse: Warehouse) -> None:
    board = boards.every(warehouse, "aug-5-2024")["board"][0]
    turning = rank.turning_points(warehouse, "aug-5-2024", board)
    assert turning.height and turning["implied_low"].null_count() == turning.height
    assert "binance" not in turning["venue"], "the leader passes nobody"


def test_charts_refuse_to_mix_boards_and_draw_open_ends(ranked: pl.DataFrame, turning: pl.DataFrame) -> None:
    for chart, rows in ((venue_bounds.ladder, ranked), (venue_bounds.turns, turning)):
        with pytest.raises(ValueError, match="may not share an axis"):
            chart(pl.concat([rows, rows.with_columns(board=pl.lit("another"))]))
    assert len(venue_bounds.ladder(ranked).layout.annotations) == 2
    assert list(venue_bounds.turns(turning).data[0].text) == ["4.3 times", "8.6 times"]
