"""One source, one span, and what it would change: everything a refresh does, in a folder of its own, unpublished."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl

from pipelines.config import Settings
from pipelines.generations.draft import Draft
from pipelines.generations.readers import opened
from pipelines.refreshing.outcome import Outcome
from pipelines.refreshing.refresh import refresh_source
from pipelines.refreshing.run import begun
from pipelines.source import Ask, Source, SourceModule
from pipelines.tables.canonical import TABLES
from pipelines.tables.dictionary import PROVENANCE, column_names

BOOKKEEPING = ("sources", "snapshots", "runs", "quarantine")
"""Tables that the refresh itself writes: no source's rows."""
MARKET = ("venue", "market", "symbol", "kind", "interval", "mechanism", "liquidated_side")
"""What tells markets, and figures that may not be added, apart."""
QUOTE = pl.col("price") * pl.col("quantity_base")
SUMS = {
    "bars": {"volume_base": pl.col("volume_base"), "volume_quote": pl.col("volume_quote")},
    "trades": {"quantity_base": pl.col("quantity_base"), "value_quote": QUOTE},
    "liquidations": {"quantity_base": pl.col("quantity_base"), "notional_usd": pl.col("notional_usd")},
}
"""What may be summed up over a day, by table; of other tables rows are counted."""


@dataclass(frozen=True)
class Change:
    """What a refresh would do to one table, in rows, beside what is published."""

    table: str
    new: int
    changed: int
    same: int
    gone: int


@dataclass(frozen=True)
class Trial:
    """What came of a trial."""

    outcome: Outcome
    pieces: tuple[str, ...]
    """What was loaded."""
    totals: dict[str, pl.DataFrame]
    """By table: a row a market, with `rows` and the sums of the table; a sum of nothing known is null."""
    changes: list[Change]
    """Beside what is published; empty where nothing came."""


def trial(settings: Settings, module: SourceModule, ask: Ask) -> Trial:
    """Fetch, read, validate and load one source in a folder that is removed; compare it with what is published.

    Raises NoWarehouse where nothing readable is published.
    """
    with TemporaryDirectory(prefix="crashday-trial-") as folder, opened(settings.warehouse_dir) as published:
        own = settings.model_copy(update={"data_dir": Path(folder)})
        own.inbox_dir.symlink_to(settings.inbox_dir.absolute())
        with begun(own, None, empty=True) as run:
            outcome = refresh_source(run, module, ask)
            pieces = run.draft.rows("SELECT piece FROM snapshots ORDER BY piece")["piece"].to_list()
            rows = {table: frame for table in TABLES if (frame := _rows(run.draft, table)).height}
            changes = [
                _change(published, module.SOURCE, table, rows.get(table, _rows(run.draft, table)), pieces)
                for table in TABLES
                if table in rows or table in module.SOURCE.tables
            ]
    totals = {table: _totals(table, frame) for table, frame in rows.items()}
    return Trial(outcome, tuple(pieces), totals, changes if pieces else [])


def _rows(draft: Draft, table: str) -> pl.DataFrame:
    return draft.rows(f"SELECT * FROM {table} WHERE {table not in BOOKKEEPING}")


def _totals(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    market = [column for column in MARKET if column in rows.columns]
    sums = [pl.when(value.count() > 0).then(value.sum()).alias(name) for name, value in SUMS.get(table, {}).items()]
    if not market:
        return rows.select(rows=pl.len())
    return rows.group_by(market).agg(pl.len().alias("rows"), *sums).sort("rows", *market, descending=True)


def _change(
    published: duckdb.DuckDBPyConnection, source: Source, table: str, rows: pl.DataFrame, pieces: list[str]
) -> Change:
    """Rows are the same row where their keys agree. Of the pieces that came, what came is all that would be left."""
    columns = [column for column in column_names(table) if column not in PROVENANCE]
    key = TABLES[table].primary_key() or columns
    differs = " OR ".join(f'tried."{column}" IS DISTINCT FROM there."{column}"' for column in columns)
    published.register("tried", rows.with_columns(is_tried=True))
    [counts] = published.execute(
        f"""
        WITH there AS (
            SELECT t.*, s.piece IN (SELECT unnest($pieces)) AND NOT $accumulates AS replaced
            FROM {table} t
            JOIN snapshots s USING (snapshot_id)
            WHERE s.loader = $loader
        )
        SELECT count(*) FILTER (WHERE there.snapshot_id IS NULL),
               count(*) FILTER (WHERE is_tried AND there.snapshot_id IS NOT NULL AND ({differs})),
               count(*) FILTER (WHERE is_tried AND there.snapshot_id IS NOT NULL AND NOT ({differs})),
               count(*) FILTER (WHERE is_tried IS NULL AND replaced)
        FROM tried
        FULL JOIN there ON {" AND ".join(f'tried."{column}" IS NOT DISTINCT FROM there."{column}"' for column in key)}
        """,
        {"pieces": pieces, "accumulates": source.accumulates, "loader": source.id},
    ).fetchall()
    published.unregister("tried")
    return Change(table, *counts)
