"""A crash played through a range, frame by frame: what `analytics.market.replay` says of one moment, for a chart that
moves."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import venues
from analytics.market import decimate, prices, replay
from analytics.warehouse import Columns, Warehouse
from analytics.who_paid import adl

FRAMES = 120
"""Bars of a track at the most: each is a frame of the chart that plays."""
TRACK: Columns = {
    "name": pl.String,
    "venue": pl.String,
    "market": pl.String,
    "symbol": pl.String,
    "kind": pl.String,
    "interval": pl.String,
    "close_at": pl.Datetime("us", "UTC"),
    "drawdown_pct": pl.Float64,
    "deepest_pct": pl.Float64,
    "source_id": pl.String,
}


def markets(warehouse: Warehouse, base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """The markets of an asset that can be played, each at its finest bars that cover the range: the columns of
    `prices.series`.

    Markets whose bars are too long for the range (`prices.longest_line`) are left out; their state is in
    `replay.markets`.
    """
    every = prices.series(warehouse, start, end).filter(
        pl.col("base") == base, pl.col("kind") != "premium", pl.col("interval").is_in(list(replay.INTRADAY))
    )
    return prices.finest(every, None).filter(pl.col("seconds") <= prices.longest_line(start, end))


def track(
    warehouse: Warehouse, chosen: tuple[decimate.Key, ...], start: datetime, end: datetime, reference: datetime
) -> pl.DataFrame:
    """Each chosen market's fall through a range, bar by bar, for the chart that plays: merged to `FRAMES` bars, each at
    its close.

    Columns: `name venue market symbol kind interval close_at drawdown_pct deepest_pct source_id`. `deepest_pct` is the
    lowest of the bar. The fall is from the market's last price in the hour up to `reference`; markets without one are
    left out.
    """
    if not chosen:
        return pl.DataFrame(schema=TRACK)
    bases = {key[2].split("/")[0] for key in chosen}
    references = pl.concat(replay.reference_prices(warehouse, base, reference) for base in bases)
    return (
        venues.named(warehouse, decimate.paths(warehouse, chosen, start, end, FRAMES))
        .join(references, on=replay.MARKET, how="inner", maintain_order="left")
        .with_columns(
            drawdown_pct=100 * (pl.col("close") / pl.col("reference_price") - 1),
            deepest_pct=100 * (pl.col("low") / pl.col("reference_price") - 1),
        )
        .select(*TRACK)
    )


def low(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """When the lowest bar of Bitcoin in a range was over: `low_until low source_id`, one row, none where no bars are
    known."""
    bars = prices.bitcoin(warehouse, start, end)
    seconds = pl.col("interval").replace_strict(prices.SECONDS, return_dtype=pl.Int64)
    until = pl.min_horizontal(pl.col("ts") + pl.duration(seconds=seconds), pl.lit(end))
    return bars.sort("low", "ts").head(1).select(until.alias("low_until"), "low", "source_id")


def fills(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Auto-deleveraging fills added up second by second through a range: `venue name ts fills_so_far source_id`; the
    counts of `analytics.who_paid.adl`."""
    counts = adl.by_second(warehouse, start, end)
    return counts.select(
        "venue", "name", "ts", pl.col("adl_fills").cum_sum().over("venue").alias("fills_so_far"), "source_id"
    )
