"""What feeds let through on a day, and the moments at which that changed."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from analytics.liquidations import regimes
from analytics.warehouse import Warehouse

OCT_10 = {"start": datetime(2025, 10, 9, tzinfo=UTC), "end": datetime(2025, 10, 12, tzinfo=UTC)}
FEB_3 = {"start": datetime(2025, 2, 3, tzinfo=UTC), "end": datetime(2025, 2, 4, tzinfo=UTC)}


def completeness(warehouse: Warehouse, day: dict[str, datetime], *venues: str) -> dict[str, str]:
    return dict(regimes.verdicts(warehouse, venues, **day).select("venue", "completeness").iter_rows())


def test_bybit_was_throttled_before_february_2025_and_complete_after(warehouse: Warehouse) -> None:
    assert completeness(warehouse, FEB_3, "bybit") == {"bybit": "throttled"}
    assert completeness(warehouse, OCT_10, "bybit") == {"bybit": "complete"}


def test_the_four_exchanges_of_the_board_do_not_measure_alike(warehouse: Warehouse) -> None:
    verdicts = regimes.verdicts(warehouse, ("hyperliquid", "bybit", "binance", "okx"), **OCT_10)
    assert verdicts["completeness"].to_list() == ["complete", "complete", "throttled", "sampled"]
    assert verdicts["established"].to_list() == [True, True, False, False]


def test_a_venue_without_a_described_feed_is_unknown_not_complete(warehouse: Warehouse) -> None:
    assert completeness(warehouse, OCT_10, "upbit") == {"upbit": "unknown"}


def test_a_regime_that_ended_before_the_day_or_began_after_it_does_not_hold(warehouse: Warehouse) -> None:
    held = regimes.in_force(warehouse, ("bybit",), **FEB_3)
    assert held["feed"].to_list() == ["liquidation"]
    assert held["valid_from"].to_list() == [None]


def test_the_rows_of_one_feed_follow_each_other_in_time(warehouse: Warehouse) -> None:
    feeds = regimes.of_venues(warehouse, ("binance", "bybit"))
    runs = feeds.select(
        pl.concat_str("venue", "feed", separator="|").rle_id().n_unique(),
        pl.struct("venue", "feed").n_unique().alias("feeds"),
    )
    assert runs.row(0)[0] == runs.row(0)[1]
    assert feeds["venue"].unique(maintain_order=True).to_list() == ["binance", "bybit"]


def test_the_only_change_to_complete_is_bybits(warehouse: Warehouse) -> None:
    changes = regimes.changes(warehouse, datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    assert changes.select("venue", "before", "after", "changed_at").rows() == [
        ("bybit", "throttled", "complete", datetime(2025, 2, 20, tzinfo=UTC))
    ]
    assert regimes.changes(warehouse, **OCT_10).is_empty()


def test_limits_whose_start_is_not_established_are_named(warehouse: Warehouse) -> None:
    assert regimes.undated_limits(warehouse)["venue"].to_list() == ["aster", "binance", "okx"]
