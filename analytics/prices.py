"""Prices by venue. One series is venue, market, symbol, kind and interval; where several sources carry it, one of them is drawn."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics.warehouse import Warehouse

SERIES = """
    WITH carried AS (
        SELECT venue, market, symbol, kind, interval, source_id, any_value(snapshot_id) AS snapshot_id, count(*) AS bars, sum(volume_base) AS volume_base, min(ts) AS first_ts, max(ts) AS last_ts
        FROM bars WHERE ts >= $start AND ts < $end GROUP BY ALL
    ), series AS (
        SELECT carried.*, s.loader FROM carried JOIN snapshots s USING (snapshot_id)
        QUALIFY row_number() OVER (PARTITION BY venue, market, symbol, kind, interval ORDER BY s.loader = 'reference_pack', bars DESC, source_id) = 1
    )
"""
"""The drawn source of each series in a range: bytes fetched from the venue itself before embedded copies, then the fuller one."""

SECONDS = {"1s": 1, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400}
MOST_BARS = 2000
LEAST_COVERAGE = 0.7


def series(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """What prices there are in a range: `venue market symbol base quote kind interval source_id bars volume_base first_ts last_ts coverage`."""
    found = warehouse.query(
        f"""
        {SERIES} SELECT venue, market, symbol, split_part(symbol, '/', 1) AS base, split_part(split_part(symbol, '/', 2), ':', 1) AS quote,
                        kind, interval, source_id, bars, volume_base, first_ts, last_ts
        FROM series ORDER BY base, venue, market, symbol, kind, interval
        """,
        start=start,
        end=end,
    )
    seconds = pl.col("interval").replace_strict(SECONDS, return_dtype=pl.Int64)
    return found.with_columns(coverage=pl.col("bars") * seconds / (end - start).total_seconds(), seconds=seconds)


def finest(candidates: pl.DataFrame) -> pl.DataFrame:
    """Of each venue, market, symbol and kind, the finest interval that covers most of the range and still draws well.

    Where none covers it (a venue that trades rarely, or bars of part of the range only), the one that covers most.
    """
    fits = (pl.col("bars") <= MOST_BARS) & (pl.col("coverage") >= LEAST_COVERAGE)
    return (
        candidates.sort(fits, pl.when(fits).then(-pl.col("seconds")).otherwise(pl.col("coverage")), descending=True)
        .unique(subset=["venue", "market", "symbol", "kind"], keep="first", maintain_order=True)
        .sort("base", "venue", "market", "symbol", "kind")
    )


def bars(
    warehouse: Warehouse, chosen: tuple[tuple[str, str, str, str, str], ...], start: datetime, end: datetime
) -> pl.DataFrame:
    """The bars of chosen series `(venue, market, symbol, kind, interval)` in a range, in time order per series.

    Columns: `venue market symbol kind interval ts open high low close volume_base volume_quote taker_buy_base trades source_id`.
    A bar nobody traded in is absent.
    """
    keys = ["|".join(key) for key in chosen]
    return warehouse.query(
        f"""
        {SERIES} SELECT b.* EXCLUDE (snapshot_id) FROM bars b JOIN series USING (venue, market, symbol, kind, interval, source_id)
        WHERE b.ts >= $start AND b.ts < $end AND concat_ws('|', venue, market, symbol, kind, interval) IN (SELECT unnest($keys))
        ORDER BY venue, market, symbol, kind, interval, ts
        """,
        keys=keys,
        start=start,
        end=end,
    )


def bitcoin(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """BTC through a range on the best covered market (minute bars where there are any, then the most traded), in the columns of `bars`. Empty where none is known."""
    known = series(warehouse, start, end).filter(
        (pl.col("base") == "BTC") & (pl.col("kind") == "trade") & pl.col("quote").is_in(["USDT", "USD", "USDC"])
    )
    best = (
        finest(known)
        .filter(pl.col("coverage") >= LEAST_COVERAGE)
        .sort(pl.col("seconds") <= 60, "volume_base", descending=True, nulls_last=True)
        .head(1)
    )
    if best.is_empty():
        return bars(warehouse, (), start, end)
    return bars(warehouse, tuple(best.select("venue", "market", "symbol", "kind", "interval").rows()), start, end)
