"""The headline is a floor of the crash itself, the most trusted one, and nothing two-sided or estimated."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from analytics.liquidations import bridge, headline
from analytics.warehouse import Hub, Warehouse
from pipelines.config import Settings
from pipelines.generations.draft import Draft, exclusive

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
    rivals = bridge.published(warehouse, OCT_10).filter(
        (pl.col("phase") == "crash") & (pl.col("counting") == "floor") & (pl.col("confidence") == "high")
        & (pl.col("metric") == "liquidations") & pl.col("total_usd").is_not_null()
    )  # fmt: skip
    assert chosen["as_of"] == rivals["as_of"].max()


def quoted_beside(settings: Settings, **other: str) -> tuple[float, float]:
    """The headline before and after a later, far larger figure is published, alike but for these columns."""
    with Hub(settings.warehouse_dir).lease() as before:
        chosen = headline.total(before, OCT_10)
        row = before.query(
            "SELECT * FROM liquidation_reports WHERE board = $board AND venue = 'all' AND asset = 'all' AND side = "
            "'total'",
            board=chosen["board"][0],
        ).head(1)
    later = {"board": pl.lit("another board"), "value": pl.lit(1e12), "as_of": pl.col("as_of").dt.offset_by("1d")}
    with exclusive(settings.warehouse_dir), Draft(settings.warehouse_dir) as draft:
        draft.insert(
            "liquidation_reports", row.with_columns(**later).with_columns(**{k: pl.lit(v) for k, v in other.items()})
        )
        draft.publish(datetime.now(UTC))
    with Hub(settings.warehouse_dir).lease() as after:
        return chosen["value"][0], headline.total(after, OCT_10)["value"][0]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("counting", "estimate"),
        ("counting", "two_sided"),
        ("confidence", "low"),
        ("confidence", "medium"),
        ("phase", "aftermath"),
        ("venue", "binance"),
        ("asset", "BTC"),
        ("side", "long"),
        ("crash_day", "nov-21-2025"),
        ("metric", "open_interest"),
    ],
)
def test_a_later_figure_of_another_kind_is_not_quoted(own: Settings, column: str, value: str) -> None:
    before, after = quoted_beside(own, **{column: value})
    assert after == before


def test_a_later_figure_of_the_same_kind_is(own: Settings) -> None:
    assert quoted_beside(own)[1] == 1e12


def test_the_sides_are_of_one_board_and_add_up(warehouse: Warehouse) -> None:
    sides = headline.sides(warehouse, OCT_10)
    assert sides["side"].to_list() == ["long", "short"]
    assert sides["board"].n_unique() == sides["as_of"].n_unique() == 1
    assert sides["of_both_pct"].sum() == pytest.approx(100)
    assert sides["of_both_pct"][0] == pytest.approx(100 * sides["value"][0] / sides["value"].sum())
    assert sides["universe"].unique().to_list() == headline.total(warehouse, OCT_10)["universe"].to_list()


def test_later_sides_of_another_universe_are_not_those_of_the_total(own: Settings) -> None:
    with Hub(own.warehouse_dir).lease() as before:
        sides = headline.sides(before, OCT_10)
        rows = before.query("SELECT * FROM liquidation_reports WHERE board = $board", board=sides["board"][0])
    later = {"board": pl.lit("vendor"), "universe": pl.lit("venues of a vendor"), "value": 2 * pl.col("value")}
    with exclusive(own.warehouse_dir), Draft(own.warehouse_dir) as draft:
        draft.insert("liquidation_reports", rows.with_columns(**later, as_of=pl.col("as_of").dt.offset_by("1d")))
        draft.publish(datetime.now(UTC))
    with Hub(own.warehouse_dir).lease() as after:
        assert headline.sides(after, OCT_10)["value"].to_list() == sides["value"].to_list()


def test_a_two_sided_count_is_never_a_headline(warehouse: Warehouse) -> None:
    two_sided = warehouse.query("SELECT DISTINCT metric FROM liquidation_reports WHERE counting = 'two_sided'")
    assert not two_sided.is_empty()
    shown = [
        headline.total(warehouse, OCT_10),
        headline.sides(warehouse, OCT_10),
    ]
    assert all("two_sided" not in frame["counting"].to_list() for frame in shown)


def test_a_metric_is_its_best_trusted_latest_reading_or_nothing(warehouse: Warehouse) -> None:
    (traders,) = headline.metric(warehouse, OCT_10, "traders_liquidated").iter_rows(named=True)
    readings = warehouse.query(
        "SELECT confidence, as_of FROM liquidation_reports WHERE crash_day = $day AND metric = 'traders_liquidated' "
        "AND venue = 'all' AND asset = 'all'",
        day=OCT_10,
    )
    best = readings.filter((pl.col("confidence") == "high").any() == (pl.col("confidence") == "high"))
    assert traders["as_of"] == best["as_of"].max()
    assert headline.metric(warehouse, OCT_10, "no such figure").is_empty()


def test_an_estimate_has_both_ends_of_one_estimator(warehouse: Warehouse) -> None:
    columns = ("value", "high", "origin", "confidence")
    assert headline.estimate(warehouse, OCT_10).select(columns).rows() == [(30e9, 40e9, "CoinGlass estimate", "medium")]
    assert headline.estimate(warehouse, "feb-3-2025").select(columns).rows() == [
        (8e9, 10e9, "Bybit CEO estimate", "medium")
    ]
    assert headline.estimate(warehouse, "nov-21-2025").is_empty()


def test_a_day_without_figures_has_no_headline(warehouse: Warehouse) -> None:
    for question in (headline.total, headline.sides):
        assert question(warehouse, "no-such-day").is_empty()


def test_headlines_lead_to_their_source(warehouse: Warehouse) -> None:
    for frame in (headline.total(warehouse, OCT_10), headline.sides(warehouse, OCT_10)):
        assert frame["source_id"].null_count() == 0
