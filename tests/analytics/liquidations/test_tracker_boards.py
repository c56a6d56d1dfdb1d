"""What trackers state for a UTC day is found by the crash day in it, one asset a board, and stays out of the crash's
totals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from analytics.exchange import profile
from analytics.liquidations import boards, headline
from analytics.warehouse import Warehouse
from pipelines.config import Settings
from pipelines.refreshing.validate import accept
from pipelines.sources.common.trackers import Window, reports
from tests import orders

OCT_10 = "oct-10-2025"
DAY = timedelta(days=1)


def told(venue: str, day: datetime, long_usd: float, short_usd: float, asset: str = "BTC") -> Window:
    return Window(venue, asset, day, day + DAY, long_usd, short_usd, "Sum of two markets.")


@pytest.fixture
def tracked(own: Settings) -> Iterator[Warehouse]:
    """Two exchanges on the day of the crash and on the day after, in BTC, and one of them in ETH."""
    crash = datetime(2025, 10, 10, tzinfo=UTC)
    windows = [
        told("bybit", crash, 900.0, 100.0),
        told("binance", crash, 300.0, 50.0),
        told("bybit", crash + DAY, 7.0, 7.0),
        told("binance", crash + DAY, 7.0, 7.0),
        told("bybit", crash, 400.0, 20.0, "ETH"),
    ]
    listed = reports(windows, "Coinalyze", "perpetuals listed by Coinalyze", "UTC day %Y-%m-%d")
    rows = accept("liquidation_reports", listed.with_columns(source_id=pl.lit("coinalyze")), "test")
    assert rows.refused.is_empty()
    orders.put(own, rows.good, table="liquidation_reports")
    with orders.leased(own) as warehouse:
        yield warehouse


def test_the_day_of_the_crash_is_a_board_of_its_asset_behind_those_of_the_crash(tracked: Warehouse) -> None:
    known = boards.every(tracked, OCT_10)
    assert known["phase"][0] == "crash" and known["asset"][0] == "all"
    assert known.filter(pl.col("asset") != "all").select(
        "origin", "asset", "window_label", "venues", "named_usd", "total_usd", "phase"
    ).rows() == [("Coinalyze", "BTC", "UTC day 2025-10-10", 2, 1350.0, None, "day")]


def test_its_rows_say_what_the_feed_of_that_day_let_through(tracked: Warehouse) -> None:
    (board,) = boards.every(tracked, OCT_10).filter(pl.col("asset") == "BTC")["board"]
    rows = boards.by_exchange(tracked, board)
    assert rows.select("venue", "long_usd", "short_usd", "total_usd", "share_pct", "completeness").rows() == [
        ("bybit", 900.0, 100.0, 1000.0, None, "complete"),
        ("binance", 300.0, 50.0, 350.0, None, "throttled"),
    ]


def test_an_exchange_is_told_of_the_day_in_every_asset_and_of_no_other_day(tracked: Warehouse) -> None:
    found = profile.liquidations(tracked, "bybit").filter(pl.col("origin") == "Coinalyze")
    assert found.select("crash_day", "asset", "long_usd", "short_usd").sort("asset").rows() == [
        (OCT_10, "BTC", 900.0, 100.0),
        (OCT_10, "ETH", 400.0, 20.0),
    ]


def test_no_headline_is_made_of_it(tracked: Warehouse, warehouse: Warehouse) -> None:
    assert headline.total(tracked, OCT_10)["value"].to_list() == headline.total(warehouse, OCT_10)["value"].to_list()
    assert boards.readings(tracked, OCT_10).height == boards.readings(warehouse, OCT_10).height
