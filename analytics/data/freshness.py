"""How each fetched source is doing now: last success, age against its promise, what failed, what was refused."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import polars as pl

from analytics.data.catalogue import OURS
from analytics.warehouse import Columns, Warehouse
from pipelines import health
from pipelines.config import Settings

STATE = (
    pl.when(pl.col("error").is_not_null())
    .then(pl.lit("failing"))
    .when(pl.col("stale"))
    .then(pl.lit("stale"))
    .otherwise(pl.lit("fresh"))
)
COLUMNS: Columns = {
    "source": pl.String,
    "group": pl.String,
    "last_try": pl.Datetime("us", "UTC"),
    "last_success": pl.Datetime("us", "UTC"),
    "age_seconds": pl.Int64,
    "promise_seconds": pl.Int64,
    "rows_loaded": pl.Int64,
    "rows_refused": pl.Int64,
    "error": pl.String,
    "stale": pl.Boolean,
}
IN_ORDER = (
    *("source", "state", "stale", "last_success", "age_seconds", "promise_seconds", "age_hours", "promise_hours"),
    *("last_try", "rows_loaded", "quarantined", "error", "group", "source_id"),
)


def sources(warehouse: Warehouse, now: datetime) -> pl.DataFrame:
    """Every fetched source that was ever tried, those that need a look first.

    Columns: `source state stale last_success age_seconds promise_seconds age_hours promise_hours last_try rows_loaded
    quarantined error group source_id`. `state` is failing, stale or fresh: a source may fail and its last success still
    be young. `rows_loaded` is of the last try, `quarantined` counts the source's refused rows in this generation. Ages
    are as of `now`, by the log of runs.
    """
    tried = pl.DataFrame([asdict(one) for one in health.health(Settings().data_dir, now)], schema=COLUMNS)
    refused = warehouse.query(
        """
        SELECT loader AS source, count(*) AS quarantined
        FROM quarantine
        JOIN snapshots USING (snapshot_id)
        GROUP BY loader
        """
    )
    return (
        tried.join(refused, on="source", how="left")
        .with_columns(
            pl.col("quarantined").fill_null(0),
            age_hours=pl.col("age_seconds") / 3600,
            promise_hours=pl.col("promise_seconds") / 3600,
            state=STATE,
            source_id=pl.lit(OURS),
        )
        .sort(pl.col("state").replace_strict({"failing": 0, "stale": 1, "fresh": 2}), "source")
        .select(*IN_ORDER)
    )
