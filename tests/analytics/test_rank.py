"""Bounds and places: a feed that hides liquidations has no upper end, and so cannot silently rank third."""

from __future__ import annotations

import polars as pl
import pytest

from analytics import boards, bounds, rank
from analytics.warehouse import Warehouse
from charts import venue_bounds

OCT_10 = "oct-10-2025"


@pytest.fixture
def board(warehouse: Warehouse) -> str:
    return boards.every(warehouse, OCT_10)["board"][0]


@pytest.fixture
def ranked(warehouse: Warehouse, board: str) -> pl.DataFrame:
    return rank.with_doubt(warehouse, OCT_10, board)


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


def test_the_bounds_leave_the_third_place_open(ranked: pl.DataFrame) -> None:
    places = {
        row["venue"]: (row["place"], row["best_place"], row["worst_place"]) for row in ranked.iter_rows(named=True)
    }
    assert places == {"hyperliquid": (1, 1, 3), "bybit": (2, 2, 4), "binance": (3, 1, 4), "okx": (4, 1, 4)}


def test_the_scenario_goes_as_far_as_a_venue_once_stated(ranked: pl.DataFrame) -> None:
    assert ranked["factor"].unique().to_list() == pytest.approx([2.1e9 / 333e6])
    assert ranked["factor_case"].unique().to_list() == ["Bybit, Feb. 3, 2025"]
    binance = ranked.row(by_predicate=pl.col("venue") == "binance", named=True)
    assert binance["scenario_high_usd"] == pytest.approx(2.41e9 * 2.1e9 / 333e6)


def test_each_exchange_and_each_place_is_held_once_a_draw(warehouse: Warehouse, board: str) -> None:
    places = rank.probabilities(warehouse, OCT_10, board)
    for by in ("venue", "place"):
        assert places.group_by(by).agg(pl.col("probability_pct").sum())["probability_pct"].to_list() == pytest.approx(
            [100] * 4
        )
    first = dict(places.filter(place=1).select("venue", "probability_pct").iter_rows())
    assert first["bybit"] == 0 and first["okx"] == 0 and 70 < first["hyperliquid"] < 85 and 15 < first["binance"] < 30
    assert places.equals(rank.probabilities(warehouse, OCT_10, board))


def test_the_drawn_chance_is_the_one_that_can_be_worked_out(ranked: pl.DataFrame) -> None:
    """Two exchanges, one whole, one hiding between once and e times 1: above e^0.5 in half of the draws."""
    two = ranked.head(2).with_columns(
        scenario_low_usd=pl.Series([2.718281828459045**0.5, 1.0]),
        scenario_high_usd=pl.Series([2.718281828459045**0.5, 2.718281828459045]),
    )
    first = rank.places(two).filter(place=1)["probability_pct"].to_list()
    assert first == pytest.approx([50, 50], abs=1.5)


def test_of_two_alike_the_first_on_the_board_stays_first(ranked: pl.DataFrame) -> None:
    alike = ranked.head(2).with_columns(scenario_low_usd=pl.lit(5.0), scenario_high_usd=pl.lit(5.0))
    assert rank.places(alike).filter(pl.col("probability_pct") == 100).select("venue", "place").rows() == [
        ("hyperliquid", 1),
        ("bybit", 2),
    ]


def test_without_a_case_there_is_no_scenario(ranked: pl.DataFrame) -> None:
    assert rank.places(ranked.with_columns(factor=pl.lit(None, pl.Float64))).is_empty()
    assert rank.places(ranked.clear()).is_empty()


def test_charts_refuse_to_mix_boards_and_draw_open_ends(ranked: pl.DataFrame, warehouse: Warehouse, board: str) -> None:
    mixed = pl.concat([ranked, ranked.with_columns(board=pl.lit("another"))])
    places = rank.probabilities(warehouse, OCT_10, board)
    for chart, rows in (
        (venue_bounds.ladder, mixed),
        (venue_bounds.odds, pl.concat([places, places.with_columns(board=pl.lit("x"))])),
    ):
        with pytest.raises(ValueError, match="may not share an axis"):
            chart(rows)
    assert len(venue_bounds.ladder(ranked).layout.annotations) == 2
    nothing = ranked.with_columns(scenario_high_usd=pl.lit(None, pl.Float64))
    assert len(venue_bounds.ladder(nothing).layout.annotations) == 2
