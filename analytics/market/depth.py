"""Order-book depth where an archive keeps it: each series judged first (`analytics.market.book_faults`), drawn only
where it stands."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from analytics import sql
from analytics.market import book_faults, decimate
from analytics.warehouse import Columns, Warehouse

NEARLY_ALL = 0.9
"""Part of the snapshots a band must be in."""
LATE = 1.5
"""Times the usual pause between snapshots after which the next one is late: one missing or refused snapshot is
enough."""
JUDGED: Columns = {
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

    Figures of a step (`analytics.market.depth_of_day`) are no snapshots and not among them.

    Columns: `venue name symbol snapshots faulty inverted shrinking frozen first_fault_ts unusable source_id`: snapshots
    in all, those with any fault, and with each; one may have several.
    """
    names = dict(warehouse.query("SELECT venue, name FROM venues").iter_rows())
    known = warehouse.query(
        f"""
        SELECT DISTINCT venue, symbol, source_id
        FROM book_depth
        WHERE {sql.base()} = $base AND ts >= $start AND ts < $end AND step_hours IS NULL
        ORDER BY ALL
        """,
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
    """Bids and asks within the narrowest band that a usable series `(venue, symbol, source_id)` keeps throughout,
    snapshot by snapshot.

    Columns: `venue symbol ts band_pct bid_usd ask_usd source_id`. Of a long range each stretch keeps the snapshots with
    the least bids and the least asks. Where snapshots are missing or at fault, one row without values breaks the line.
    Raises ValueError where the series, judged over the whole `window`, is unusable: nothing of it may be drawn.
    """
    rows = _rows(warehouse, *series, *window)
    found = book_faults.snapshots(rows)
    if book_faults.unusable(found):
        raise ValueError("A book that cannot have stood is not drawn.")
    sound = rows.join(found.filter(~pl.any_horizontal(book_faults.FAULTS)), on="ts", how="semi")
    band = pl.col("band_pct")
    width = _narrowest(sound)
    books = (
        sound.filter((band.abs() == pl.lit(width, pl.Float64)) & (pl.col("ts") >= start) & (pl.col("ts") < end))
        .group_by("ts")
        .agg(
            pl.col("notional").filter(band < 0).first().alias("bid_usd"),
            pl.col("notional").filter(band > 0).first().alias("ask_usd"),
        )
        .sort("ts")
    )
    shown = _thinned(_broken(books, rows.select(pl.col("ts").unique().sort().diff().median()).item()), start, end)
    return shown.select(
        pl.lit(series[0]).alias("venue"),
        pl.lit(series[1]).alias("symbol"),
        "ts",
        pl.lit(width, pl.Float64).alias("band_pct"),
        "bid_usd",
        "ask_usd",
        pl.lit(series[2]).alias("source_id"),
    )


def _narrowest(sound: pl.DataFrame) -> float | None:
    """The narrowest band both sides have in nearly every snapshot: Binance added narrower ones over time."""
    band, snapshots = pl.col("band_pct"), sound["ts"].n_unique()
    kept = sound.group_by(band.abs().alias("width")).agg(least=pl.min_horizontal((band < 0).sum(), (band > 0).sum()))
    return kept.filter(pl.col("least") >= NEARLY_ALL * snapshots).select(pl.min("width")).item()


def _broken(books: pl.DataFrame, usual: timedelta | None) -> pl.DataFrame:
    """With a row without values behind each snapshot that the next one follows late: a line must not run across what
    is not known."""
    late = pl.col("ts").diff().shift(-1) > LATE * usual if usual else pl.lit(value=False)
    gaps = books.filter(late).select(pl.col("ts") + (usual or timedelta()))
    return pl.concat([books, gaps], how="diagonal").sort("ts")


def _thinned(books: pl.DataFrame, start: datetime, end: datetime) -> pl.DataFrame:
    """The snapshots with the least bids and the least asks of each stretch, and its breaks, where there are too many
    to draw."""
    if books.height <= decimate.MOST_BARS:
        return books
    stretch = pl.col("ts").dt.truncate(f"{decimate.step(start, end, decimate.MOST_BARS // 2)}s")
    least = [(pl.col(side) == pl.col(side).min().over(stretch)) for side in ("bid_usd", "ask_usd")]
    return books.filter(
        pl.any_horizontal(*least, pl.all_horizontal(pl.col("bid_usd", "ask_usd").is_null())).fill_null(value=False)
    )


def _rows(warehouse: Warehouse, venue: str, symbol: str, source: str, start: datetime, end: datetime) -> pl.DataFrame:
    return warehouse.query(
        """
        SELECT ts, band_pct, quantity_base, notional
        FROM book_depth
        WHERE venue = $venue AND symbol = $symbol AND source_id = $source AND ts >= $start AND ts < $end
        ORDER BY ts, band_pct
        """,
        venue=venue,
        symbol=symbol,
        source=source,
        start=start,
        end=end,
    )
