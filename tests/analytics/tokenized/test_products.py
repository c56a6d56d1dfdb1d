"""What holders get, what was announced, and the hours of the cash market."""

from __future__ import annotations

import polars as pl

from analytics.tokenized import closed_hours, products
from analytics.warehouse import Hub, Warehouse
from pipelines.config import Settings
from pipelines.refreshing import build

WORDS = ("Backpack", "Superstate", "Opening Bell")


def test_every_product_stands_once_with_every_fact_or_not_known(warehouse: Warehouse) -> None:
    rows = products.overview(warehouse, "press-2025")
    assert rows["product_id"].is_unique().all() and rows.height == 23
    assert set(products.QUESTIONS) <= set(rows.columns)
    assert rows.select(list(products.QUESTIONS)).null_count().sum_horizontal().item() == 0
    coinbase = rows.row(by_predicate=pl.col("product_id") == "coinbase-b20", named=True)
    assert (coinbase["legal_form"], coinbase["class_name"]) == ("not known", "unclassified")


def test_a_product_with_no_fact_at_all_is_not_known_everywhere(own: Settings) -> None:
    with (own.reference_dir / "tokenized_products.csv").open("a") as file:
        file.write(
            "newcomer,Somebody,A product,Not read,,,unknown,,,live,2026-11-01T00:00:00Z,day,medium,false,,crashday\n"
        )
    assert build.build(own)[0] is not None
    with Hub(own.warehouse_dir).lease() as fresh:
        row = products.overview(fresh, "press-2025").row(by_predicate=pl.col("product_id") == "newcomer", named=True)
    assert {row[fact] for fact in products.QUESTIONS} == {"not known"} and row["class_name"] == "unclassified"


def test_details_answer_in_words_with_date_and_source(warehouse: Warehouse) -> None:
    rows = products.details(warehouse, "ondo-us")
    answers = dict(rows.select("question", "answer").iter_rows())
    assert list(answers)[:2] == ["Legal form", "Company takes part"]
    assert (answers["Legal form"], answers["Backed 1:1"]) == ("security entitlement", "not known")
    assert rows["source_id"].null_count() == 0


def test_what_was_announced_stands_beside_what_exists(warehouse: Warehouse) -> None:
    rows = products.story(warehouse, WORDS)
    announced = rows.filter(pl.col("kind") == "announced")
    assert [f"{ts:%Y-%m-%d}" for ts in announced["ts"]] == ["2025-10-15", "2026-03-04"]
    route = rows.filter(pl.col("title").str.starts_with("Backpack Exchange with Superstate"))
    assert route["status"].item() == "announced, no listing found" and route["ts"].item() is None
    shipped = rows.filter(pl.col("title").str.starts_with("Backpack Securities"))
    assert f"{shipped['ts'].item():%Y-%m-%d}" == "2026-06-12" and shipped["status"].item() == "live"
    assert not rows["title"].str.contains("xStocks").any()


def test_us_cash_markets_had_closed_50_minutes_before(warehouse: Warehouse) -> None:
    row = closed_hours.close_and_tokens(warehouse, "oct-10-2025").row(0, named=True)
    assert f"{row['cash_close']:%H:%M}" == "20:00" and row["minutes_after_close"] == 50 and row["weekday"] == 5
    assert row["token_bars"] == 0
    assert "xStocks" in row["names"] and "bStocks" not in row["names"]


def test_a_launch_known_only_to_the_year_is_not_counted_as_live(warehouse: Warehouse) -> None:
    row = closed_hours.close_and_tokens(warehouse, "oct-10-2025").row(0, named=True)
    assert "rStocks" not in row["names"] and "Pre-IPO tokens" in row["names"]


def test_a_day_whose_moment_is_not_known_has_no_minutes(warehouse: Warehouse) -> None:
    (undated,) = warehouse.query("SELECT crash_day FROM crash_days WHERE t0 IS NULL ORDER BY crash_day LIMIT 1").row(0)
    row = closed_hours.close_and_tokens(warehouse, undated).row(0, named=True)
    assert row["minutes_after_close"] is None and row["products"] == 0
