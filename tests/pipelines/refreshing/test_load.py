"""What enters a table obeys its rules; what does not is in quarantine with the rule's name; no row is lost on the
way."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.data import export
from pipelines.config import ROOT
from pipelines.refreshing.validate import accept
from pipelines.source import Piece
from pipelines.sources import reference_pack
from pipelines.tables.canonical import TABLES
from pipelines.tables.dictionary import column_names

NOON = datetime(2025, 10, 10, 12, tzinfo=UTC)


def frame(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    fields = TABLES[table].columns()
    known = [column for column in column_names(table) if column != "snapshot_id"]
    return pl.DataFrame(rows, schema={column: fields[column].dtype for column in known})


moments = st.none() | st.integers(0, 3).map(lambda seconds: NOON + timedelta(seconds=seconds))
counts = st.none() | st.integers(-1, 3)
count_rows = st.lists(
    st.fixed_dictionaries(
        {
            "venue": st.none() | st.sampled_from(["hyperliquid", "aster"]),
            "ts": moments,
            "liquidated_records": counts,
            "adl_fills": counts,
            "source_id": st.none() | st.sampled_from(["", "study"]),
        }
    ),
    max_size=12,
)
trade_rows = st.lists(
    st.fixed_dictionaries(
        {
            "venue": st.just("binance"),
            "market": st.sampled_from(["spot", "moon"]),
            "symbol": st.just("ATOM/USDT"),
            "trade_id": st.sampled_from(["1", "2", "3"]),
            "ts": moments,
            "price": st.none() | st.floats(),
            "quantity_base": st.none() | st.floats(-1, 1),
            "taker_side": st.none() | st.text(max_size=3) | st.sampled_from(["buy", "sell"]),
            "source_id": st.just("tape"),
        }
    ),
    max_size=12,
)


@given(
    st.one_of(count_rows.map(lambda rows: ("liquidation_counts", rows)), trade_rows.map(lambda rows: ("trades", rows)))
)
def test_no_row_is_lost(drawn: tuple[str, list[dict[str, Any]]]) -> None:
    table, rows = drawn
    given_rows = frame(table, rows)
    accepted = accept(table, given_rows, "bytes")
    assert accepted.good.height + accepted.refused_rows + accepted.doubled == given_rows.height
    assert accepted.doubled == given_rows.height - given_rows.unique().height
    assert accepted.refused["row_number"].is_between(1, given_rows.height).all()
    assert accepted.refused["rule"].str.len_chars().min() != 0
    TABLES[table].validate(accepted.good)


def count(**cells: Any) -> dict[str, Any]:
    return {"venue": "v", "ts": NOON, "liquidated_records": 3, "adl_fills": 1, "source_id": "study", **cells}


def test_exact_duplicates_are_dropped_and_counted_not_refused() -> None:
    accepted = accept("liquidation_counts", frame("liquidation_counts", [count(), count(), count()]), "bytes")
    assert (accepted.good.height, accepted.doubled, accepted.refused_rows) == (1, 2, 0)


def test_two_rows_that_differ_under_one_key_are_both_refused() -> None:
    accepted = accept("liquidation_counts", frame("liquidation_counts", [count(), count(adl_fills=2)]), "bytes")
    assert accepted.good.is_empty()
    assert accepted.refused.select("row_number", "rule").rows() == [(1, "primary_key"), (2, "primary_key")]


def test_a_refused_row_keeps_its_number_its_rule_and_its_cells() -> None:
    accepted = accept(
        "liquidation_counts", frame("liquidation_counts", [count(), count(venue="w", adl_fills=9)]), "bytes"
    )
    refused = accepted.refused.row(0, named=True)
    assert (refused["row_number"], refused["rule"], refused["table_name"]) == (
        2,
        "adl_within_records",
        "liquidation_counts",
    )
    assert json.loads(refused["row_json"])["adl_fills"] == 9
    assert accepted.good["snapshot_id"].to_list() == ["bytes"]


def test_columns_a_source_does_not_know_are_null() -> None:
    rows = frame("bars", [bar()]).drop("volume_quote", "trades")
    good = accept("bars", rows, "bytes").good
    assert good.select("volume_quote", "trades").row(0) == (None, None)


def test_a_column_nobody_declared_or_a_required_one_that_is_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="liquidation_counts: columns missing or unknown: adl_fills, colour"):
        accept(
            "liquidation_counts",
            frame("liquidation_counts", [count()]).drop("adl_fills").with_columns(colour=1),
            "bytes",
        )


def bar(**cells: Any) -> dict[str, Any]:
    whole = {"open": 10.0, "high": 12.0, "low": 9.0, "close": 11.0, "volume_base": 5.0, "taker_buy_base": 2.0}
    key = {"venue": "v", "market": "spot", "symbol": "BTC/USDT", "kind": "trade", "interval": "1m", "ts": NOON}
    return {**key, **whole, "source_id": "tape", **cells}


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"high": 8.0}, "prices_in_order"),
        ({"open": 13.0}, "prices_in_order"),
        ({"close": 8.5}, "prices_in_order"),
        ({"low": 0.0}, "price_positive"),
        ({"taker_buy_base": 6.0}, "taker_buy_within_volume"),
        ({"volume_base": -1.0, "taker_buy_base": None}, "volume_base|min"),
        ({"kind": "rumour"}, "kind|check__one_of"),
        ({"interval": "7m"}, "interval|check__one_of"),
        ({"market": "moon"}, "market|check__one_of"),
        ({"source_id": ""}, "source_id|min_length"),
        ({"ts": None}, "ts|nullability"),
        ({"high": float("nan")}, "high|nan"),
        ({"high": float("inf")}, "high|inf"),
    ],
)
def test_a_bar_that_cannot_be_is_refused_by_name(cells: dict[str, Any], rule: str) -> None:
    assert accept("bars", frame("bars", [bar()]), "bytes").good.height == 1
    accepted = accept("bars", frame("bars", [bar(**cells)]), "bytes")
    assert accepted.good.is_empty()
    assert rule in accepted.refused["rule"].to_list()


@pytest.mark.parametrize(
    ("table", "cells", "rule"),
    [
        ("crash_days", {"focus_end": datetime(2030, 1, 1, tzinfo=UTC)}, "focus_inside_window"),
        ("crash_days", {"crash_day": "<script>"}, "crash_day|regex"),
        ("liquidation_reports", {"window_start": NOON, "window_end": NOON - timedelta(1)}, "window_in_order"),
        ("liquidation_reports", {"side": "both"}, "side|check__one_of"),
        ("liquidation_reports", {"share_pct": 101.0}, "share_pct|max"),
        ("tokenized_metrics", {"unit": "percent", "value": 100.5}, "share_within_100"),
        ("depegs", {"discount_pct": 1.0}, "discount_pct|max"),
        ("trades", {"price": 0.0}, "price|min_exclusive"),
        ("funding_rates", {"interval_hours": 0.0}, "interval_hours|min_exclusive"),
        ("sources", {"kind": "hearsay"}, "kind|check__one_of"),
    ],
)
def test_an_embedded_fact_turned_wrong_is_refused_by_name(table: str, cells: dict[str, Any], rule: str) -> None:
    body = (ROOT / "data" / "reference" / f"{table}.csv").read_bytes()
    facts = reference_pack.parse([body], Piece(table))[table].head(1)
    fields = TABLES[table].columns()
    assert accept(table, facts, "bytes").good.height == 1
    wrong = facts.with_columns(pl.lit(value, dtype=fields[name].dtype).alias(name) for name, value in cells.items())
    assert rule in accept(table, wrong, "bytes").refused["rule"].to_list()


@pytest.mark.parametrize("table", reference_pack.SOURCE.tables)
def test_every_table_refuses_a_row_without_a_source(table: str) -> None:
    body = (ROOT / "data" / "reference" / f"{table}.csv").read_bytes()
    facts = reference_pack.parse([body], Piece(table))[table].head(1)
    refused = accept(table, facts.with_columns(source_id=pl.lit("")), "bytes").refused
    assert refused.select("table_name", "row_number", "rule").rows() == [(table, 1, "source_id|min_length")]


printable = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8)
numbers = st.floats(1e-12, 1e15, allow_nan=False)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "venue": printable,
                "market": st.just("spot"),
                "symbol": printable,
                "trade_id": printable,
                "ts": st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
                "price": numbers,
                "quantity_base": numbers,
                "taker_side": st.sampled_from(["buy", "sell"]),
                "source_id": printable,
            }
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda row: (row["venue"], row["symbol"], row["trade_id"]),
    )
)
def test_our_csv_is_read_back_as_it_was_written(rows: list[dict[str, Any]]) -> None:
    written = frame("trades", rows)
    assert reference_pack.parse([export.csv(written)], Piece("trades"))["trades"].rows() == written.rows()


def test_a_bar_nobody_traded_in_is_left_out_and_a_mark_price_is_not() -> None:
    bar = {
        "venue": "v",
        "market": "spot",
        "symbol": "A/B",
        "interval": "1m",
        "ts": NOON,
        "open": 1.0,
        "high": 1.0,
        "low": 1.0,
        "close": 1.0,
        "source_id": "s",
    }
    rows = [bar | {"kind": "trade", "volume_base": 0.0}, bar | {"kind": "mark", "volume_base": None}]
    accepted = accept("bars", frame("bars", rows), "bytes")
    assert accepted.good["kind"].to_list() == ["mark"]
    assert accepted.refused.is_empty() and accepted.doubled == 0


def test_a_reading_dated_after_it_was_read_is_refused() -> None:
    rank = {
        "venue": "v",
        "market": "spot",
        "as_of": NOON + timedelta(days=2),
        "as_of_precision": "day",
        "origin": "o",
        "rank": 1,
        "source_id": "s",
    }
    late = accept("exchange_ranks", frame("exchange_ranks", [rank]), "bytes", read_at=NOON)
    assert late.good.is_empty() and late.refused["rule"].to_list() == ["as_of_in_the_future"]
    assert (
        accept("exchange_ranks", frame("exchange_ranks", [rank]), "bytes", read_at=NOON + timedelta(days=3)).good.height
        == 1
    )
