"""The phases of a fall by the rule of `phase_rule`, how far they depend on it, and those that publications claim."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from itertools import pairwise

import polars as pl

from analytics import sql
from analytics.market import decimate
from analytics.market.phase_rule import PHASES, Rule, find
from analytics.warehouse import Columns, Warehouse

SCALES = (0.5, 1.0, 2.0)
"""What each parameter of the rule is multiplied by to see how far the borders depend on it."""
FROM_COMPLETE_FEEDS = f"""
    mechanism = 'liquidation' AND {sql.base()} = $base AND EXISTS (
        FROM feed_regimes r
        WHERE r.venue = l.venue AND r.feed = l.feed AND completeness = 'complete'
          AND valid_from <= l.ts AND l.ts < coalesce(valid_to, 'infinity'::TIMESTAMPTZ)
    )
"""
"""Liquidations of an asset from feeds known to let every one through."""
MOMENT = pl.Datetime("us", "UTC")
PHASE: Columns = {
    "phase": pl.String,
    "begins": MOMENT,
    "ends": MOMENT,
    "minutes": pl.Float64,
    "price_from": pl.Float64,
    "price_to": pl.Float64,
    "lowest": pl.Float64,
    "lowest_at": pl.Datetime("us", "UTC"),
    "change_pct": pl.Float64,
    "pct_per_minute": pl.Float64,
    "volume_times": pl.Float64,
    "adl_fills": pl.Int64,
    "liquidated_usd": pl.Float64,
    "refusal": pl.String,
    "source_id": pl.String,
}
SENSITIVITY: Columns = {
    "parameter": pl.String,
    "value": pl.Float64,
    "scale": pl.Float64,
    "border": pl.String,
    "begins": MOMENT,
    "refusal": pl.String,
    "source_id": pl.String,
}


def measured(warehouse: Warehouse, key: decimate.Key, start: datetime, end: datetime) -> pl.DataFrame:
    """The bars phases are found in: one series merged as `decimate.bars` does, with what was liquidated and deleveraged
    meanwhile.

    Columns of `decimate.bars` and `liquidated_usd` (feeds that let every liquidation of this asset through; null where
    none is known), `adl_fills` (one side, all assets; null where no count is known).
    """
    bars = decimate.bars(warehouse, (key,), start, end).filter(pl.col("close").is_not_null())
    spans = {"start": start, "end": end, "step": _length(bars)}
    beside = [
        warehouse.query(
            f"""
            SELECT epoch_us(ts) // $step * $step AS begins, {column},
                   {sql.sources()} AS {table}_id
            FROM {table} l
            WHERE ts >= $start AND ts < $end AND {condition}
            GROUP BY begins
            """,
            **spans,
            **named,
        ).with_columns(ts=pl.col("begins").cast(MOMENT))
        for table, column, condition, named in (
            (
                "liquidations",
                f"{sql.total('notional_usd', 2)} AS liquidated_usd",
                FROM_COMPLETE_FEEDS,
                {"base": key[2].split("/")[0]},
            ),
            ("liquidation_counts", "sum(adl_fills)::BIGINT AS adl_fills", "true", {}),
        )
    ]
    for other in beside:
        bars = bars.join(other.drop("begins"), on="ts", how="left", maintain_order="left")
    ids = pl.concat_str("source_id", "liquidations_id", "liquidation_counts_id", separator=";", ignore_nulls=True)
    return bars.with_columns(source_id=ids).drop("liquidations_id", "liquidation_counts_id")


def by_rule(warehouse: Warehouse, key: decimate.Key, start: datetime, end: datetime) -> pl.DataFrame:
    """The phases of a market in a range by the rule, or one row that says why there are none (`refusal`).

    Columns: `phase begins ends minutes price_from price_to lowest lowest_at change_pct pct_per_minute volume_times
    adl_fills liquidated_usd refusal source_id`. `ends` is null where the range is over first; `lowest_at` is the start
    of the lowest bar; `volume_times` is the mean bar over the median bar before the onset.
    """
    bars = measured(warehouse, key, start, end)
    borders = find(bars)
    if borders.refusal:
        return pl.DataFrame([{"refusal": borders.refusal, "source_id": key[5]}], schema=PHASE)
    marks = [borders.onset, borders.cascade, borders.capitulation, borders.recovery, borders.recovered]
    usual = bars[: borders.onset].select(pl.median("volume_base")).item()
    rows = [
        {
            "phase": phase,
            "ends": None if following is None else bars["close_at"][following - 1],
            "price_from": bars["close"][first - 1],
            **_summary(bars[first:following], bars["close"][first - 1], usual),
        }
        for phase, (first, following) in zip(PHASES, pairwise(marks), strict=True)
        if first is not None and first != following
    ]
    return pl.DataFrame(rows, schema=PHASE)


def lowest(warehouse: Warehouse, key: decimate.Key, start: datetime, end: datetime) -> pl.DataFrame:
    """The lowest bar of a market's whole range, which may lie outside its phases: `low low_at source_id`, one row or
    none."""
    bars = measured(warehouse, key, start, end)
    return bars.sort("low", "ts").head(1).select("low", pl.col("ts").alias("low_at"), "source_id")


def sensitivity(warehouse: Warehouse, key: decimate.Key, start: datetime, end: datetime) -> pl.DataFrame:
    """Where the borders go when one parameter of the rule at a time is halved or doubled, in the order of the rule.

    Columns: `parameter value scale border begins refusal source_id`; `border` is a phase that begins, or `recovered`.
    """
    bars = measured(warehouse, key, start, end)
    rows = []
    for parameter, usual in asdict(Rule()).items():
        for scale in SCALES:
            borders = asdict(find(bars, replace(Rule(), **{parameter: usual * scale})))
            rows += [
                {
                    "parameter": parameter,
                    "value": usual * scale,
                    "scale": scale,
                    "border": border,
                    "begins": None if borders[border] is None else bars["close_at"][borders[border] - 1],
                    "refusal": borders["refusal"] or None,
                    "source_id": key[5],
                }
                for border in (*PHASES, "recovered")
            ]
    return pl.DataFrame(rows, schema=SENSITIVITY)


def published(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """The phases publications claim: windows they count liquidations in, and moments of the timeline known to the
    minute.

    Columns: `label begins ends origin value_usd note confidence source_id`, by time; `ends` is null for a moment. Of
    the windows an origin gives for one phase the widest is the phase: its worst minute is none. The sums of the windows
    are of other universes than the bars beside them and are shown as published.
    """
    return warehouse.query(
        """
        SELECT 'liquidations, ' || phase AS label, window_start AS begins, window_end AS ends, origin,
               value AS value_usd, note, confidence, source_id
        FROM liquidation_reports
        WHERE crash_day = $crash_day AND metric = 'liquidations' AND venue = 'all' AND asset = 'all' AND side = 'total'
          AND phase IN ('before', 'cascade', 'aftermath') AND window_start IS NOT NULL AND window_end IS NOT NULL
        QUALIFY rank() OVER (PARTITION BY origin, phase ORDER BY window_end - window_start DESC) = 1
        UNION ALL
        SELECT title, ts, NULL, venue, NULL, note, confidence, source_id
        FROM events
        WHERE timeline = $crash_day AND standing = 'reported' AND precision IN ('minute', 'second')
          AND category IN ('market', 'low', 'recovery') AND confidence <> 'low'
        ORDER BY begins, ends DESC NULLS LAST, label
        """,
        crash_day=crash_day,
    )


def _summary(part: pl.DataFrame, price: float, usual: float | None) -> dict[str, object]:
    change = 100 * (part["close"][-1] / price - 1)
    minutes = (part["close_at"][-1] - part["ts"][0]).total_seconds() / 60
    volume = part.select(pl.mean("volume_base")).item()
    ids = {one for joined in part["source_id"] for one in joined.split(";")}
    return {
        "begins": part["ts"][0],
        "minutes": minutes,
        "price_to": part["close"][-1],
        "lowest": part["low"].min(),
        "lowest_at": part["ts"][part["low"].arg_min() or 0],
        "change_pct": change,
        "pct_per_minute": change / minutes,
        "volume_times": volume / usual if usual and not part["volume_base"].null_count() else None,
        "adl_fills": part["adl_fills"].sum() if part["adl_fills"].count() else None,
        "liquidated_usd": part["liquidated_usd"].sum() if part["liquidated_usd"].count() else None,
        "source_id": ";".join(sorted(ids)),
    }


def _length(bars: pl.DataFrame) -> int:
    return decimate.SECOND_US if bars.is_empty() else (bars["close_at"][0] - bars["ts"][0]) // timedelta(microseconds=1)
