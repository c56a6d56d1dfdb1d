"""What a market's price was worth against its sibling on the same venue: the mark against the last trade, the
perpetual against spot."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import venues
from analytics.market import decimate, prices
from analytics.warehouse import Warehouse

MARK, SPOT = "mark − last", "perpetual − spot"
PAIRS = {MARK: (("perp", "mark"), ("perp", "trade")), SPOT: (("perp", "trade"), ("spot", "trade"))}
"""Each basis: market and kind of the price that is compared, and of the one it is compared with."""


def pairs(warehouse: Warehouse, base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """The prices of an asset that have a sibling on the same venue at the same bar length, each at the finest such
    length.

    Columns: `basis venue name`, and for both, as `…` and `…_other`: `market symbol kind interval source_id`.
    """
    known = prices.series(warehouse, start, end).filter(
        (pl.col("base") == base) & pl.col("quote").is_in(prices.DOLLARS) & (pl.col("interval") != "1d")
    )
    # One market of a kind a venue and bar length, the most traded, so that every pair is one.
    known = known.sort("volume_base", "symbol", descending=[True, False], nulls_last=True).unique(
        ["venue", "market", "kind", "interval"], keep="first", maintain_order=True
    )
    found = []
    for basis, (one, other) in PAIRS.items():
        of, against = (
            known.filter((pl.col("market") == part[0]) & (pl.col("kind") == part[1])) for part in (one, other)
        )
        both = of.join(against, on=["venue", "interval"], suffix="_other", how="inner").with_columns(
            interval_other="interval"
        )
        if basis == MARK:
            both = both.filter(pl.col("symbol") == pl.col("symbol_other"))
        found.append(
            both.sort("seconds").unique("venue", keep="first", maintain_order=True).with_columns(basis=pl.lit(basis))
        )
    columns = ["market", "symbol", "kind", "interval", "source_id"]
    return (
        venues.named(warehouse, pl.concat(found))
        .select("basis", "venue", "name", *columns, *(f"{column}_other" for column in columns))
        .sort("basis", "venue")
    )


def paths(warehouse: Warehouse, base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Each basis of an asset bar by bar, bars merged until they can be drawn.

    Columns: `basis venue name symbol symbol_other interval ts close_at close close_other basis_pct low low_other
    source_id`. `basis_pct` compares the closes; the lows of a bar need not be of one moment.
    """
    frames = []
    for pair in pairs(warehouse, base, start, end).iter_rows(named=True):
        one = tuple(pair[part] for part in decimate.KEY)
        other = (pair["venue"], *(pair[f"{part}_other"] for part in decimate.KEY[1:]))
        rows = decimate.paths(warehouse, (one, other), start, end)
        of, against = rows.filter(_is(one)), rows.filter(_is(other))
        both = of.join(
            against.select("ts", "close", "low", "symbol", "source_id"), on="ts", suffix="_other", how="inner"
        )
        frames.append(both.with_columns(basis=pl.lit(pair["basis"]), name=pl.lit(pair["name"])))
    if not frames:
        return pl.DataFrame(schema={column: pl.String for column in ("basis", "venue", "name", "source_id")})
    ids = pl.concat_list("source_id", "source_id_other").list.unique().list.sort().list.join(";")
    return (
        pl.concat(frames)
        .with_columns(basis_pct=100 * (pl.col("close") / pl.col("close_other") - 1), source_id=ids)
        .select(
            "basis", "venue", "name", "symbol", "symbol_other", "interval", "ts", "close_at", "close", "close_other",
            "basis_pct", "low", "low_other", "source_id",
        )
        .sort("basis", "venue", "ts")
    )  # fmt: skip


def lows(warehouse: Warehouse, base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """The bar of the lowest price of each pair's other market, with both lows: one row a pair.

    Columns: `basis venue name symbol symbol_other interval ts close_at low low_other gap_pct widest_pct widest_ts
    source_id`. `gap_pct` is how far the low lies from the other's; `widest_pct` is the largest difference of closes in
    the range.
    """
    known = paths(warehouse, base, start, end)
    if known.is_empty():
        return known
    at_low, widest = pl.col("low_other").arg_min(), pl.col("basis_pct").abs().arg_max()
    return (
        known.group_by("basis", "venue", "name", "symbol", "symbol_other", "interval", maintain_order=True)
        .agg(
            *(pl.col(column).get(at_low) for column in ("ts", "close_at", "low", "low_other")),
            widest_pct=pl.col("basis_pct").get(widest),
            widest_ts=pl.col("close_at").get(widest),
            source_id=pl.col("source_id").first(),
        )
        .with_columns(gap_pct=100 * (pl.col("low") / pl.col("low_other") - 1))
    )


def _is(key: decimate.Key) -> pl.Expr:
    return pl.all_horizontal(pl.col(part) == value for part, value in zip(decimate.KEY, key, strict=True))
