"""DDL and dictionary follow from the declared tables: nothing in them is declared twice or left without words."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

from pipelines.tables.canonical import TABLES
from pipelines.tables.dictionary import DUCKDB_TYPES, column_names, ddl, dictionary, summary


@pytest.mark.parametrize("table", TABLES)
def test_the_ddl_makes_the_declared_columns(table: str) -> None:
    fields = TABLES[table].columns()
    with duckdb.connect() as connection:
        connection.execute(ddl(table))
        made = connection.execute(f"SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '{table}'")
        types = dict(made.fetchall())
    names = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}
    declared = {name: DUCKDB_TYPES[fields[name].dtype.base_type()] for name in column_names(table)}
    assert types == {name: names.get(kind, kind) for name, kind in declared.items()}


def test_the_dictionary_has_one_row_a_column_in_the_tables_order() -> None:
    rows = list(dictionary())
    assert [(row["table"], row["column"]) for row in rows] == [
        (table, column) for table in TABLES for column in column_names(table)
    ]
    assert all(row["meaning"] for row in rows)


def test_where_a_row_comes_from_stands_last() -> None:
    for table in TABLES:
        names = column_names(table)
        assert sorted(names) == sorted(TABLES[table].columns())
        last = [name for name in names if name in ("source_id", "snapshot_id")]
        assert names[len(names) - len(last) :] == last


def test_numbers_and_times_state_their_unit() -> None:
    fields = [(table, name, field) for table, schema in TABLES.items() for name, field in schema.columns().items()]
    measured = [(table, name, field) for table, name, field in fields if field.dtype in (pl.Float64, pl.Int64)]
    assert measured
    assert [(table, name) for table, name, field in measured if not (field.metadata or {}).get("unit")] == []
    times = [field for _, _, field in fields if field.dtype.base_type() is pl.Datetime]
    assert {str(field.dtype) for field in times} == {"Datetime(time_unit='us', time_zone='UTC')"}


def test_choices_list_their_values() -> None:
    side = next(row for row in dictionary() if (row["table"], row["column"]) == ("liquidations", "liquidated_side"))
    assert side["values"] == "long, short"


def test_a_summary_is_the_sentence_the_table_is_declared_with() -> None:
    assert summary("quarantine") == "A row that was refused: the rule it broke, and the row as it came."
    assert all(summary(table).endswith(".") for table in TABLES)
