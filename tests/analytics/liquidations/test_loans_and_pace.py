"""Loans closed by selling collateral, scope by scope, and published windows as dollars a minute."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from analytics.liquidations import loans, pace
from analytics.market import tested_claims
from analytics.warehouse import Warehouse

START, END = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
DAY, NEXT = datetime(2025, 10, 10, tzinfo=UTC), datetime(2025, 10, 11, tzinfo=UTC)


def test_each_scope_has_its_own_total(warehouse: Warehouse) -> None:
    totals = {row["scope"]: row for row in loans.totals(warehouse, START, END).iter_rows(named=True)}
    assert set(totals) == {"aave-ethereum-btc", "compound-v3-ethereum-usdt", "aave-v3-weth-15m"}
    bitcoin = totals["aave-ethereum-btc"]
    assert (round(bitcoin["amount_usd"] / 1e6, 2), bitcoin["calls"]) == (42.69, 67)
    assert bitcoin["amount_base"] is None
    assert totals["aave-v3-weth-15m"]["amount_usd"] is None
    assert totals["aave-v3-weth-15m"]["amount_base"] == pytest.approx(6_109.57, abs=0.01)


def test_hours_and_quarters_of_the_same_loans_are_never_both_shown(warehouse: Warehouse) -> None:
    for start, end, step in ((START, END, "15m"), (DAY, NEXT, "1h")):
        rows = loans.events(warehouse, start, end)
        weth = rows.filter(asset="WETH")["scope"].unique().to_list()
        assert weth == [f"aave-v3-weth-{step}"]


def test_a_step_that_leaves_the_range_is_not_shown(warehouse: Warehouse) -> None:
    rows = loans.events(warehouse, START, datetime(2025, 10, 10, 21, 20, tzinfo=UTC))
    ends = rows.select(pl.col("ts") + pl.duration(seconds="step_seconds")).to_series()
    assert ends.max() <= datetime(2025, 10, 10, 21, 20, tzinfo=UTC)
    assert set(rows["scope"]) == {"aave-ethereum-btc", "compound-v3-ethereum-usdt", "aave-v3-weth-15m"}


def test_the_pace_of_published_windows(warehouse: Warehouse) -> None:
    windows = pace.by_window(warehouse, "oct-10-2025")
    assert windows.select("origin", "universe").unique().height == 1
    phases = windows.filter(depth=1)
    assert [round(value / 1e6, 1) for value in phases["usd_a_minute"]] == [2.0, 173.2, 6.2]
    minute = windows.filter(depth=2).row(0, named=True)
    assert round(minute["of_window_pct"]) == 46 and minute["minutes"] == 1


def test_a_day_without_windows_has_no_pace(warehouse: Warehouse) -> None:
    assert pace.by_window(warehouse, "apr-16-2021").is_empty()
    assert tested_claims.pace_ratio(warehouse, "apr-16-2021").is_empty()


def test_claims_in_circulation_against_the_tape(warehouse: Warehouse) -> None:
    fell = tested_claims.deep_falls(warehouse, DAY, NEXT).row(0, named=True)
    assert (fell["venue"], fell["fell"], fell["markets"]) == ("binance", 125, 429)
    hour = tested_claims.steepest_hour(warehouse, "BTC", DAY, NEXT).row(0, named=True)
    assert round(hour["drop_pct"], 1) == 13.3 and (hour["high"], hour["low"]) == (117_145.3, 101_516.5)
    ratio = tested_claims.pace_ratio(warehouse, "oct-10-2025").row(0, named=True)
    assert round(ratio["times"], 1) == 46.7
