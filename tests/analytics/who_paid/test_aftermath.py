"""What exchanges gave back: every statement on its own, and absences that are looked up and not written down."""

from __future__ import annotations

import csv

import polars as pl

from analytics.warehouse import Hub, Warehouse
from analytics.who_paid import aftermath
from pipelines.config import Settings
from pipelines.refreshing import build

OCT_10 = "oct-10-2025"


def test_the_case_has_its_day_by_its_reports(warehouse: Warehouse) -> None:
    assert aftermath.case_day(warehouse, "backpack")["crash_day"].to_list() == [OCT_10]
    assert aftermath.case_day(warehouse, "kraken").is_empty()


def test_compensation_announced_and_paid_stands_statement_by_statement(warehouse: Warehouse) -> None:
    rows = aftermath.treatment(warehouse, OCT_10, "backpack")
    assert rows.row(0, named=True)["said"] == "No compensation was found, announced or paid"
    binance = rows.filter(pl.col("venue") == "binance")
    assert {283e6, 328e6, 400e6} <= set(binance["value"].drop_nulls())
    assert rows.filter(pl.col("venue") == "dydx")["value"].to_list() == [462_097.79]
    lighter = rows.filter((pl.col("venue") == "lighter") & (pl.col("kind") == "statement"))
    assert "250,000 points" in lighter["said"][0]
    assert rows["source_id"].null_count() == 0
    stated = warehouse.query("SELECT value FROM venue_reports")["value"]
    assert set(rows["value"].drop_nulls()) <= set(stated)


def test_nothing_found_is_only_said_of_the_exchange_asked_about(warehouse: Warehouse) -> None:
    assert "nothing found" not in set(aftermath.treatment(warehouse, OCT_10, "dydx")["kind"])
    assert aftermath.treatment(warehouse, "mar-12-2020", "backpack")["kind"].to_list() == ["nothing found"]


def test_what_is_not_known_of_backpack(warehouse: Warehouse) -> None:
    asked = aftermath.unknown(warehouse, "backpack", OCT_10)
    assert asked["question"].to_list() == [
        "Was anything refunded or compensated?",
        "Has it published a post-mortem of its own?",
        "How much did it close by auto-deleveraging?",
        "How did it rank?",
    ]
    assert asked["answer"][-1] == "Only the rank of Oct 15, 2025 is recorded, none before and none after."
    assert asked["source_id"][-1] == "the-defiant-ce93c3"


def test_a_question_goes_once_it_is_answered(warehouse: Warehouse, own: Settings) -> None:
    assert aftermath.unknown(warehouse, "binance", OCT_10)["question"].to_list() == [
        "How much did it close by auto-deleveraging?",
        "How did it rank?",
    ]
    path = own.reference_dir / "events.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    refund = {**rows[0], "event_id": "backpack-99", "category": "compensation", "timeline": OCT_10}
    with path.open("a", newline="") as file:
        csv.DictWriter(file, list(rows[0]), lineterminator="\n").writerow(refund)
    build.build(own)
    with Hub(own.warehouse_dir).lease() as changed:
        assert "refunded" not in " ".join(aftermath.unknown(changed, "backpack", OCT_10)["question"])
        assert "nothing found" not in set(aftermath.treatment(changed, OCT_10, "backpack")["kind"])
