"""Days compare within one publication; the others stand apart, and what is not known stays unknown."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from analytics.compare import crash_days
from analytics.warehouse import Warehouse


def total(warehouse: Warehouse, day: str) -> dict[str, object]:
    return crash_days.totals(warehouse).row(by_predicate=pl.col("crash_day") == day, named=True)


@pytest.mark.parametrize(
    ("day", "billions"), [("oct-10-2025", 19.16), ("apr-18-2021", 9.94), ("may-19-2021", 9.01), ("sep-22-2025", 3.62)]
)
def test_the_comparable_list(warehouse: Warehouse, day: str, billions: float) -> None:
    row = total(warehouse, day)
    assert row["comparable"] and row["total_usd"] == pytest.approx(billions * 1e9)


def test_comparable_days_come_from_one_publication(warehouse: Warehouse) -> None:
    days = crash_days.totals(warehouse)
    comparable = days.filter("comparable")
    assert comparable.height == 10
    assert comparable.select("origin", "universe", "as_of").n_unique() == 1


def test_every_day_has_one_row_and_a_total_of_low_confidence_is_none(warehouse: Warehouse) -> None:
    days = crash_days.totals(warehouse)
    assert days.height == crash_days.every(warehouse).height == days["crash_day"].n_unique()
    assert {"oct-17-2025", "mar-12-2020"} <= set(days.filter(pl.col("total_usd").is_null())["crash_day"])
    assert days["source_id"].null_count() == 0


def test_orders(warehouse: Warehouse) -> None:
    assert crash_days.totals(warehouse, "date")["window_start"].is_sorted(descending=True)
    sizes = crash_days.totals(warehouse, "size")["total_usd"]
    assert sizes.drop_nulls().is_sorted(descending=True) and sizes[-1] is None


def test_estimates_are_ranges_and_never_the_total(warehouse: Warehouse) -> None:
    days = crash_days.totals(warehouse).filter(pl.col("estimate_low_usd").is_not_null())
    assert days.select("crash_day", "total_usd", "estimate_low_usd", "estimate_high_usd").rows() == [
        ("oct-10-2025", 19.16e9, 30e9, 40e9),
        ("feb-3-2025", 2.24e9, 8e9, 10e9),
    ]


def test_what_bybits_cut_feed_hid(warehouse: Warehouse) -> None:
    (gap,) = crash_days.feed_gaps(warehouse).iter_rows(named=True)
    assert (gap["crash_day"], gap["venue"], gap["feed_usd"], gap["stated_usd"]) == ("feb-3-2025", "bybit", 333e6, 2.1e9)
    assert gap["times"] == pytest.approx(6.306, abs=1e-3)


def test_quoted_comparisons_say_why_they_mislead_and_stand_in_no_total(warehouse: Warehouse) -> None:
    quoted = crash_days.quoted_comparisons(warehouse)
    assert quoted.height == 5 and quoted["note"].null_count() == 0 and quoted["compared_with"].null_count() == 0
    assert 7.68e9 in quoted["value"] and 7.68e9 not in crash_days.totals(warehouse)["total_usd"]


def test_a_day_follows_the_changes_up_to_it() -> None:
    moments = [datetime(2025, month, 1, tzinfo=UTC) for month in (1, 3, 5)]
    changes = pl.DataFrame({"changed_at": moments[1:]})
    days = crash_days.measured(pl.DataFrame({"window_start": moments}), changes)
    assert days["measurement"].to_list() == [0, 1, 2]
    assert crash_days.measured(days.drop("measurement"), changes.clear())["measurement"].to_list() == [0, 0, 0]


def test_the_window_of_a_day_that_does_not_exist_is_refused(warehouse: Warehouse) -> None:
    start, end = crash_days.window(warehouse, "oct-10-2025")
    (day,) = crash_days.every(warehouse).filter(crash_day="oct-10-2025").iter_rows(named=True)
    assert (start, end) == (day["window_start"], day["window_end"])
    with pytest.raises(ValueError):
        crash_days.window(warehouse, "no such day")
