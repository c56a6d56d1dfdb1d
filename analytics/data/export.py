"""Rows of any canonical table, filtered: what the CSV API serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from analytics.warehouse import Warehouse
from pipelines.tables.canonical import TABLES
from pipelines.tables.dictionary import DUCKDB_TYPES, column_names

CONTROLS = ("limit", "offset", "since", "until", "generation", "excel")
TIME_COLUMNS = ("ts", "as_of", "window_start", "valid_from", "launched", "started_at", "fetched_at")
ISO = "%Y-%m-%dT%H:%M:%S%.fZ"
FORMULA = r"^[=+\-@\t\r\n]"
"""How a cell begins that Excel reads as a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""
WHOLE_NUMBER = r"^[+-]?[0-9]+$"
MOST = 2**63 - 1
"""The largest number DuckDB takes as a limit or an offset."""


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


@dataclass(frozen=True)
class Selection:
    """What was asked of one table: the rows that match, of which `limit` from `offset` on are wanted."""

    table: str
    condition: str
    parameters: Mapping[str, object]
    limit: int
    offset: int

    def total(self, warehouse: Warehouse) -> int:
        """How many rows match."""
        counted = warehouse.query(f"SELECT count(*) AS rows FROM {self.table}{self.condition}", **self.parameters)
        return counted["rows"].item()

    def whole(self, warehouse: Warehouse) -> pl.DataFrame:
        """All wanted rows at once, in the order of the key."""
        return warehouse.query(self._sql(), **self._all_parameters())

    def batches(self, warehouse: Warehouse, size: int) -> Iterator[pa.RecordBatch]:
        """The wanted rows, `size` at a time, in the order of the key; one empty batch where there are none."""
        reader = warehouse.stream(self._sql(), size, **self._all_parameters())
        first = next(reader, None)
        yield pa.RecordBatch.from_pylist([], schema=reader.schema) if first is None else first
        yield from reader

    def _all_parameters(self) -> dict[str, object]:
        return {**self.parameters, "limit": self.limit, "offset": self.offset}

    def _sql(self) -> str:
        columns = column_names(self.table)
        key = [column for column in TABLES[self.table].primary_key() if column in columns] or columns
        listed, order = (", ".join(f'"{column}"' for column in names) for names in (columns, key))
        # Two pieces of one source may state the same key: such rows come in the order in which they were loaded.
        return f"SELECT {listed} FROM {self.table}{self.condition} ORDER BY {order}, rowid LIMIT $limit OFFSET $offset"


def select(warehouse: Warehouse, table: str, filters: Mapping[str, Sequence[str]]) -> Selection:
    """The rows of a table whose columns equal the given values; `since`, `until` bound its time column.

    Several values of one column mean any of them, `limit` and `offset` page. Values are parameters, never SQL.
    Raises UnknownTable, UnknownColumn, Unusable.
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
    limit, offset = (
        _whole(control, filters.get(control, [str(default)])[0])
        for control, default in (("limit", 2**62), ("offset", 0))
    )
    condition = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return Selection(table, condition, parameters, limit, offset)


def rows(warehouse: Warehouse, table: str, filters: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """All rows that `select` finds, at once."""
    return select(warehouse, table, filters).whole(warehouse)


def csv(frame: pl.DataFrame, header: bool = True) -> bytes:
    """CSV as every export of ours writes it: UTC ISO times, empty where not known."""
    return frame.write_csv(include_header=header, datetime_format=ISO).encode()


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """The same with an apostrophe before every text that a spreadsheet would run as a formula; numbers stay numbers."""
    text = pl.col(pl.String)
    return frame.with_columns(pl.when(text.str.contains(FORMULA)).then(pl.lit("'") + text).otherwise(text).name.keep())


def _comparable(warehouse: Warehouse, name: str, values: Sequence[str], kind: str) -> list[str]:
    texts = warehouse.query(
        f"SELECT value, TRY_CAST(value AS {kind})::VARCHAR AS text FROM (SELECT unnest($values) AS value)",
        values=list(values),
    )
    rounded = (kind == "BIGINT") & ~pl.col("value").str.contains(WHOLE_NUMBER)
    unusable = texts.filter(pl.col("text").is_null() | rounded)["value"].to_list()
    if unusable:
        raise Unusable(f"'{unusable[0]}' cannot be compared with '{name}' ({kind}).")
    return texts["text"].to_list()


def _whole(name: str, value: str) -> int:
    if not value.isdecimal() or len(value) > 19 or int(value) > MOST:
        raise Unusable(f"'{name}' must be a whole number from 0 to {MOST}, not '{value}'.")
    return int(value)
