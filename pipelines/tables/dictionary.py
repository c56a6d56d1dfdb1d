"""What follows from the declared tables: DDL, column order, and the data dictionary."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache

import dataframely as dy
import polars as pl

from pipelines.tables.canonical import TABLES

DUCKDB_TYPES = {
    pl.String: "VARCHAR",
    pl.Float64: "DOUBLE",
    pl.Int64: "BIGINT",
    pl.Boolean: "BOOLEAN",
    pl.Datetime: "TIMESTAMPTZ",
}
PROVENANCE = ("source_id", "snapshot_id")


def column_names(name: str) -> list[str]:
    """The table's columns in the order people read them: what is measured first, where it comes from last."""
    names = list(TABLES[name].columns())
    return [column for column in names if column not in PROVENANCE] + [
        column for column in PROVENANCE if column in names
    ]


def frame(name: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    """Rows written by hand as the table has them: columns that are not given are null."""
    return pl.DataFrame(rows, schema={column: field.dtype for column, field in TABLES[name].columns().items()})


def ddl(name: str) -> str:
    """The CREATE TABLE statement of a canonical table."""
    types = TABLES[name].columns()
    columns = (f'"{column}" {DUCKDB_TYPES[types[column].dtype.base_type()]}' for column in column_names(name))
    return f"CREATE TABLE {name} ({', '.join(columns)})"


@cache
def layout() -> str:
    """A fingerprint of all tables' columns and types."""
    return hashlib.sha256("\n".join(map(ddl, TABLES)).encode()).hexdigest()[:16]


def summary(name: str) -> str:
    """What one row of the table is, in one sentence."""
    return " ".join((TABLES[name].__doc__ or "").partition("\n\n")[0].split())


def remedy(name: str, rule: str) -> str:
    """What to do about a row that breaks a rule, in one sentence; empty where the rule does not say."""
    column, _, check = rule.partition("|")
    if not check:
        factory = getattr(TABLES[name], rule, None)
        return " ".join((getattr(factory, "validation_fn", None).__doc__ or "").split()) if factory else ""
    field = TABLES[name].columns()[column]
    match check:
        case "nullability":
            return f"Fill in `{column}`."
        case "min" if isinstance(field, dy.Integer | dy.Float | dy.Int64 | dy.Float64):
            return f"`{column}` is at least {field.min:g}: mend the figure, or leave the row out."
        case "check__one_of":
            return f"Write one of: {', '.join((field.metadata or {})['values'])}."
    return ""


def dictionary() -> Iterator[dict[str, str]]:
    """The data dictionary: one row a column, with `table column type unit key nullable meaning values`."""
    for name, schema in TABLES.items():
        fields = schema.columns()
        for column in column_names(name):
            field = fields[column]
            metadata = field.metadata or {}
            yield {
                "table": name,
                "column": column,
                "type": DUCKDB_TYPES[field.dtype.base_type()],
                "unit": metadata.get("unit", ""),
                "key": "yes" if field.primary_key else "",
                "may be unknown": "yes" if field.nullable else "",
                "meaning": field.description or "",
                "values": ", ".join(metadata.get("values", ())),
            }
