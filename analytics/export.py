"""Rows of any canonical table, filtered: what the CSV API serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from analytics.warehouse import Warehouse
from pipelines.dictionary import DUCKDB_TYPES, column_names
from pipelines.tables import TABLES

CONTROLS = ("limit", "offset", "since", "until", "generation")
TIME_COLUMNS = ("ts", "as_of", "window_start", "valid_from", "launched", "started_at", "fetched_at")
ISO = "%Y-%m-%dT%H:%M:%S%.fZ"
WHOLE = r"^[+-]?[0-9]+$"
MOST = 2**63 - 1


class Unknown(LookupError):
    """A name that does not exist; `valid` holds the names that do."""

    def __init__(self, message: str, valid: Sequence[str]) -> None:
        super().__init__(message)
        self.valid = list(valid)


class UnknownTable(Unknown):
    """No such table."""


class UnknownColumn(Unknown):
    """The table has no such column."""


class Unusable(ValueError):
    """A value that cannot be compared with its column."""


def rows(warehouse: Warehouse, table: str, filters: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """The rows of a table whose columns equal the given values; `since`/`until` bound its time column, `limit`/`offset` page.

    Several values of one column mean any of them. Values are parameters, never SQL. Raises UnknownTable, UnknownColumn, Unusable.
    """
    if table not in TABLES:
        raise UnknownTable(f"There is no table '{table}'.", list(TABLES))
    columns, fields = column_names(table), TABLES[table].columns()
    parameters: dict[str, object] = {}
    conditions = []
    for position, (name, values) in enumerate(filters.items()):
        if name in CONTROLS:
            continue
        if name not in columns:
            raise UnknownColumn(f"Table '{table}' has no column '{name}'.", [*columns, *CONTROLS])
        kind = DUCKDB_TYPES[fields[name].dtype.base_type()]
        parameters[f"v{position}"] = _comparable(warehouse, name, values, kind)
        conditions.append(f'"{name}"::VARCHAR IN (SELECT unnest($v{position}))')
    clock = next((column for column in TIME_COLUMNS if column in columns), None)
    for control, comparison in (("since", ">="), ("until", "<")):
        if control in filters:
            if clock is None:
                raise UnknownColumn(f"Table '{table}' has no time column, so '{control}' does not apply.", columns)
            parameters[control] = _comparable(warehouse, control, filters[control][:1], "TIMESTAMPTZ")[0]
            conditions.append(f'"{clock}" {comparison} ${control}::TIMESTAMPTZ')
    for control, default in (("limit", 2**62), ("offset", 0)):
        parameters[control] = _whole(control, filters.get(control, [str(default)])[0])
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    key = [column for column in TABLES[table].primary_key() if column in columns] or columns
    order = ", ".join(f'"{column}"' for column in key)
    listed = ", ".join(f'"{column}"' for column in columns)
    return warehouse.query(
        f"SELECT {listed} FROM {table} {where} ORDER BY {order} LIMIT $limit OFFSET $offset", **parameters
    )


def csv(frame: pl.DataFrame) -> bytes:
    """CSV as every export of ours writes it: UTC ISO times, empty where not known."""
    return frame.write_csv(datetime_format=ISO).encode()


def _comparable(warehouse: Warehouse, name: str, values: Sequence[str], kind: str) -> list[str]:
    texts = warehouse.query(
        f"SELECT value, TRY_CAST(value AS {kind})::VARCHAR AS text FROM (SELECT unnest($values) AS value)",
        values=list(values),
    )
    rounded = (kind == "BIGINT") & ~pl.col("value").str.contains(WHOLE)
    unusable = texts.filter(pl.col("text").is_null() | rounded)["value"].to_list()
    if unusable:
        raise Unusable(f"'{unusable[0]}' cannot be compared with '{name}' ({kind}).")
    return texts["text"].to_list()


def _whole(name: str, value: str) -> int:
    if not value.isdecimal() or len(value) > 19 or int(value) > MOST:
        raise Unusable(f"'{name}' must be a whole number from 0 to {MOST}, not '{value}'.")
    return int(value)
