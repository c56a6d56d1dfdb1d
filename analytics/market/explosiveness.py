"""How explosive the liquidations of a feed were, before, in and after a cascade; and why most feeds, and most parts,
cannot tell."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from analytics import sql, venues
from analytics.market import decimate, hawkes
from analytics.warehouse import Columns, Warehouse
from analytics.who_paid import adl

THINNED = {
    "throttled": "The feed lets through a part only ({rule}): a process fitted to it would describe the limit.",
    "sampled": "The feed lets through a sample only ({rule}): what sets off what is not in it.",
    "unknown": "How much this feed lets through is not known ({rule}), so gaps and bursts may be the feed's.",
}
BOTH_SIDES = (
    "Counts by second, not single events, and of both sides of each take-over: neither their order nor their "
    "number is one of events."
)
MOMENT = pl.Datetime("us", "UTC")
FITS: Columns = {
    "part": pl.String,
    "begins": MOMENT,
    "ends": MOMENT,
    "events": pl.Int64,
    "branching_low": pl.Float64,
    "branching_high": pl.Float64,
    "constant": pl.Float64,
    "constant_low": pl.Float64,
    "constant_high": pl.Float64,
    "varying": pl.Float64,
    "varying_low": pl.Float64,
    "varying_high": pl.Float64,
    "knots": pl.Int64,
    "scales": pl.Int64,
    "half_life_s": pl.Float64,
    "distance": pl.Float64,
    "chance": pl.Float64,
    "refusal": pl.String,
    "source_id": pl.String,
}
EVENTS = """
    FROM liquidations
    WHERE venue = $venue AND feed = $feed AND mechanism = 'liquidation' AND ts >= $start AND ts < $end
"""

SINGLE_LIQUIDATIONS = f"""
    WITH told AS (
        SELECT venue, feed, count(*) AS events, count(DISTINCT ts) AS stamps, min(ts) AS first_ts,
               max(ts) AS last_ts, {sql.sources()} AS source_id
        FROM liquidations
        WHERE mechanism = 'liquidation' AND ts >= $start AND ts < $end
        GROUP BY venue, feed
    ), regime AS (
        SELECT t.venue, t.feed, {sql.listed("r.completeness", ", ")} AS completeness,
               {sql.listed("r.rule", "; ")} AS rule
        FROM told t
        JOIN feed_regimes r ON r.venue = t.venue AND r.feed = t.feed
            AND coalesce(r.valid_from, '-infinity'::TIMESTAMPTZ) <= t.last_ts
            AND t.first_ts < coalesce(r.valid_to, 'infinity'::TIMESTAMPTZ)
        GROUP BY t.venue, t.feed
    )
    SELECT t.*, coalesce(completeness, 'unknown') AS completeness,
           coalesce(rule, 'its rule is not described') AS rule
    FROM told t
    LEFT JOIN regime USING (venue, feed)
    ORDER BY events DESC, t.venue, t.feed
"""


def feeds(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Every venue that is known to have liquidated in a range, and whether its feed can tell how explosive that was,
    the most events first.

    Columns: `venue name feed events first_ts last_ts completeness refusal source_id`. `events` are single
    liquidations of a feed, null where only counts are kept. `refusal` is null where a process can be fitted to the
    whole range.
    """
    single = warehouse.query(SINGLE_LIQUIDATIONS, start=start, end=end)
    counted = (
        adl.counted(warehouse, start, end)
        .drop("bars")
        .with_columns(feed=pl.lit("counts of a study"), refusal=pl.lit(BOTH_SIDES))
    )
    refusals = [_refusal(row) for row in single.iter_rows(named=True)]
    rows = pl.concat([single.with_columns(pl.Series("refusal", refusals, pl.String)), counted], how="diagonal_relaxed")
    return venues.named(warehouse, rows).select(
        "venue", "name", "feed", "events", "first_ts", "last_ts", "completeness", "refusal", "source_id"
    )  # fmt: skip


def fits(
    warehouse: Warehouse, venue: str, feed: str, parts: tuple[tuple[str, datetime, datetime], ...]
) -> pl.DataFrame:
    """What processes fitted to a feed's liquidations in each part `(name, from, to)` of a range tell about how many
    each sets off.

    Columns: `part begins ends events branching_low branching_high constant constant_low constant_high varying
    varying_low varying_high knots scales half_life_s distance chance refusal source_id`. `branching_low` and `_high`
    are what both models allow, null where `refusal` says why there is no verdict. `constant` and `varying` are the
    branching ratios with a background that is constant and one that varies between so many `knots`; an upper end is
    null where it is above 2. `scales` and `half_life_s` are the varying one's time scales, and its fastest. `chance`
    is how often the model's own streams lie as far (`distance`) from theory, or farther.
    """
    whole = feeds(warehouse, min(part[1] for part in parts), max(part[2] for part in parts))
    known = whole.filter((pl.col("venue") == venue) & (pl.col("feed") == feed) & (pl.col("completeness") != "complete"))
    thinned = known["refusal"][0] if known.height else None
    rows = [_fitted(warehouse, venue, feed, *part, thinned) for part in parts]
    return pl.DataFrame(rows, schema=FITS)


def residuals(warehouse: Warehouse, venue: str, feed: str, start: datetime, end: datetime) -> pl.DataFrame:
    """The waiting times in the time of the model whose background varies beside those of theory, quantile by
    quantile: `expected observed source_id`; empty where nothing was fitted."""
    times, source_id = _events(warehouse, venue, feed, start, end)
    if hawkes.refusal(times):
        return pl.DataFrame(schema={"expected": pl.Float64, "observed": pl.Float64, "source_id": pl.String})
    observed = np.sort(hawkes.fit_varying(times, (end - start).total_seconds()).residuals)
    expected = -np.log(1 - (np.arange(len(observed)) + 0.5) / len(observed))
    kept = np.unique(np.linspace(0, len(observed) - 1, decimate.MOST_POINTS).round().astype(int))
    return pl.DataFrame({"expected": expected[kept], "observed": observed[kept]}).with_columns(
        source_id=pl.lit(source_id)
    )


def intensity(warehouse: Warehouse, venue: str, feed: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Liquidations of a feed over time: `venue ts until events per_minute source_id`, in steps of which a range has
    at most 500."""
    step = decimate.step(start, end, 500)
    return warehouse.query(
        f"""
        SELECT $venue AS venue, make_timestamptz(epoch_us(ts) // $step * $step) AS begins,
               make_timestamptz((epoch_us(ts) // $step + 1) * $step) AS until, count(*) AS events,
               count(*) * 60e6 / $step AS per_minute,
               {sql.sources()} AS source_id
        {EVENTS}
        GROUP BY epoch_us(ts) // $step
        ORDER BY epoch_us(ts) // $step
        """,
        venue=venue,
        feed=feed,
        start=start,
        end=end,
        step=step * decimate.SECOND_US,
    ).rename({"begins": "ts"})


def _refusal(row: dict[str, Any]) -> str | None:
    if row["completeness"] != "complete":
        return THINNED.get(row["completeness"], THINNED["unknown"]).format(rule=row["rule"])
    tied = np.repeat(0.0, row["events"] - row["stamps"])
    return hawkes.refusal(np.concatenate((np.arange(float(row["stamps"])), tied))) or None


def _fitted(
    warehouse: Warehouse, venue: str, feed: str, part: str, start: datetime, end: datetime, thinned: str | None
) -> dict[str, object]:
    times, source_id = _events(warehouse, venue, feed, start, end)
    row: dict[str, object] = {"part": part, "begins": start, "ends": end, "events": len(times), "source_id": source_id}
    if reason := thinned or hawkes.refusal(times):
        return {**row, "refusal": reason}
    said = hawkes.verdict(times, (end - start).total_seconds())
    constant, varying = said.constant, said.varying
    return {
        **row,
        "branching_low": said.low,
        "branching_high": _finite(said.high),
        "constant": constant.branching,
        "constant_low": constant.low,
        "constant_high": _finite(constant.high),
        "varying": varying.branching,
        "varying_low": varying.low if constant.holds(varying.branching) else None,
        "varying_high": _finite(varying.high),
        "knots": len(varying.background),
        "scales": len(varying.shares),
        "half_life_s": float(np.log(2) / varying.decays.max()),
        "distance": said.distance,
        "chance": said.chance,
        "refusal": said.refusal or None,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None


def _events(
    warehouse: Warehouse, venue: str, feed: str, start: datetime, end: datetime
) -> tuple[np.ndarray, str | None]:
    rows = warehouse.query(f"SELECT ts, source_id {EVENTS} ORDER BY ts", venue=venue, feed=feed, start=start, end=end)
    seconds = (rows["ts"].dt.epoch("us").to_numpy() - round(start.timestamp() * 1e6)) / 1e6
    return seconds, ";".join(rows["source_id"].unique().sort()) or None
