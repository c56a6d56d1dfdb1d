"""Mark and pool prices against last prices, and the order in which pegs broke."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from analytics.market import basis, peg_order
from analytics.warehouse import Warehouse

FOCUS = datetime(2025, 10, 10, 20, 30, tzinfo=UTC), datetime(2025, 10, 10, 22, 30, tzinfo=UTC)
DAYS = datetime(2025, 10, 9, tzinfo=UTC), datetime(2025, 10, 12, tzinfo=UTC)


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2025, 10, 10, hour, minute, second, tzinfo=UTC)


def test_mark_against_last_at_the_low(warehouse: Warehouse) -> None:
    lows = {
        row["basis"]: row for row in basis.lows(warehouse, "BTC", *FOCUS).filter(venue="binance").iter_rows(named=True)
    }
    mark = lows[basis.MARK]
    assert (round(mark["low"], 1), mark["low_other"], mark["ts"]) == (101_877.7, 101_516.5, at(21, 20))
    assert mark["gap_pct"] == pytest.approx(100 * (101_877.689817 / 101_516.5 - 1), abs=1e-6)
    assert mark["source_id"] == "binance_um_klines_5m;binance_um_mark_5m"
    assert (lows[basis.SPOT]["low"], lows[basis.SPOT]["low_other"]) == (101_516.5, 102_000.0)


def test_the_basis_is_of_closes_of_one_bar(warehouse: Warehouse) -> None:
    rows = basis.paths(warehouse, "BTC", *FOCUS)
    assert rows["basis_pct"].to_list() == pytest.approx((100 * (rows["close"] / rows["close_other"] - 1)).to_list())
    assert rows.group_by("basis", "venue", "ts").len()["len"].max() == 1
    assert basis.paths(warehouse, "XRP", *FOCUS).is_empty() and basis.lows(warehouse, "XRP", *FOCUS).is_empty()


def test_the_tape_of_usde_is_read_as_it_is(warehouse: Warehouse) -> None:
    levels = peg_order.levels(warehouse, "USDE", 1.0, *DAYS).filter(venue="binance")
    first = {row["level"]: row for row in levels.iter_rows(named=True)}
    assert (first[0.99]["first_below_ts"], first[0.99]["low_in_bar"]) == (at(21, 20), 0.9)
    assert first[0.85]["first_below_ts"] == at(21, 36)
    assert (first[0.99]["lowest"], first[0.99]["lowest_ts"]) == (0.65, at(21, 54))
    lows = dict(peg_order.new_lows(warehouse, "USDE", 1.0, *DAYS).select("ts", "low").iter_rows())
    assert (lows[at(21, 20)], lows[at(21, 22)], lows[at(21, 36)], lows[at(21, 54)]) == (0.9, 0.8955, 0.84, 0.65)
    assert max(lows) == at(21, 54)


def test_the_pool_held_until_it_did_not(warehouse: Warehouse) -> None:
    pool = peg_order.levels(warehouse, "USDE", 1.0, *DAYS).filter(venue="uniswap")
    assert pool["first_below_ts"].null_count() == pool.height
    assert (round(pool["lowest"][0], 4), pool["lowest_ts"][0]) == (0.9941, at(23, 1))
    until = peg_order.levels(warehouse, "USDE", 1.0, DAYS[0], at(22, 30)).filter(venue="uniswap")
    assert until["lowest"][0] >= 0.9995
    assert peg_order.new_lows(warehouse, "USDE", 1.0, *DAYS)["other_low"].min() >= 0.9995


def test_the_statement_stands_beside_who_disputes_it(warehouse: Warehouse) -> None:
    said = peg_order.statements(warehouse, "oct-10-2025")
    claim = said.filter((pl.col("category") == "depeg") & (pl.col("ts") == at(21, 36)))
    assert claim.height == 1 and said["ts"].is_sorted()
    low = said.filter(category="low").row(0, named=True)
    assert low["ts"] == at(21, 20) and "contested" in low["note"]
    assert "postmortem" in said["category"].to_list() and said["source_id"].null_count() == 0
    later = dict(
        said.filter((pl.col("category") == "depeg") & (pl.col("precision") == "day"))
        .select("venue", "title")
        .iter_rows()
    )
    assert "severe de-pegging came after 21:36" in later["Binance"] and "disputes" in later["OKX"]
