"""What the warehouse holds: its tables, who they come from, what loads them, and what was refused."""

from __future__ import annotations

from datetime import date

import polars as pl

from analytics.data.export import TIME_COLUMNS, rows
from analytics.warehouse import Warehouse
from pipelines.source import discover
from pipelines.tables.canonical import TABLES
from pipelines.tables.dictionary import column_names, dictionary, summary

OURS = "crashday"
"""The source of what this project says about itself."""


def generation(warehouse: Warehouse) -> pl.DataFrame:
    """The generation itself, one row: `number built_at content_hash source_id`."""
    return pl.DataFrame(
        {
            "number": [warehouse.number],
            "built_at": [warehouse.built_at],
            "content_hash": [warehouse.content_hash],
            "source_id": [OURS],
        }
    ).with_columns(pl.col("built_at").str.to_datetime(time_unit="us", time_zone="UTC"))


def tables(warehouse: Warehouse) -> pl.DataFrame:
    """Every canonical table: `table meaning rows columns sources first last source_id`; `first` and `last` bound its
    time column."""
    parts = " UNION ALL ".join(_counted(name) for name in TABLES)
    meanings = pl.DataFrame(
        [(name, summary(name).replace("`", ""), len(column_names(name)), OURS) for name in TABLES],
        schema=["table", "meaning", "columns", "source_id"],
        orient="row",
    )
    counted = meanings.join(warehouse.query(parts), on="table", maintain_order="left")
    return counted.select("table", "meaning", "rows", "columns", "sources", "first", "last", "source_id")


def _counted(name: str) -> str:
    columns = column_names(name)
    clock = next((column for column in TIME_COLUMNS if column in columns), None)
    first, last = (f'{bound}("{clock}")' if clock else "NULL::TIMESTAMPTZ" for bound in ("min", "max"))
    sources = "count(DISTINCT source_id)" if "source_id" in columns else "NULL::BIGINT"
    return f"""
        SELECT '{name}' AS "table", count(*) AS rows, {sources} AS sources, {first} AS "first", {last} AS "last"
        FROM {name}
    """


def columns(warehouse: Warehouse, table: str) -> pl.DataFrame:
    """The dictionary of one table: `column type unit key may be unknown meaning values source_id`."""
    described = pl.DataFrame(list(dictionary())).filter(pl.col("table") == table).drop("table")
    return described.with_columns(pl.col("unit", "meaning").str.replace_all("`", ""), source_id=pl.lit(OURS))


def preview(warehouse: Warehouse, table: str, limit: int) -> pl.DataFrame:
    """The first rows of a table in the order of its key."""
    return rows(warehouse, table, {"limit": [str(limit)]})


def sources(warehouse: Warehouse, words: str = "") -> pl.DataFrame:
    """The sources whose publisher, dataset, address or licence holds all of the words, with how many rows state them.

    Columns: `publisher dataset kind rows linkable link address licence checked source_id`. `link` is the address where
    it may be linked; copies and unpublished notes have only `address`, to be read as text.
    """
    stated = " UNION ALL ".join(
        f"SELECT source_id FROM {name}" for name in TABLES if "source_id" in column_names(name) and name != "sources"
    )
    found = warehouse.query(
        f"""
        WITH stated AS (
            SELECT source_id, count(*) AS rows
            FROM ({stated})
            GROUP BY source_id
        )
        SELECT publisher, dataset, kind, coalesce(rows, 0) AS rows, linkable,
               CASE WHEN linkable AND url LIKE 'https://%' THEN url END AS link,
               url AS address, licence, checked, source_id
        FROM sources
        LEFT JOIN stated USING (source_id)
        ORDER BY rows DESC, publisher, source_id
        """
    )
    text = pl.concat_str(pl.col("publisher", "dataset", "address", "licence", "source_id").fill_null(""), separator=" ")
    for word in words.lower().split():
        found = found.filter(text.str.to_lowercase().str.contains(word, literal=True))
    return found


def loaders(warehouse: Warehouse, day: date) -> pl.DataFrame:
    """The sources the pipeline can fetch, as they declare themselves, and how much of each is here.

    `reaches` says whether it can give `day`, seen from when the generation was built: yes, no, or not known.
    Columns: `loader publisher dataset span resolution gives reaches key_needed group tables rows method licence
    limits url source_id`.
    """
    built = date.fromisoformat(warehouse.built_at[:10])
    declared = [
        {
            "loader": source.id,
            "publisher": source.publisher,
            "dataset": source.dataset,
            "span": source.span,
            "resolution": source.resolution,
            "gives": str(source.reach),
            "reaches": {True: "yes", False: "no", None: "not known"}[source.reach.covers(day, built)],
            "key_needed": "yes" if source.key_header else "no",
            "group": source.group,
            "tables": ", ".join(source.tables),
            "method": source.method,
            "licence": source.licence,
            "limits": source.limits,
            "url": source.url,
            "source_id": OURS,
        }
        for source in (module.SOURCE for module in discover().values())
    ]
    loaded = warehouse.query("SELECT loader, sum(rows_loaded)::BIGINT AS rows FROM snapshots GROUP BY loader")
    return (
        pl.DataFrame(declared)
        .join(loaded, on="loader", how="left", maintain_order="left")
        .with_columns(pl.col("rows").fill_null(0))
    )


def refused(warehouse: Warehouse) -> pl.DataFrame:
    """Rows in quarantine with the rule each broke: `table_name row_number rule row_json loader url snapshot_id
    source_id`."""
    return warehouse.query(
        """
        SELECT table_name, row_number, rule, row_json, s.loader, s.url, q.snapshot_id, $ours AS source_id
        FROM quarantine q
        LEFT JOIN snapshots s USING (snapshot_id)
        ORDER BY table_name, s.url, row_number, rule
        """,
        ours=OURS,
    )


def snapshots(warehouse: Warehouse) -> pl.DataFrame:
    """The bytes everything was read from, newest first: the columns of `snapshots` and `source_id`."""
    return warehouse.query(
        "SELECT *, $ours AS source_id FROM snapshots ORDER BY fetched_at DESC, loader, piece", ours=OURS
    )


def runs(warehouse: Warehouse) -> pl.DataFrame:
    """What each build or refresh did, newest first: the columns of `runs` and `source_id`."""
    return warehouse.query("SELECT *, $ours AS source_id FROM runs ORDER BY started_at DESC, loader", ours=OURS)
