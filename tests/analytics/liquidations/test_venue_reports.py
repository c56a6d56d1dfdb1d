"""What was published about venues beside liquidations: under the right day, low confidence last, nothing added
twice."""

from __future__ import annotations

import polars as pl

from analytics.liquidations import venue_reports
from analytics.warehouse import Warehouse

OCT_10 = "oct-10-2025"


def test_reports_stand_under_the_day_their_window_names(warehouse: Warehouse) -> None:
    bitmex = venue_reports.of_topics(warehouse, "mar-12-2020", ("insurance",))
    assert bitmex.select("venue", "value", "unit").rows() == [("bitmex", 1627.0, "BTC")]
    assert "bitmex" not in venue_reports.of_topics(warehouse, OCT_10, ("insurance",))["venue"]
    assert venue_reports.open_interest(warehouse, "aug-5-2024")["change_pct"].to_list() == [-18.7]


def test_every_report_of_a_day_stands_under_exactly_that_day(warehouse: Warehouse) -> None:
    topics = ("insurance", "compensation", "losses")
    days = warehouse.query("SELECT crash_day FROM crash_days")["crash_day"]
    filed = sum(venue_reports.of_topics(warehouse, day, topics).height for day in days)
    held = warehouse.query(
        "SELECT count(*) AS n FROM venue_reports WHERE crash_day IS NOT NULL AND topic IN (SELECT unnest($topics))",
        topics=list(topics),
    )
    assert filed == held["n"].item()


def test_low_confidence_comes_last(warehouse: Warehouse) -> None:
    low = venue_reports.of_topics(warehouse, OCT_10, ("insurance", "losses"))["confidence"] == "low"
    assert low.any() and low.is_sorted()


def test_only_hyperliquid_has_open_interest_before_and_after(warehouse: Warehouse) -> None:
    interest = venue_reports.open_interest(warehouse, OCT_10).filter(pl.col("venue") != "all")
    both = interest.filter(pl.col("before_usd").is_not_null() & pl.col("after_usd").is_not_null())
    assert both.select("venue", "before_usd", "after_usd", "change_pct").rows() == [
        ("hyperliquid", 13.8e9, 6.4e9, -53.6)
    ]


def test_conflicting_falls_of_the_market_stand_beside_each_other(warehouse: Warehouse) -> None:
    whole = venue_reports.open_interest(warehouse, OCT_10).filter(pl.col("venue") == "all")
    assert whole["change_pct"].drop_nulls().sort().to_list() == [-43.0, -37.2, -36.4, -29.7]


def test_the_63637_records_appear_as_published_and_marked_two_sided(warehouse: Warehouse) -> None:
    records = venue_reports.of_topics(warehouse, OCT_10, ("adl",)).filter(pl.col("value") == 63_637)
    assert records["counting"].to_list() == ["two_sided"]
    assert "2 x 14,327" in records["note"][0] and "34,983" in records["note"][0]


def test_adl_counted_on_chain_stands_beside_what_was_reported(warehouse: Warehouse) -> None:
    reports = venue_reports.of_topics(warehouse, OCT_10, ("adl",))
    fills = reports.filter(pl.col("metric") == "adl fills")
    assert fills.select("venue", "value", "counting").rows() == [("hyperliquid", 34_983.0, "complete")]
    assert {"binance", "backpack"} <= set(reports["venue"])


def test_a_day_without_reports_is_empty(warehouse: Warehouse) -> None:
    assert venue_reports.open_interest(warehouse, "nov-21-2025").is_empty()
    assert venue_reports.of_topics(warehouse, "nov-21-2025", ("adl", "insurance", "losses")).is_empty()
