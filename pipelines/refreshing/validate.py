"""From parsed rows to canonical rows: what breaks a rule goes to quarantine with the rule's name,
nothing is dropped in silence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dataframely as dy
import polars as pl

from pipelines.refreshing.origin import Origin
from pipelines.source import Frames, SourceModule
from pipelines.tables.canonical import TABLES
from pipelines.tables.dictionary import column_names


@dataclass(frozen=True)
class Accepted:
    """Rows that may enter a table, refusals for `quarantine` (one row a broken rule), and how many rows came twice."""

    good: pl.DataFrame
    refused: pl.DataFrame
    doubled: int

    @property
    def refused_rows(self) -> int:
        return self.refused["row_number"].n_unique()


def validate(module: SourceModule, origin: Origin, frames: Frames) -> dict[str, Accepted]:
    """The rows of one piece by table, each held to its table's rules. Raises ValueError as `accept` does."""
    return {
        table: accept(table, _signed(module, frame), origin.snapshot_id, origin.fetched_at)
        for table, frame in frames.items()
    }


def accept(table: str, frame: pl.DataFrame, snapshot_id: str, read_at: datetime | None = None) -> Accepted:
    """Guard one canonical table.

    Columns a source does not know may be left out: they are null. Bars nobody traded in are left out: venues fill them
    with the last close, a price nobody paid. Exact duplicates are dropped and counted first, since the key rule would
    refuse both of them. `read_at` is when the bytes were read.
    Raises ValueError where a column is unknown or a required one is missing.
    """
    schema = TABLES[table]
    fields = schema.columns()
    whole = frame.with_columns(snapshot_id=pl.lit(snapshot_id)).with_columns(
        pl.lit(None, dtype=field.dtype).alias(name)
        for name, field in fields.items()
        if field.nullable and name not in frame.columns
    )
    if differing := set(whole.columns) ^ set(fields):
        raise ValueError(f"{table}: columns missing or unknown: {', '.join(sorted(differing))}")
    numbered = whole.with_row_index("row_number", offset=1).unique(
        subset=whole.columns, keep="first", maintain_order=True
    )
    doubled = whole.height - numbered.height
    if table == "bars":
        numbered = numbered.remove((pl.col("kind") == "trade") & (pl.col("volume_base") == 0))
    early, numbered = _not_of_the_future(table, numbered, snapshot_id, read_at)
    guard: Any = type(f"Numbered{schema.__name__}", (schema,), {"__annotations__": {}, "row_number": dy.UInt32()})
    good, failure = guard.filter(numbered, cast=True)
    refused = _refusals(table, failure.details(), snapshot_id) if failure.counts() else early.clear()
    return Accepted(good.select(column_names(table)), pl.concat([early, refused]), doubled)


def _signed(module: SourceModule, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of a fetched source are stated by that source; embedded rows name theirs."""
    return frame if "source_id" in frame.columns else frame.with_columns(source_id=pl.lit(module.SOURCE.id))


def _not_of_the_future(
    table: str, numbered: pl.DataFrame, snapshot_id: str, read_at: datetime | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A reading dated after its bytes were read is refused: nobody can have read it."""
    if read_at is None or "as_of" not in numbered.columns:
        return TABLES["quarantine"].create_empty(), numbered
    late = (pl.col("as_of") > read_at).fill_null(value=False)
    refused = numbered.filter(late).select(
        pl.lit(snapshot_id).alias("snapshot_id"),
        pl.lit(table).alias("table_name"),
        pl.col("row_number").cast(pl.Int64),
        pl.lit("as_of_in_the_future").alias("rule"),
        pl.struct(column_names(table)).struct.json_encode().alias("row_json"),
    )
    return refused, numbered.remove(late)


def _refusals(table: str, details: pl.DataFrame, snapshot_id: str) -> pl.DataFrame:
    rules = [column for column, dtype in details.schema.items() if dtype == pl.Enum(["valid", "invalid", "unknown"])]
    return (
        details.with_columns(row_json=pl.struct(column_names(table)).struct.json_encode())
        .unpivot(rules, index=["row_number", "row_json"], variable_name="broken", value_name="verdict")
        .filter(pl.col("verdict") == "invalid")
        .select(
            pl.lit(snapshot_id).alias("snapshot_id"),
            pl.lit(table).alias("table_name"),
            pl.col("row_number").cast(pl.Int64),
            pl.col("broken").alias("rule"),
            pl.col("row_json"),
        )
        .sort("row_number", "rule")
    )
