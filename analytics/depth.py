"""Order-book depth where an archive keeps it: each series judged first (`analytics.book_faults`), drawn only where it stands."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import book_faults, decimate
from analytics.warehouse import Warehouse

SERIES = ["venue", "symbol", "source_id"]
JUDGED = {
    "venue": pl.String,
    "name": pl.String,
    "symbol": pl.String,
    "snapshots": pl.Int64,
    "faulty": pl.Int64,
    **{fault: pl.Int64 for fault in book_faults.FAULTS},
    "first_fault_ts": pl.Datetime("us", "UTC"),
    "unusable": pl.Boolean,
    "source_id": pl.String,
}


def judged(warehouse: Warehouse, base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """What the archives of an asset's books are worth from `start` to `end`, a row each; none where no book is kept.

    Columns: `venue name symbol snapshots faulty inverted shrinking frozen first_fault_ts unusable source_id`: snapshots in
    all, those with any fault, and with each; one may have several.
    """
    names = dict(warehouse.query("SELECT venue, name FROM venues").iter_rows())
    known = warehouse.query(
        "SELECT DISTINCT venue, symbol, source_id FROM book_depth WHERE split_part(symbol, '/', 1) = $base AND ts >= $start AND ts < $end ORDER BY ALL",
        base=base,
        start=start,
        end=end,
    )
    rows = []
    for venue, symbol, source in known.iter_rows():
        found = book_faults.snapshots(_rows(warehouse, venue, symbol, source, start, end))
        faulty = found.filter(pl.any_horizontal(book_faults.FAULTS))
        rows.append(
            {
                "venue": venue,
                "name": names.get(venue) or venue,
                "symbol": symbol,
                "snapshots": found.height,
                "faulty": faulty.height,
                **{fault: int(found[fault].sum()) for fault in book_faults.FAULTS},
                "first_fault_ts": faulty["ts"].min(),
                "unusable": book_faults.unusable(found),
                "source_id": source,
            }
        )
    return pl.DataFrame(rows, schema=JUDGED)


def nearest(
    warehouse: Warehouse,
    series: tuple[str, str, str],
    window: tuple[datetime, datetime],
    start: datetime,
    end: datetime,
) -> pl.DataFrame:
    """Bids and asks within the narrowest band of a usable series `(venue, symbol, source_id)`: the least of each stretch of the range.

    Columns: `venue symbol ts until band_pct bid_usd ask_usd source_id`. Snapshots at fault are left out. Raises ValueError where the
    series, judged over the whole `window`, is unusable: nothing of it may be drawn.
    """
    rows = _rows(warehouse, *series, *window)
    found = book_faults.snapshots(rows)
    if book_faults.unusable(found):
        raise ValueError("A book that cannot have stood is not drawn.")
    sound = rows.join(found.filter(~pl.any_horizontal(book_faults.FAULTS)), on="ts", how="semi").filter(
        (pl.col("ts") >= start) & (pl.col("ts") < end)
    )
    band, length = pl.col("band_pct"), f"{decimate.step(start, end)}s"
    return (
        sound.filter(band.abs() == band.abs().min())
        .group_by(pl.col("ts").dt.truncate(length), maintain_order=True)
        .agg(
            band.abs().first(),
            pl.col("notional").filter(band < 0).min().alias("bid_usd"),
            pl.col("notional").filter(band > 0).min().alias("ask_usd"),
        )
        .sort("ts")
        .select(
            pl.lit(series[0]).alias("venue"),
            pl.lit(series[1]).alias("symbol"),
            "ts",
            pl.col("ts").dt.offset_by(length).alias("until"),
            "band_pct",
            "bid_usd",
            "ask_usd",
            pl.lit(series[2]).alias("source_id"),
        )
    )


def _rows(warehouse: Warehouse, venue: str, symbol: str, source: str, start: datetime, end: datetime) -> pl.DataFrame:
    return warehouse.query(
        "SELECT ts, band_pct, quantity_base, notional FROM book_depth WHERE venue = $venue AND symbol = $symbol AND source_id = $source AND ts >= $start AND ts < $end ORDER BY ts, band_pct",
        venue=venue,
        symbol=symbol,
        source=source,
        start=start,
        end=end,
    )
