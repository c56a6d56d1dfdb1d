"""Rows of the table `liquidations`, however few: an empty answer is a frame with the same columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from pipelines.tables.liquidations import Liquidations

SCHEMA = {
    name: field.dtype for name, field in Liquidations.columns().items() if name not in ("source_id", "snapshot_id")
}


def frame(rows: Iterable[Mapping[str, object]]) -> pl.DataFrame:
    """One row a liquidation under the table's own column names; `ts` is given in milliseconds,
    the rest in the table's units."""
    columns = SCHEMA | {"ts": pl.Int64()}
    return (
        pl.DataFrame(list(rows), schema=columns)
        .with_columns((pl.col("ts") * 1000).cast(SCHEMA["ts"]))
        .unique(maintain_order=True)
    )
