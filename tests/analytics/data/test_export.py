"""Any table, filtered by any text: rows equal to it, none, or a refusal; never anything else."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.data import export
from analytics.warehouse import Warehouse
from pipelines.tables.canonical import TABLES
from pipelines.tables.dictionary import column_names

COLUMNS = [(table, column) for table in TABLES for column in column_names(table)]
tricky = st.sampled_from(
    [
        "'; DROP TABLE bars; --",
        "binance",
        "nan",
        "inf",
        "1.5",
        "-0",
        "2025-10-10T21:20:00Z",
        "2025-10-10 21:20",
        "now",
        "infinity",
        "true",
        "9" * 19,
        "9" * 400,
        "\x00",
        "²",
        "%",
        "$limit",
    ]
)


def equals(value: Any, text: str) -> bool:
    """Whether a cell is what a reader means by this text."""
    match value:
        case None:
            return False
        case bool():
            return text.strip().lower() in ({"true", "t", "yes", "y", "1"} if value else {"false", "f", "no", "n", "0"})
        case int() | float():
            return float(text) == value
        case str():
            return text == value
        case _:
            return text.strip()[:10] == value.isoformat()[:10]


@given(st.sampled_from(COLUMNS), st.lists(tricky | st.text(), min_size=1, max_size=3))
def test_any_text_gives_equal_rows_or_a_refusal(
    warehouse: Warehouse, where: tuple[str, str], values: list[str]
) -> None:
    table, column = where
    try:
        rows = export.rows(warehouse, table, {column: values, "limit": ["20"]})
    except export.Unusable as refusal:
        assert "cannot be compared with" in str(refusal)
    else:
        assert all(any(equals(cell, value) for value in values) for cell in rows[column])


@given(st.sampled_from(export.CONTROLS), tricky | st.text())
def test_any_text_as_a_control_pages_or_is_refused(warehouse: Warehouse, control: str, value: str) -> None:
    try:
        rows = export.rows(warehouse, "trades", {control: [value]})
    except export.Unusable:
        return
    assert rows.height <= export.rows(warehouse, "trades", {}).height
    if control == "limit":
        assert rows.height <= int(value)


def test_an_attack_returns_no_rows_and_harms_nothing(warehouse: Warehouse) -> None:
    before = export.rows(warehouse, "bars", {}).height
    assert export.rows(warehouse, "bars", {"venue": ["'; DROP TABLE bars; --"]}).is_empty()
    assert export.rows(warehouse, "bars", {}).height == before > 0


def test_a_number_is_compared_as_a_number(warehouse: Warehouse) -> None:
    lowest = export.rows(warehouse, "trades", {"price": ["1e-3"]})
    assert not lowest.is_empty()
    assert set(lowest["price"]) == {0.001}


def test_a_whole_number_is_never_rounded_into_a_match(warehouse: Warehouse) -> None:
    with pytest.raises(export.Unusable, match=r"'1\.5' cannot be compared with 'trades' \(BIGINT\)"):
        export.rows(warehouse, "bars", {"trades": ["1.5"]})


def test_a_time_is_compared_in_its_zone(warehouse: Warehouse) -> None:
    low = {"symbol": ["BTC/USDT:USDT"], "interval": ["5m"], "kind": ["trade"], "venue": ["binance"]}
    utc = export.rows(warehouse, "bars", {**low, "ts": ["2025-10-10T21:20:00Z"]})
    tokyo = export.rows(warehouse, "bars", {**low, "ts": ["2025-10-11T06:20:00+09:00"]})
    assert utc["low"].to_list() == [101_516.5]
    assert tokyo.rows() == utc.rows()


def test_several_values_are_any_of_them_and_several_columns_all(warehouse: Warehouse) -> None:
    rows = export.rows(warehouse, "bars", {"venue": ["coinbase", "gemini"], "interval": ["1m"]})
    assert set(rows["venue"]) == {"coinbase", "gemini"}
    assert set(rows["interval"]) == {"1m"}


def test_since_is_included_and_until_is_not(warehouse: Warehouse) -> None:
    minutes = {"interval": ["1m"], "since": ["2025-10-10T21:20:00Z"], "until": ["2025-10-10T21:22:00Z"]}
    rows = export.rows(warehouse, "bars", minutes)
    assert {f"{ts:%H:%M:%S}" for ts in rows["ts"]} == {"21:20:00", "21:21:00"}


def test_pages_put_together_are_the_whole_in_the_order_of_the_key(warehouse: Warehouse) -> None:
    whole = export.rows(warehouse, "events", {})
    pages = [export.rows(warehouse, "events", {"limit": ["10"], "offset": [str(start)]}) for start in range(0, 200, 10)]
    assert pl.concat(pages).rows() == whole.rows()
    assert whole["event_id"].is_sorted()


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_served_with_its_declared_columns(warehouse: Warehouse, table: str) -> None:
    assert export.rows(warehouse, table, {"limit": ["1"]}).columns == column_names(table)


def test_unknown_names_are_answered_with_the_valid_ones(warehouse: Warehouse) -> None:
    with pytest.raises(export.UnknownTable) as table:
        export.rows(warehouse, "bars; DROP TABLE bars", {})
    assert table.value.valid == list(TABLES)
    with pytest.raises(export.UnknownColumn) as column:
        export.rows(warehouse, "bars", {'venue" = venue OR "venue': ["x"]})
    assert column.value.valid == [*column_names("bars"), *export.CONTROLS]
    with pytest.raises(export.UnknownColumn, match="no time column"):
        export.rows(warehouse, "venues", {"since": ["2025-10-10T00:00:00Z"]})


def test_csv_has_utc_iso_times_and_leaves_the_unknown_empty(warehouse: Warehouse) -> None:
    rows = export.rows(warehouse, "bars", {"symbol": ["BTC/USDT:USDT"], "kind": ["mark"], "limit": ["1"]})
    header, line, end = export.csv(rows).decode().split("\n")
    cells = dict(zip(header.split(","), line.split(","), strict=True))
    assert end == ""
    assert cells["ts"].endswith("Z") and "T" in cells["ts"]
    assert rows["volume_base"].to_list() == [None]
    assert cells["volume_base"] == ""
