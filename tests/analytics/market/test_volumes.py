"""Traded volume by exchange: the published window, spot and futures apart."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from analytics.market import volumes
from analytics.warehouse import Warehouse

START = datetime(2025, 10, 10, 21, 9, tzinfo=UTC)


def test_the_published_window_is_found_by_the_day(warehouse: Warehouse) -> None:
    found = volumes.windows(warehouse, datetime(2025, 10, 9, tzinfo=UTC), datetime(2025, 10, 12, tzinfo=UTC))
    assert found.select("window_start", "window_end").rows() == [(START, datetime(2025, 10, 10, 22, tzinfo=UTC))]
    assert volumes.windows(warehouse, datetime(2025, 11, 21, tzinfo=UTC), datetime(2025, 11, 22, tzinfo=UTC)).is_empty()


def test_the_total_of_a_venue_is_the_sum_of_its_assets(warehouse: Warehouse) -> None:
    whole = volumes.by_exchange(warehouse, START)
    parts = pl.concat(
        [volumes.by_exchange(warehouse, START, asset) for asset in volumes.assets(warehouse, START)["base_asset"]]
    )
    added = parts.group_by("venue", "market").agg(pl.col("volume_usd").sum().alias("added"))
    both = whole.join(added, on=["venue", "market"], validate="1:1")
    assert both.height == whole.height == 17
    for row in both.iter_rows(named=True):
        assert row["volume_usd"] == pytest.approx(row["added"])


def test_binance_leads_both_markets_and_shares_add_up_within_a_market(warehouse: Warehouse) -> None:
    whole = volumes.by_exchange(warehouse, START)
    leaders = whole.group_by("market", maintain_order=True).first().select("market", "venue", "volume_usd")
    assert leaders.rows() == [("futures", "binance", 53_876_726_485.0), ("spot", "binance", 11_778_076_162.0)]
    assert whole.group_by("market").agg(pl.col("share_pct").sum())["share_pct"].to_list() == pytest.approx([100, 100])


def test_an_unknown_asset_has_no_rows(warehouse: Warehouse) -> None:
    assert volumes.by_exchange(warehouse, START, "'; DROP TABLE bars; --").is_empty()


def test_order_books_are_not_known_where_a_part_is_not(warehouse: Warehouse) -> None:
    coinbase = volumes.by_exchange(warehouse, START).filter(
        (pl.col("venue") == "coinbase") & (pl.col("market") == "spot")
    )
    assert coinbase["order_books"].to_list() == [None]
