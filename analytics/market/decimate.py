"""Fewer points that say the same: bars merged into longer ones, and lines thinned to the points a screen can show.

Neither loses a minimum or a maximum: merged bars keep the lowest low and the highest high, a thinned line keeps the
smallest and the largest value of every stretch.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import polars as pl
from tsdownsample import MinMaxDownsampler

from analytics import sql
from analytics.market import prices
from analytics.warehouse import Warehouse

Key = tuple[str, str, str, str, str, str]
"""One series of one source: `(venue, market, symbol, kind, interval, source_id)`."""

KEY = (*prices.LINE, "source_id")
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 86400)
"""Lengths of merged bars, in seconds: each divides a day, so that all begin on the clock."""
MOST_BARS, MOST_POINTS = 1500, 1000
"""Bars of a chart of candles, and points of a line: more than a wide screen has columns for."""
SECOND_US = 1_000_000
"""Microseconds of a second: the unit in which DuckDB and Polars count time here."""

MERGED = """
    epoch_us(ts) // $length_{place} * $length_{place} AS begins, $length_{place} AS length,
    max(high) AS high, min(low) AS low, arg_max(close, ts) AS close
"""
OPEN_AND_VOLUMES = "arg_min(open, ts) AS open, " + ", ".join(
    f"CASE WHEN count({column}) = count(*) THEN {sql.total(column, 8)} END AS {column}"
    for column in ("volume_base", "volume_quote", "taker_buy_base")
)


def step(start: datetime, end: datetime, most: int = MOST_BARS) -> int:
    """The shortest of STEPS by which a range has at most so many bars, in seconds."""
    seconds = (end - start).total_seconds()
    return next((each for each in STEPS if seconds / each <= most), STEPS[-1])


def keys(series: pl.DataFrame) -> tuple[Key, ...]:
    """The keys of rows that name a series."""
    return tuple(series.select(KEY).rows())


def paths(
    warehouse: Warehouse, chosen: tuple[Key, ...], start: datetime, end: datetime, most: int = MOST_BARS
) -> pl.DataFrame:
    """Prices of chosen series, bars merged until the range has at most `most` of each, in time order per series.

    Columns: `venue market symbol kind interval source_id ts close_at high low close`. A merged bar begins on the clock;
    one without any bar stays absent.
    """
    return _merged(warehouse, chosen, start, end, most, MERGED)


def bars(
    warehouse: Warehouse, chosen: tuple[Key, ...], start: datetime, end: datetime, most: int = MOST_BARS
) -> pl.DataFrame:
    """The bars whole: the columns of `paths` and `open volume_base volume_quote taker_buy_base`.

    A volume is null where one of the merged bars does not know it.
    """
    return _merged(warehouse, chosen, start, end, most, f"{MERGED}, {OPEN_AND_VOLUMES}")


def closes(warehouse: Warehouse, chosen: tuple[Key, ...], start: datetime, end: datetime) -> pl.DataFrame:
    """Every close of chosen series, not merged and in no order: `place` of the series in `chosen`, `second` since
    `start` at which its bar begins, `close`."""
    columns = f"((epoch_us(ts) - epoch_us($start::TIMESTAMPTZ)) // {SECOND_US})::INTEGER AS second, close"
    return of_each(warehouse, columns, chosen, start, end)


def of_each(
    warehouse: Warehouse,
    columns: str,
    chosen: tuple[Key, ...],
    start: datetime,
    end: datetime,
    *,
    grouped: str = "",
    parameters: Mapping[str, object] | None = None,
) -> pl.DataFrame:
    """The same columns of each series, with its `place` in `chosen`: one SELECT a series, `{place}` in it where they
    differ.

    Bars that begin in the range count. Equality with every part of the key lets DuckDB skip the rows of other series; a
    join would read them all.
    """
    selects, named = [], {"start": start, "end": end, **(parameters or {})}
    for place, key in enumerate(chosen):
        named |= {f"{part}_{place}": value for part, value in zip(KEY, key, strict=True)}
        of_key = " AND ".join(f"{part} = ${part}_{place}" for part in KEY)
        selects.append(
            f"""
            SELECT {place} AS place, {columns.format(place=place)}
            FROM bars
            WHERE {of_key} AND ts >= $start AND ts < $end
            {grouped}
            """
        )
    return warehouse.query(" UNION ALL ".join(selects), **named)


def points(line: np.ndarray, most: int = MOST_POINTS) -> np.ndarray:
    """Positions of the values a line needs, in order: its ends, the extremes of every stretch, and a NaN where a gap
    is wide enough to see."""
    if len(line) <= most:
        return np.arange(len(line))
    extremes = MinMaxDownsampler().downsample(np.ascontiguousarray(line), n_out=most // 2 * 2).astype(np.int64)
    missing = np.isnan(line)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], missing, [False]))))
    begins, ends = edges[::2], edges[1::2]
    gaps = begins[ends - begins >= len(line) / most]
    return np.union1d(np.concatenate((extremes[~missing[extremes]], [0, len(line) - 1])), gaps)


def _merged(
    warehouse: Warehouse, chosen: tuple[Key, ...], start: datetime, end: datetime, most: int, columns: str
) -> pl.DataFrame:
    shortest = step(start, end, most)
    lengths = {f"length_{place}": SECOND_US * max(prices.SECONDS[key[4]], shortest) for place, key in enumerate(chosen)}
    found = of_each(warehouse, columns, chosen, start, end, grouped="GROUP BY begins", parameters=lengths)
    named = pl.DataFrame(chosen, schema=dict.fromkeys(KEY, pl.String), orient="row").with_row_index("place")
    moment = pl.Datetime("us", "UTC")
    return (
        named.with_columns(pl.col("place").cast(pl.Int32))
        .join(found, on="place", how="inner")
        .sort("place", "begins")
        .select(
            *KEY,
            ts=pl.col("begins").cast(moment),
            close_at=(pl.col("begins") + pl.col("length")).cast(moment),
            **{name: pl.col(name) for name in found.columns if name not in ("place", "begins", "length")},
        )
    )
