"""Which venue left the others: every venue against the composite of all that trade, second by second or bar by bar.

Eligible are venues on which the asset trades in dollars or dollar tokens, by one market a venue: spot before perpetual,
then the most traded (`composite` says what their prices make, `departures` who left it first).
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from analytics import venues
from analytics.market import composite, decimate, prices
from analytics.warehouse import Warehouse

MOMENT = pl.Datetime("us", "UTC")


def assets(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """The assets that trade on two venues or more at one bar length, the finest and best covered first: `base
    interval venues bars`."""
    known = _eligible(prices.series(warehouse, start, end))
    return (
        known.group_by("base", "interval", "seconds")
        .agg(venues=pl.col("venue").n_unique(), bars=pl.col("bars").sum())
        .filter(pl.col("venues") >= composite.TWO)
        .sort("seconds", "venues", "bars", "base", descending=[False, True, True, False])
        .unique("base", keep="first", maintain_order=True)
        .select("base", "interval", "venues", "bars")
    )


def markets(warehouse: Warehouse, base: str, start: datetime, end: datetime, interval: str = "") -> pl.DataFrame:
    """The eligible markets of an asset, one a venue, at one bar length: the columns of `prices.series` and `name`.

    The bar length is the finest of which two venues' bars span most of the range, unless one is asked for.
    """
    known = _eligible(prices.series(warehouse, start, end)).filter(pl.col("base") == base)
    spans = (pl.col("last_ts") - pl.col("first_ts")).dt.total_seconds() / (end - start).total_seconds()
    wide = known.filter(spans >= prices.LEAST_COVERAGE).group_by("seconds", "interval").agg(venues=pl.len())
    several = wide.filter(pl.col("venues") >= composite.TWO).sort("seconds")
    fallback = (
        known.group_by("seconds", "interval").agg(venues=pl.len()).sort("venues", "seconds", descending=[True, False])
    )
    if not interval:
        interval = str((several if several.height else fallback)["interval"].first() or "")
    return venues.named(warehouse, known.filter(pl.col("interval") == interval)).sort("venue")


def deviations(warehouse: Warehouse, chosen: tuple[decimate.Key, ...], start: datetime, end: datetime) -> pl.DataFrame:
    """How far each of the chosen markets stood from the composite, thinned to what a screen shows; no extreme is lost.

    Columns: `venue market symbol interval ts price composite deviation_pct venues source_id`; `ts` is when the price
    stood, `venues` how many had a fresh price. A row without a deviation breaks the line: fewer than three had one
    (two, where only two are chosen), and a composite that venues join and leave would jump by itself.
    """
    grid = composite.grid(warehouse, chosen, start, end)
    middle, deviation, fresh = composite.of(grid.price, max(composite.TWO, min(composite.THREE, len(chosen))))
    kept = [decimate.points(line) for line in deviation]
    place, bar = np.repeat(np.arange(len(chosen)), [len(points) for points in kept]), np.concatenate(kept)
    moment = round(grid.start.timestamp()) * decimate.SECOND_US
    return (
        pl.DataFrame(
            {
                "place": place,
                "ts": moment + (bar + 1) * grid.seconds * decimate.SECOND_US,
                "price": grid.price[place, bar],
                "composite": middle[bar],
                "deviation_pct": deviation[place, bar],
                "venues": fresh[bar],
            }
        )
        .with_columns(pl.col("ts").cast(MOMENT), pl.col("price", "composite", "deviation_pct").fill_nan(None))
        .join(_named(chosen), on="place", how="left", maintain_order="left")
        .select(
            "venue", "market", "symbol", "interval", "ts", "price", "composite", "deviation_pct", "venues", "source_id"
        )
    )


def widest(warehouse: Warehouse, chosen: tuple[decimate.Key, ...], start: datetime, end: datetime) -> pl.DataFrame:
    """The row of `deviations` furthest off the composite; of two venues with `apart_pct`, their distance in percent
    of the midpoint, else null."""
    rows = deviations(warehouse, chosen, start, end).filter(pl.col("deviation_pct").is_not_null())
    off = pl.col("deviation_pct").abs()
    apart = 2 * off if len(chosen) == composite.TWO else pl.lit(None, pl.Float64)
    return rows.with_columns(apart_pct=apart).sort(off).tail(1)


def gap(warehouse: Warehouse, chosen: tuple[decimate.Key, ...], start: datetime, end: datetime) -> pl.DataFrame:
    """How far the first of two markets stood above the second, in percent of their midpoint, thinned as `deviations`
    is.

    Columns: `venue other_venue market other_market symbol other_symbol interval ts price other_price gap_pct
    source_id`; a row without a gap breaks the line. Raises ValueError unless there are two markets.
    """
    if len(chosen) != composite.TWO:
        raise ValueError("A gap lies between two markets.")
    grid = composite.grid(warehouse, chosen, start, end)
    middle, _, _ = composite.of(grid.price, composite.TWO)
    apart = 100 * (grid.price[0] - grid.price[1]) / middle
    bar = decimate.points(apart)
    first, second = (dict(zip(decimate.KEY, key, strict=True)) for key in chosen)
    named = {name: pl.lit(first[name]) for name in ("venue", "market", "symbol", "interval")}
    others = {f"other_{name}": pl.lit(second[name]) for name in ("venue", "market", "symbol")}
    return pl.DataFrame(
        {
            "ts": round(grid.start.timestamp()) * decimate.SECOND_US + (bar + 1) * grid.seconds * decimate.SECOND_US,
            "price": grid.price[0, bar],
            "other_price": grid.price[1, bar],
            "gap_pct": apart[bar],
        }
    ).select(
        pl.col("ts").cast(MOMENT),
        pl.col("price", "other_price", "gap_pct").fill_nan(None),
        **named,
        **others,
        source_id=pl.lit(";".join(sorted({first["source_id"], second["source_id"]}))),
    )


def _named(chosen: tuple[decimate.Key, ...]) -> pl.DataFrame:
    """The parts of the keys by their place."""
    return pl.DataFrame(chosen, schema=dict.fromkeys(decimate.KEY, pl.String), orient="row").with_columns(
        place=pl.int_range(pl.len(), dtype=pl.Int64)
    )


def _eligible(known: pl.DataFrame) -> pl.DataFrame:
    intraday = known.filter(
        (pl.col("kind") == "trade") & pl.col("quote").is_in(prices.DOLLARS) & (pl.col("seconds") < prices.SECONDS["1d"])
    )
    return intraday.sort(
        pl.col("market") != "spot", "volume_base", "symbol", descending=[False, True, False], nulls_last=True
    ).unique(["base", "venue", "interval"], keep="first", maintain_order=True)
