"""Names of venues beside rows that carry their ids."""

from __future__ import annotations

import polars as pl

from analytics.warehouse import Warehouse


def named(warehouse: Warehouse, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, in their order, and `name` of their `venue`: its id where no venue of that id is recorded."""
    names = warehouse.query("SELECT venue, name FROM venues")
    return rows.join(names, on="venue", how="left", maintain_order="left").with_columns(
        name=pl.coalesce("name", "venue")
    )
