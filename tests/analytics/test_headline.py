"""The headline is a floor of the crash itself, the most trusted one, and nothing two-sided or estimated."""

from __future__ import annotations

import polars as pl
import pytest

from analytics import headline
from analytics.warehouse import Warehouse

OCT_10 = "oct-10-2025"


def test_the_total_is_one_trusted_floor_of_the_crash(warehouse: Warehouse) -> None:
    total = headline.total(warehouse, OCT_10)
    assert total.select("venue", "asset", "side", "phase", "counting", "unit").rows() == [
        ("all", "all", "total", "crash", "floor", "USD")
    ]
    assert total["confidence"].to_list() == ["high"]
    assert 19e9 < total["value"][0] < 20e9


def test_among_equally_trusted_totals_the_latest_is_quoted(warehouse: Warehouse) -> None:
    (chosen,) = headline.total(warehouse, OCT_10).iter_rows(named=True)
    rivals = headline.total_readings(warehouse, OCT_10).filter(
        (pl.col("phase") == "crash") & (pl.col("counting") == "floor") & (pl.col("confidence") == "high")
    )
    assert chosen["as_of"] == rivals["as_of"].max()


def test_the_sides_are_of_one_board_and_add_up(warehouse: Warehouse) -> None:
    sides = headline.sides(warehouse, OCT_10)
    assert sides["side"].to_list() == ["long", "short"]
    assert sides["board"].n_unique() == sides["as_of"].n_unique() == 1
    assert sides["of_both_pct"].sum() == pytest.approx(100)
    assert sides["of_both_pct"][0] == pytest.approx(100 * sides["value"][0] / sides["value"].sum())
    assert not sides["universe"].str.contains("Amberdata").any()


def test_a_two_sided_count_is_never_a_headline(warehouse: Warehouse) -> None:
    two_sided = warehouse.query("SELECT DISTINCT metric FROM liquidation_reports WHERE counting = 'two_sided'")
    assert not two_sided.is_empty()
    shown = [headline.total(warehouse, OCT_10), headline.sides(warehouse, OCT_10), headline.total_readings(warehouse, OCT_10)]
    assert all("two_sided" not in frame["counting"].to_list() for frame in shown)


def test_a_metric_is_its_best_trusted_latest_reading_or_nothing(warehouse: Warehouse) -> None:
    (traders,) = headline.metric(warehouse, OCT_10, "traders_liquidated").iter_rows(named=True)
    readings = warehouse.query(
        "SELECT confidence, as_of FROM liquidation_reports WHERE crash_day = $day AND metric = 'traders_liquidated' AND venue = 'all' AND asset = 'all'",
        day=OCT_10,
    )
    best = readings.filter((pl.col("confidence") == "high").any() == (pl.col("confidence") == "high"))
    assert traders["as_of"] == best["as_of"].max()
    assert headline.metric(warehouse, OCT_10, "no such figure").is_empty()


def test_a_day_without_figures_has_no_headline(warehouse: Warehouse) -> None:
    for question in (headline.total, headline.sides, headline.total_readings):
        assert question(warehouse, "no-such-day").is_empty()


def test_headlines_lead_to_their_source(warehouse: Warehouse) -> None:
    for frame in (headline.total(warehouse, OCT_10), headline.sides(warehouse, OCT_10)):
        assert frame["source_id"].null_count() == 0
