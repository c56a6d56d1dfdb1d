"""New crash days are found by the data: a day far outside its own trailing distribution is proposed as a row of
`crash_days`.

Two measurements, each against the same series' own past, never against another venue's:

- drawdown: the deepest fall from a high to a later low within the UTC day, on BTC and ETH price bars. Of a single bar
  only its order is known: it opens, then has its high and its low in either order, then closes. So a low counts from
  the bar's open and the highs of the bars before it, a high of the same bar only against the close
- liquidations: a tracker's total of the UTC day

A day is proposed when its value is at least `times` the trailing median of `days` days (of which at least `least_days`
are known) and lies `spreads` median absolute deviations above it. A drawdown must also reach `least_drawdown_pct`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from pipelines.config import DetectionRule
from pipelines.generations.draft import Draft
from pipelines.generations.readers import NoWarehouse, opened

DETECTED = "detected"
"""`snapshot_id` of proposed days: they are computed from other rows, and computed anew by every refresh."""

DRAWDOWNS = """
    WITH path AS (
        SELECT venue, symbol, interval, source_id, ts::DATE AS day, ts, high, low, close,
               greatest(open, max(high) OVER earlier) AS high_before
        FROM bars
        WHERE kind = 'trade' AND interval IN ('1m', '5m', '15m', '1h') AND split_part(symbol, '/', 1) IN ('BTC', 'ETH')
          AND split_part(split_part(symbol, '/', 2), ':', 1) IN ('USD', 'USDT', 'USDC')
        WINDOW earlier AS (
            PARTITION BY venue, symbol, interval, source_id, ts::DATE
            ORDER BY ts
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
    ), falls AS (
        SELECT *, greatest(1 - low / high_before, 1 - close / high) AS fall
        FROM path
    )
    SELECT venue || ' ' || symbol || ' ' || interval || ' ' || source_id AS series, day,
           100 * max(fall) AS value, arg_max(ts, fall) AS moment
    FROM falls
    GROUP BY ALL
"""
LIQUIDATIONS = """
    SELECT origin || ' ' || universe AS series, window_start::DATE AS day,
           max(value) AS value, NULL::TIMESTAMPTZ AS moment
    FROM liquidation_reports
    WHERE metric = 'liquidations' AND venue = 'all' AND asset = 'all' AND side = 'total' AND counting = 'floor'
      AND window_end - window_start = INTERVAL 1 DAY AND window_start = date_trunc('day', window_start)
    GROUP BY ALL
"""


def proposed(folder: Path) -> dict[str, str]:
    """The proposed days of the published generation, each with the reason; none where nothing readable is published."""
    try:
        with opened(folder) as connection:
            days = connection.execute("SELECT crash_day, note FROM crash_days WHERE snapshot_id = $1", [DETECTED])
            return dict(days.fetchall())
    except NoWarehouse:
        return {}


def propose(draft: Draft, rule: DetectionRule) -> None:
    """Replace the proposed days in the draft by those the data supports now."""
    draft.forget([DETECTED], ("crash_days",))
    known = draft.rows("SELECT window_start, window_end FROM crash_days").rows()
    drawdowns = outliers(draft.rows(DRAWDOWNS), rule).filter(pl.col("value") >= rule.least_drawdown_pct)
    found = pl.concat(
        [
            drawdowns.with_columns(unit=pl.lit("%")),
            outliers(draft.rows(LIQUIDATIONS), rule).with_columns(unit=pl.lit("USD")),
        ]
    )
    fresh = []
    for day in found["day"].unique().sort():
        row = _row(day, found.filter(pl.col("day") == day))
        if not any(start <= row["t0"] < end for start, end in known):
            fresh.append(row)
    if fresh:
        draft.insert("crash_days", pl.DataFrame(fresh, schema=draft.rows("SELECT * FROM crash_days LIMIT 0").schema))


def outliers(daily: pl.DataFrame, rule: DetectionRule) -> pl.DataFrame:
    """Of daily values `series day value moment`, those far above their own series' trailing median:
    `… median times`."""
    found = []
    for series in daily.partition_by("series", maintain_order=True):
        days = series.sort("day")
        for position, (day, value) in enumerate(days.select("day", "value").iter_rows()):
            past = days[:position].filter(pl.col("day") >= day - timedelta(days=rule.days))["value"]
            if past.len() < rule.least_days:
                continue
            median = past.to_frame().select(pl.median("value")).item()
            spread = past.to_frame().select((pl.col("value") - median).abs().median()).item()
            if median > 0 and value >= rule.times * median and value - median >= rule.spreads * spread:
                found.append(days[position].with_columns(median=pl.lit(median), times=pl.lit(value / median)))
    return (
        pl.concat(found)
        if found
        else daily.clear().with_columns(median=pl.lit(None, dtype=pl.Float64), times=pl.lit(None, dtype=pl.Float64))
    )


def _row(day: date, evidence: pl.DataFrame) -> dict[str, object]:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    moment = evidence.select(pl.min("moment")).item()
    t0 = moment - timedelta(minutes=30) if moment else start
    words = "; ".join(
        f"{series}: {value:,.1f} {unit}, {times:.1f} times the trailing median"
        for series, value, unit, times in evidence.select("series", "value", "unit", "times").iter_rows()
    )
    return {
        "crash_day": f"{day:%b}-{day.day}-{day.year}".lower(),
        "title": f"{day:%b}. {day.day}, {day.year} (proposed)",
        "window_start": start - timedelta(days=1),
        "window_end": start + timedelta(days=2),
        "focus_start": t0 - timedelta(minutes=30) if moment else start,
        "focus_end": t0 + timedelta(minutes=90) if moment else start + timedelta(days=1),
        "t0": t0,
        "status": "proposed",
        "note": f"Proposed by the detection rule: {words}.",
        "source_id": "crashday",
        "snapshot_id": DETECTED,
    }
