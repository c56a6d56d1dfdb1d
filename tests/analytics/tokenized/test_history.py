"""Tokenized stocks over time: lines that join only what compares, products as they came and went."""

from __future__ import annotations

from functools import partial

import polars as pl
import pytest

from analytics.tokenized import history, market, products
from analytics.warehouse import Warehouse
from pipelines.config import Settings
from tests.analytics.tokenized.rebuilt import ALL, reading, rebuilt

OWN = (("redemption", ("share",)), ("vote", ("yes",)))


def test_a_line_never_joins_two_scopes_or_publishers(warehouse: Warehouse) -> None:
    for measure in ("value", "volume", "holders"):
        points = history.sizes(warehouse, measure)
        within = points.group_by("series").agg(pl.col("origin", "scope", "metric", "unit").n_unique())
        assert (within.drop("series").max_horizontal() == 1).all()
    value = history.sizes(warehouse, "value")
    distributed = value.filter(pl.col("name") == "rwa.xyz: distributed value")
    assert distributed["value"].to_list() == [2.85e9, 3.13e9, 3.21e9, 3.24e9]
    wider = value.filter(pl.col("value").is_in([5.48e9, 4.87e9]))
    assert wider.height == 2 and wider["name"].null_count() == 2
    assert not set(wider["series"]) & set(distributed["series"])


def test_readings_of_one_scope_and_month_that_disagree_are_a_range(warehouse: Warehouse) -> None:
    torn = history.sizes(warehouse, "value").filter(pl.col("low") < pl.col("high"))
    assert torn.select("value", "low", "high").sort("value").rows() == [(0.8e9, 0.8e9, 1.2e9), (1.2e9, 0.8e9, 1.2e9)]


def test_no_open_interest_of_stock_perpetuals_is_known(warehouse: Warehouse) -> None:
    assert history.sizes(warehouse, "open interest").is_empty()


def test_shares_of_a_part_of_the_market_and_low_confidence_are_not_drawn(warehouse: Warehouse) -> None:
    points = history.issuers(warehouse)
    assert "issuers of debt notes" not in points["scope"] and "low" not in points["confidence"]
    ondo = points.filter(pl.col("subject") == "Ondo")
    assert ondo["value"].round(1).to_list() == [53, 58, 29.2]
    quoted = points.filter(pl.col("subject") == "Backed + Ondo").row(0, named=True)
    assert quoted["value"] == 95 and quoted["as_of_precision"] == "unknown"


def test_a_class_over_time_is_a_range_as_a_part_is_never_named(warehouse: Warehouse) -> None:
    points = history.classes(warehouse, "press-2025")
    march = points.filter(pl.col("as_of").dt.strftime("%Y-%m-%d") == "2026-03-12").select(
        "subject", "value", "low", "high"
    )
    assert dict((row[0], row[1:]) for row in march.iter_rows()) == {"real": (None, 0, 18), "synthetic": (82, 82, 100)}
    last = points.filter(pl.col("subject") == "real").tail(1)
    assert last.select("low", "high").row(0) == pytest.approx((14.456, 17.0175), abs=1e-3)


def test_the_index_of_concentration_is_a_range(warehouse: Warehouse) -> None:
    rows = history.concentration(warehouse)
    march = rows.filter(pl.col("as_of").dt.strftime("%Y-%m-%d") == "2026-03-12").row(0, named=True)
    low, high = 57.5**2 + 23.5**2, 58.5**2 + 24.5**2 + 19**2
    assert (march["hhi_low"], march["hhi_high"]) == pytest.approx((low, high))
    last = rows.row(-1, named=True)
    values = [832, 626, 608, 279, 153, 146, 86, 47]
    assert last["hhi_low"] == pytest.approx(sum((100 * (value - 0.5) / 2855) ** 2 for value in values))
    assert rows["hhi_high"].max() <= 10_000


def test_all_readings_are_listed_with_their_denominator(warehouse: Warehouse) -> None:
    rows = market.everything(warehouse)
    assert rows.height == warehouse.query("SELECT count(*) AS n FROM tokenized_metrics")["n"].item()
    assert set(rows["measure"]) == {"value", "volume", "holders", "open interest"}


def test_a_reading_and_a_product_of_the_future_are_refused(own: Settings) -> None:
    with (own.reference_dir / "tokenized_products.csv").open("a") as file:
        file.write(
            "tomorrows,Somebody,A product,A note,,,unknown,,,live,2999-01-01T00:00:00Z,day,medium,false,,crashday\n"
        )
    hub = rebuilt(own, reading("t1", ALL, 5, as_of="2999-01-01"))
    with hub.lease() as fresh:
        refused = fresh.query("SELECT table_name, rule FROM quarantine WHERE table_name LIKE 'tokenized%' ORDER BY ALL")
        assert "somebody" not in history.sizes(fresh, "value")["origin"]
        assert "tomorrows" not in products.moves(fresh)["product_id"]
    assert refused.rows() == [
        ("tokenized_metrics", "as_of_in_the_future"),
        ("tokenized_products", "as_of_in_the_future"),
    ]


def test_every_product_entered_once_or_is_only_announced_and_no_day_is_made_up(warehouse: Warehouse) -> None:
    rows = products.moves(warehouse)
    listed = warehouse.query("SELECT product_id, launched, status FROM tokenized_products")
    assert sorted(rows.filter(pl.col("move") != "left")["product_id"]) == sorted(listed["product_id"])
    undated = rows.filter(pl.col("ts").is_null())
    assert set(undated["product_id"]) == set(listed.filter(pl.col("launched").is_null())["product_id"])
    assert undated["year"].null_count() == undated.height and set(undated["precision"]) == {"unknown"}
    assert set(rows.filter(pl.col("move") == "announced")["product_id"]) == {"backpack-superstate", "sharplink-sbet"}
    left = rows.filter(pl.col("move") == "left")
    assert left.select("product_id", pl.col("ts").dt.strftime("%Y-%m-%d")).rows() == [("remora", "2026-02-23")]
    assert rows["source_id"].null_count() == 0


def test_moves_by_year_count_the_days_that_are_known(warehouse: Warehouse) -> None:
    years = products.moves_by_year(warehouse)
    assert years.select("year", "move", "products").rows() == [
        (2023, "entered", 1),
        (2025, "entered", 8),
        (2026, "entered", 7),
        (2026, "left", 1),
    ]
    assert years["products"].sum() + years["low_confidence"].sum() == products.moves(warehouse)["ts"].drop_nulls().len()


def test_a_closed_product_without_a_day_left_at_a_time_not_known(own: Settings) -> None:
    with (own.reference_dir / "tokenized_products.csv").open("a") as file:
        file.write(
            "gone,Somebody,A product,A note,,,unknown,,,closed,2026-11-01T00:00:00Z,day,medium,false,,crashday\n"
        )
    with rebuilt(own).lease() as fresh:
        gone = products.moves(fresh).filter(pl.col("product_id") == "gone")
    assert gone.select("move", "ts", "year").rows() == [("entered", None, None), ("left", None, None)]


def test_a_chain_counted_in_several_ways_is_as_many_series(warehouse: Warehouse) -> None:
    rows = history.chains(warehouse)
    assert (
        rows.height
        == warehouse.query("SELECT count(*) AS n FROM tokenized_metrics WHERE subject_kind = 'chain'")["n"].item()
    )
    values = rows.filter((pl.col("unit") == "USD") & (pl.col("measure") == "value"))
    assert sorted(values["value"]) == [5.535e6, 15.28e6, 48.53e6, 102e6, 294.71e6, 684e6, 1.85e9]
    twice = values.filter(pl.col("series").is_duplicated())
    assert twice["value"].to_list() == [15.28e6, 48.53e6] and values["series"].n_unique() == 6
    shares = rows.filter(pl.col("unit") == "percent").select("measure", "value").rows()
    assert sorted(shares) == [("value", 11.4), ("value", 20.4), ("volume", 97.0)]


def test_a_chain_read_again_in_the_same_way_continues_its_line_and_no_other(own: Settings) -> None:
    again = partial(reading, subject="Solana,chain,", value=7e8, metric="value", scope="tokenized equity on Solana")
    hub = rebuilt(own, again("t1", origin="Solana Compass/Token Terminal"), again("t2"))
    with hub.lease() as fresh:
        values = history.chains(fresh).filter(pl.col("unit") == "USD")
    joined = values.filter(pl.col("series").is_duplicated() & (pl.col("as_of").dt.year() == 2026))
    assert joined["value"].to_list() == [684e6, 7e8] and joined["origin"].n_unique() == 1


def test_no_single_reading_makes_a_line(warehouse: Warehouse) -> None:
    for kind in ("issuer", "token"):
        series = history.lines(warehouse, kind, "value").group_by("series").len()
        assert (series["len"] > 1).all()
