"""Who moved first, asked of the warehouse: prices of one asset by second, and the liquidations beside them."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from analytics import venues
from analytics.market import decimate, lead_lag, prices
from analytics.market.lead_lag import Series
from analytics.warehouse import Columns, Warehouse
from analytics.who_paid import adl

Pair = tuple[tuple[str, decimate.Key], tuple[str, decimate.Key]]
"""Two series by label and key."""

INTERVAL = "1s"
WINDOW = timedelta(minutes=10)
"""The parts of a range whose leads are estimated one by one: a lead of seconds changes within minutes."""
MOMENT = pl.Datetime("us", "UTC")
ESTIMATE: Columns = {
    "first": pl.String,
    "second": pl.String,
    "window_start": MOMENT,
    "window_end": MOMENT,
    "lag_s": pl.Float64,
    "low_s": pl.Float64,
    "high_s": pl.Float64,
    "moves_first": pl.Int64,
    "moves_second": pl.Int64,
    "refusal": pl.String,
    "source_id": pl.String,
}


def candidates(warehouse: Warehouse, base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """What can be compared to the second: `label what venue observations first_ts last_ts` and the key of the series,
    most observed first.

    `what` is `price` (one-second bars of the asset) or `adl` (fills counted to the second, one side, all assets).
    Minute bars are not among them: within a minute they say nothing about who came first.
    """
    known = prices.series(warehouse, start, end).filter(
        (pl.col("base") == base) & (pl.col("kind") == "trade") & (pl.col("interval") == INTERVAL)
    )
    counts = adl.counted(warehouse, start, end).with_columns(
        market=pl.lit("all"), symbol=pl.lit("all"), kind=pl.lit("adl"), interval=pl.lit(INTERVAL)
    )
    rows = pl.concat([known.sort("bars", descending=True), counts], how="diagonal_relaxed")
    fills = pl.col("kind") == "adl"
    label = pl.when(fills).then(pl.format("{} ADL fills", "name")).otherwise(pl.format("{} {}", "name", "symbol"))
    return venues.named(warehouse, rows).select(
        label.alias("label"),
        pl.when(fills).then(pl.lit("adl")).otherwise(pl.lit("price")).alias("what"),
        pl.col("bars").alias("observations"),
        "first_ts",
        "last_ts",
        *decimate.KEY,
    )


def estimates(warehouse: Warehouse, pair: Pair, start: datetime, end: datetime) -> pl.DataFrame:
    """How far the first of a pair `(label, key)` leads, over all the time both are known and in windows of ten minutes
    of it.

    Columns: `first second window_start window_end lag_s low_s high_s moves_first moves_second refusal source_id`; the
    row over the whole time comes first. `lag_s` above zero: the first leads. `refusal` says why a row has no lag.
    """
    one, other = _both(warehouse, pair, start, end)
    named = {"first": one.name, "second": other.name, "source_id": ";".join(sorted({pair[0][1][5], pair[1][1][5]}))}
    if reason := lead_lag.unusable(one, other):
        return pl.DataFrame([{**named, "window_start": start, "window_end": end, "refusal": reason}], schema=ESTIMATE)
    found = lead_lag.blocks(one, other)
    first, last = found.begins[0], found.end
    length = WINDOW.total_seconds()
    windows = [(first, last), *((begin, begin + length) for begin in np.arange(first // length * length, last, length))]
    rows = []
    for begin, until in windows if last - first > length else windows[:1]:
        part = found.cut((found.begins >= begin) & (found.begins < until))
        if not len(part.begins):
            continue
        lead = lead_lag.answer(part, one.name, other.name)
        moves = part.moves.sum(axis=1)
        rows.append(
            {
                **named,
                "window_start": start + timedelta(seconds=max(float(begin), float(first))),
                "window_end": start + timedelta(seconds=min(float(until), float(last))),
                "lag_s": lead.lag,
                "low_s": lead.low,
                "high_s": lead.high,
                "moves_first": int(moves[0]),
                "moves_second": int(moves[1]),
                "refusal": lead.refusal or None,
            }
        )
    return pl.DataFrame(rows, schema=ESTIMATE)


def contrast(warehouse: Warehouse, pair: Pair, start: datetime, end: datetime) -> pl.DataFrame:
    """How closely the pair moves together at each lag: `lag_s together low high source_id`; empty where they cannot
    be compared."""
    one, other = _both(warehouse, pair, start, end)
    if lead_lag.unusable(one, other):
        return pl.DataFrame(schema={"lag_s": pl.Float64, "source_id": pl.String})
    together, low, high = lead_lag.contrast(lead_lag.blocks(one, other))
    ids = pl.lit(";".join(sorted({pair[0][1][5], pair[1][1][5]})))
    return pl.DataFrame({"lag_s": lead_lag.GRID, "together": together, "low": low, "high": high}).with_columns(
        source_id=ids
    )


def _both(warehouse: Warehouse, pair: Pair, start: datetime, end: datetime) -> tuple[Series, Series]:
    first, second = pair
    return _series(warehouse, *first, start, end), _series(warehouse, *second, start, end)


def _series(warehouse: Warehouse, label: str, key: decimate.Key, start: datetime, end: datetime) -> Series:
    """Log prices at the end of their seconds; for deleveraging, the fills so far less their mean rate, turned over:
    a fall comes with fills."""
    if key[3] == "adl":
        rows = warehouse.query(
            """
            SELECT ts, adl_fills
            FROM liquidation_counts
            WHERE venue = $venue AND source_id = $source AND ts >= $start AND ts < $end
            ORDER BY ts
            """,
            venue=key[0],
            source=key[5],
            start=start,
            end=end,
        )
        seconds = _since(rows, start)
        total = np.cumsum(rows["adl_fills"].to_numpy().astype(float))
        usual = np.interp(seconds, seconds[[0, -1]], total[[0, -1]]) if len(seconds) else total
        return Series(label, seconds, usual - total)
    rows = decimate.closes(warehouse, (key,), start, end).sort("second")
    with np.errstate(divide="ignore", invalid="ignore"):
        return Series(label, rows["second"].to_numpy() + 1.0, np.log(rows["close"].to_numpy()))


def _since(rows: pl.DataFrame, start: datetime) -> np.ndarray:
    """Seconds since the start of the range at which the second of each row is over."""
    return (rows["ts"].dt.epoch("us").to_numpy() - round(start.timestamp() * 1e6)) / 1e6 + 1
