"""The timeline: reported moments in order, disputed ones apart and never drawn."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from analytics.market import timeline
from analytics.warehouse import Warehouse

OCT_10 = "oct-10-2025"


def test_reported_and_disputed_moments_are_all_there_is_and_never_mixed(warehouse: Warehouse) -> None:
    moments, disputed = timeline.moments(warehouse, OCT_10), timeline.disputed(warehouse, OCT_10)
    known = warehouse.query("SELECT event_id FROM events WHERE timeline = $day", day=OCT_10)
    assert set(moments["standing"]) == {"reported"}
    assert set(disputed["standing"]) == {"disputed"}
    assert sorted([*moments["event_id"], *disputed["event_id"]]) == sorted(known["event_id"])


def test_what_is_wrong_says_why(warehouse: Warehouse) -> None:
    disputed = timeline.disputed(warehouse, OCT_10)
    assert not disputed.is_empty()
    assert disputed["note"].null_count() == 0


def test_moments_are_in_order_and_within_the_range_ends_included(warehouse: Warehouse) -> None:
    every = timeline.moments(warehouse, OCT_10)
    start, end = every["ts"][2], every["ts"][-3]
    within = timeline.moments(warehouse, OCT_10, start, end)
    assert every["ts"].is_sorted()
    assert within.rows() == every.filter(pl.col("ts").is_between(start, end)).rows()
    assert 0 < within.height < every.height


def test_other_stories_keep_apart(warehouse: Warehouse) -> None:
    assert timeline.moments(warehouse, "no such story").is_empty()
    assert timeline.moments(warehouse, OCT_10, datetime(2030, 1, 1, tzinfo=UTC)).is_empty()


def test_every_moment_leads_to_a_source_and_states_its_precision(warehouse: Warehouse) -> None:
    moments = timeline.moments(warehouse, OCT_10)
    assert moments["source_id"].null_count() == moments["precision"].null_count() == 0
