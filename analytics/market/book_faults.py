"""Faults of order-book archives, found by rule: such snapshots are shown as unusable, never plotted.

An archive of book depth states, snapshot by snapshot, how much stands within a percentage of the middle: `band_pct`
below zero for bids and above for asks, with quantity and value up to that band. Three things cannot be true of a live
book:

- inverted: the average price of the bids of the narrowest band (value over quantity) is not below that of the asks;
- shrinking: a wider band of one side holds less than a narrower one, which it contains;
- frozen: a band repeats quantity and value exactly while another band of the snapshot changes, `FROZEN` snapshots
  running.
"""

from __future__ import annotations

import polars as pl

FROZEN = 5
"""Snapshots running in which a band stands still while others move, before it counts as frozen."""
FAULTS = ("inverted", "shrinking", "frozen")
MOST_FAULTY = 0.01
"""A series with more faulty snapshots than this part is unusable as a whole: what else it holds cannot be trusted."""


def snapshots(depth: pl.DataFrame) -> pl.DataFrame:
    """Which snapshots of one market's depth (`ts band_pct quantity_base notional`) are at fault: `ts inverted
    shrinking frozen`."""
    ordered = depth.sort("band_pct", "ts").with_columns(side=pl.col("band_pct").sign())
    return (
        _inverted(ordered)
        .join(_shrinking(ordered), on="ts", how="full", coalesce=True)
        .join(_frozen(ordered), on="ts", how="full", coalesce=True)
        .with_columns(pl.col(FAULTS).fill_null(False))
        .sort("ts")
    )


def unusable(judged: pl.DataFrame) -> bool:
    """Whether so many snapshots of a series (`snapshots`) are at fault that none of it can be trusted."""
    return judged.filter(pl.any_horizontal(FAULTS)).height > MOST_FAULTY * judged.height


def _inverted(depth: pl.DataFrame) -> pl.DataFrame:
    """Bids that on average are dearer than asks; a side without quantity has no average and is not judged."""
    average = pl.col("notional") / pl.when(pl.col("quantity_base") > 0).then(pl.col("quantity_base"))
    nearest = depth.with_columns(price=average).filter(
        pl.col("band_pct").abs() == pl.col("band_pct").abs().min().over("ts", "side")
    )
    bid = pl.col("price").filter(pl.col("side") < 0).first()
    ask = pl.col("price").filter(pl.col("side") > 0).first()
    return nearest.group_by("ts").agg(inverted=bid >= ask)


def _shrinking(depth: pl.DataFrame) -> pl.DataFrame:
    outward = depth.sort("ts", "side", pl.col("band_pct").abs())
    inner = pl.col("quantity_base").shift(1).over("ts", "side")
    return outward.with_columns(less=pl.col("quantity_base") < inner).group_by("ts").agg(shrinking=pl.col("less").any())


def _frozen(depth: pl.DataFrame) -> pl.DataFrame:
    changed = (pl.col("quantity_base").diff() != 0) | (pl.col("notional").diff() != 0)
    marked = depth.with_columns(changed=changed.over("band_pct").fill_null(True)).with_columns(
        run=pl.col("changed").cum_sum().over("band_pct"), alive=pl.col("changed").any().over("ts")
    )
    # A run counts the snapshot it repeats and every repetition during which some other band was alive.
    stale = marked.with_columns(repeats=(~pl.col("changed") & pl.col("alive")).sum().over("band_pct", "run"))
    still = (pl.col("repeats") + 1 >= FROZEN) & ~pl.col("changed")
    return stale.group_by("ts").agg(frozen=still.any())
