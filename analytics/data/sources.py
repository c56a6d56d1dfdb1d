"""Where figures come from."""

from __future__ import annotations

import polars as pl

from analytics.warehouse import Warehouse

NAMING = ("venue", "name", "other_venue", "first", "second")
"""Columns that hold a venue's id or name, or begin with its name."""


def named(warehouse: Warehouse, ids: tuple[str, ...]) -> pl.DataFrame:
    """The sources with these ids: `source_id publisher dataset url read_from licence checked kind linkable`, and the
    bytes they were read from."""
    return warehouse.query(
        """
        SELECT source_id, publisher, dataset, url, read_from, licence, checked, kind, linkable
        FROM sources
        WHERE source_id IN (SELECT unnest($ids))
        ORDER BY publisher, source_id
        """,
        ids=list(ids),
    )


def publishers(named: pl.DataFrame, data: pl.DataFrame) -> list[str]:
    """Who published what is shown: of a source that several venues share, only those whose rows are among the data.

    `named` are the sources of the data, as `named` gives them.
    """
    told: list[str] = []
    for source_id, publisher in named.select("source_id", "publisher").iter_rows():
        several = [one.strip() for one in publisher.split(";")]
        rows = (
            data.filter(pl.col("source_id").str.split(";").list.contains(source_id))
            if len(several) > 1
            else data.clear()
        )
        columns = [column for column in NAMING if data.schema.get(column) == pl.String]
        shown = {f"{value.casefold()} " for column in columns for value in rows[column].drop_nulls().unique()}
        told += [one for one in several if any(value.startswith(f"{one.casefold()} ") for value in shown)] or several
    return list(dict.fromkeys(told))
