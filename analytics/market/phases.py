"""The phases of a fall, found by one stated rule: onset, cascade, capitulation, recovery.

Each border is where a sum last stood at zero or a price crossed a stated part of the fall; nothing is drawn by hand.

- A fall adds up what the price lost in excess of a speed, and starts again from zero whenever that is used up (Page's
  cumulative sum, 1954). It began where the sum last stood at zero.
- cascade: of all falls faster than `fast` percent a minute the deepest, if it is `deep` percent deep in excess of that
  speed and one of its bars is `burst` times the median bar before it, in volume or in liquidations where they are
  known.
- onset: from where the fall slower than that, `slow` percent a minute, began that leads into the cascade.
- capitulation: the bars around the low of the cascade that went into the lowest `bottom` part of the fall.
- recovery: from there until a close has regained `regained` of the fall.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl

from analytics import sql
from analytics.market import decimate
from analytics.warehouse import Warehouse

PHASES = ("onset", "cascade", "capitulation", "recovery")
LEAST_BARS = 10
"""With fewer bars before the fall, what is usual is not known."""
LEAST_COVERAGE = 0.9
SCALES = (0.5, 1.0, 2.0)
EVERY = f"""
    mechanism = 'liquidation' AND {sql.base()} = $base AND EXISTS (
        FROM feed_regimes r
        WHERE r.venue = l.venue AND r.feed = l.feed AND completeness = 'complete'
          AND valid_from <= l.ts AND l.ts < coalesce(valid_to, 'infinity'::TIMESTAMPTZ)
    )
"""
"""Liquidations of an asset from feeds known to let every one through."""

MOMENT = pl.Datetime("us", "UTC")
FOUND = {
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
SENSITIVITY = {
    "parameter": pl.String,
    "value": pl.Float64,
    "scale": pl.Float64,
    "border": pl.String,
    "begins": MOMENT,
    "refusal": pl.String,
    "source_id": pl.String,
}


@dataclass(frozen=True)
class Rule:
    """The parameters, speeds in percent a minute."""

    slow: float = 0.05
    fast: float = 0.3
    deep: float = 2.0
    burst: float = 5.0
    bottom: float = 0.25
    regained: float = 0.5


@dataclass(frozen=True)
class Borders:
    """Positions of the bars at which each phase begins, and of the bar after the recovery; None where it is not known.

    `refusal` says why there are none.
    """

    onset: int | None = None
    cascade: int | None = None
    capitulation: int | None = None
    recovery: int | None = None
    recovered: int | None = None
    refusal: str = ""


def find(bars: pl.DataFrame, rule: Rule = Rule()) -> Borders:
    """The borders of the deepest cascade in a market's bars (`ts close_at open high low close volume_base
    liquidated_usd`, in time order)."""
    if reason := _unusable(bars):
        return Borders(refusal=reason)
    close, low = bars["close"].to_numpy(), bars["low"].to_numpy()
    before = np.concatenate((bars["open"].to_numpy()[:1], close[:-1]))
    lost = -100 * np.log(close / before)
    minutes = bars["close_at"].diff().dt.total_seconds().fill_null(0).to_numpy() / 60
    minutes[0] = (bars["close_at"][0] - bars["ts"][0]).total_seconds() / 60
    fast = _excess(lost - rule.fast * minutes)
    top = int(fast.argmax())
    if fast[top] < rule.deep:
        return Borders(
            refusal=f"No fall here went {rule.deep:g} % beyond a speed of {rule.fast:g} % a minute: by this rule there "
            "was no cascade."
        )
    cascade = _began(fast, top)
    after = np.flatnonzero(fast[top:] == 0)
    last = top + int(after[0]) if len(after) else len(close) - 1
    onset = min(_began(_excess(lost - rule.slow * minutes), cascade), cascade)
    if onset < LEAST_BARS:
        return Borders(
            refusal=f"The fall begins within the first {LEAST_BARS} bars of the range: what was usual before it is not "
            "known here. Choose an earlier start."
        )
    if not _burst(bars, onset, cascade, last, rule.burst):
        return Borders(
            refusal=f"No bar of the fall is {rule.burst:g} times the median bar before it, in volume or in "
            "liquidations: by this rule there was no cascade."
        )
    bottom = cascade + int(low[cascade : last + 1].argmin())
    return _bottom(low, close, before[onset], onset, cascade, bottom, rule)


def _bottom(
    low: np.ndarray, close: np.ndarray, start: float, onset: int, cascade: int, bottom: int, rule: Rule
) -> Borders:
    depth = start - low[bottom]
    deep = low <= low[bottom] + rule.bottom * depth
    above = np.flatnonzero(~deep[cascade:bottom])
    capitulation = cascade + (int(above[-1]) + 1 if len(above) else 0)
    left = np.flatnonzero(~deep[bottom:])
    if not len(left):
        return Borders(onset, cascade, capitulation)
    recovery = bottom + int(left[0])
    back = np.flatnonzero(close[recovery:] >= low[bottom] + rule.regained * depth)
    return Borders(onset, cascade, capitulation, recovery, recovery + int(back[0]) + 1 if len(back) else None)


def _excess(steps: np.ndarray) -> np.ndarray:
    """Page's cumulative sum: what the steps add up to since they last added up to nothing."""
    total = np.cumsum(steps)
    return total - np.minimum(np.minimum.accumulate(total), 0)


def _began(excess: np.ndarray, place: int) -> int:
    """The bar after the last one up to a place at which the sum stood at zero."""
    zero = np.flatnonzero(excess[: place + 1] == 0)
    return int(zero[-1]) + 1 if len(zero) else 0


def _burst(bars: pl.DataFrame, onset: int, cascade: int, last: int, times: float) -> bool:
    for column in ("volume_base", "liquidated_usd"):
        usual, largest = bars[column][:onset].median(), bars[column][cascade : last + 1].max()
        if usual and largest is not None and largest >= times * usual:
            return True
    return False


def _unusable(bars: pl.DataFrame) -> str:
    if bars.height <= LEAST_BARS:
        return f"{bars.height} bars are too few to find phases in: more than {LEAST_BARS} are needed."
    if bars["low"].min() <= 0:
        return "A price of zero or less is among the bars, at which nobody can trade: nothing is computed from them."
    if bars["high"].max() == bars["low"].min():
        return "The price did not move in this range."
    expected = (bars["close_at"][-1] - bars["ts"][0]) / (bars["close_at"][0] - bars["ts"][0])
    if bars.height < LEAST_COVERAGE * expected:
        return (
            f"{expected - bars.height:.0f} of {expected:.0f} bars are missing, because nobody traded or they were not "
            "recorded: a fall within a gap would go unseen."
        )
    return ""


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
                EVERY,
                {"base": key[2].split("/")[0]},
            ),
            ("liquidation_counts", "sum(adl_fills)::BIGINT AS adl_fills", "true", {}),
        )
    ]
    for other in beside:
        bars = bars.join(other.drop("begins"), on="ts", how="left", maintain_order="left")
    ids = pl.concat_str("source_id", "liquidations_id", "liquidation_counts_id", separator=";", ignore_nulls=True)
    return bars.with_columns(source_id=ids).drop("liquidations_id", "liquidation_counts_id")


def found(warehouse: Warehouse, key: decimate.Key, start: datetime, end: datetime) -> pl.DataFrame:
    """The phases of a market in a range by the rule, or one row that says why there are none (`refusal`).

    Columns: `phase begins ends minutes price_from price_to lowest lowest_at change_pct pct_per_minute volume_times
    adl_fills liquidated_usd refusal source_id`. `ends` is null where the range is over first; `lowest_at` is the start
    of the lowest bar; `volume_times` is the mean bar over the median bar before the onset.
    """
    bars = measured(warehouse, key, start, end)
    borders = find(bars)
    if borders.refusal:
        return pl.DataFrame([{"refusal": borders.refusal, "source_id": key[5]}], schema=FOUND)
    marks = [borders.onset, borders.cascade, borders.capitulation, borders.recovery, borders.recovered]
    usual = bars["volume_base"][: borders.onset].median()
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
    return pl.DataFrame(rows, schema=FOUND)


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
    ids = {one for joined in part["source_id"] for one in joined.split(";")}
    return {
        "begins": part["ts"][0],
        "minutes": minutes,
        "price_to": part["close"][-1],
        "lowest": part["low"].min(),
        "lowest_at": part["ts"][part["low"].arg_min()],
        "change_pct": change,
        "pct_per_minute": change / minutes,
        "volume_times": part["volume_base"].mean() / usual if usual and not part["volume_base"].null_count() else None,
        "adl_fills": part["adl_fills"].sum() if part["adl_fills"].count() else None,
        "liquidated_usd": part["liquidated_usd"].sum() if part["liquidated_usd"].count() else None,
        "source_id": ";".join(sorted(ids)),
    }


def _length(bars: pl.DataFrame) -> int:
    return decimate.SECOND if bars.is_empty() else (bars["close_at"][0] - bars["ts"][0]) // timedelta(microseconds=1)
