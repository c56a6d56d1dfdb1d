"""Crash days laid over each other at their own T0, in percent and in units of what was usual: σ, open interest,
volume."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl

from analytics import sql
from analytics.compare import crash_days
from analytics.liquidations import regimes
from analytics.market import decimate, prices
from analytics.warehouse import Columns, Warehouse

DRAWN_BEFORE, DRAWN_AFTER = timedelta(minutes=30), timedelta(hours=2)
"""What of a day is drawn around its T0."""
USUAL = timedelta(days=1)
"""How much of the time before T0 tells what is usual."""
LEAST_RETURNS = 60
"""With fewer returns before T0 their spread is not known well enough to measure a fall by it."""
NORMAL = 1.4826
"""What makes a median absolute deviation a standard deviation where returns are normal."""
YEAR, LEAST_DAYS = timedelta(days=365), 30
"""The past that a market's daily σ is of, and the daily returns of it that must be kept."""
MOMENT = pl.Datetime("us", "UTC")
DAYS: Columns = {
    "crash_day": pl.String,
    "title": pl.String,
    "t0": MOMENT,
    "market": pl.String,
    "interval": pl.String,
    "sigma_pct": pl.Float64,
    "lowest_pct": pl.Float64,
    "sigmas_low": pl.Float64,
    "sigmas_high": pl.Float64,
    "lowest_minutes": pl.Float64,
    "refusal": pl.String,
    "source_id": pl.String,
}


def days(warehouse: Warehouse, base: str) -> pl.DataFrame:
    """Every crash day: what its curve is drawn from, or why it has none; those with a curve first.

    Columns: `crash_day title t0 market interval sigma_pct lowest_pct sigmas_low sigmas_high lowest_minutes refusal
    source_id`. `sigma_pct` is the standard deviation of an hour's return before T0, from the returns of the bars in
    the day up to it; null where there are fewer than 60. `lowest_pct` and `lowest_minutes` are the day's fall by
    `prices.fall`. `sigmas_low` to `sigmas_high` is that fall in hours' usual moves, by the day or the six hours
    before T0, and by the standard deviation or the median absolute one: none of them is the right one.
    """
    rows = [_day(warehouse, day, base) for day in crash_days.every(warehouse).iter_rows(named=True)]
    return pl.DataFrame([{column: row.get(column) for column in DAYS} for row in rows], schema=DAYS).sort(
        pl.col("refusal").is_not_null(), maintain_order=True
    )


def paths(warehouse: Warehouse, base: str) -> pl.DataFrame:
    """The curves: `crash_day title minutes change_pct sigmas low_pct source_id` by minutes since each day's own T0.

    A close stands at the minute its bar ends. `sigmas` is the change over the `sigma_pct` of `days`, null where that
    is.
    """
    frames = []
    for day in days(warehouse, base).filter(pl.col("refusal").is_null()).iter_rows(named=True):
        key = _key(warehouse, day["t0"], base)
        assert key is not None, "days without a market have a refusal"
        rows = decimate.paths(warehouse, (key,), day["t0"] - DRAWN_BEFORE, day["t0"] + DRAWN_AFTER)
        price = _price_at(rows, day["t0"])
        frames.append(
            rows.select(
                *(pl.lit(day[column]).alias(column) for column in ("crash_day", "title")),
                ((pl.col("close_at") - day["t0"]).dt.total_seconds() / 60).alias("minutes"),
                (100 * (pl.col("close") / price - 1)).alias("change_pct"),
                (100 * (pl.col("close") / price - 1) / pl.lit(day["sigma_pct"], pl.Float64)).alias("sigmas"),
                (100 * (pl.col("low") / price - 1)).alias("low_pct"),
                "source_id",
            )
        )
    return pl.concat(frames) if frames else pl.DataFrame(schema={"crash_day": pl.String, "source_id": pl.String})


USUAL_SIZE = f"""
    SELECT d.crash_day,
           (
               SELECT arg_max(open_interest_usd, ts)
               FROM open_interest o
               WHERE o.venue = 'all' AND o.symbol = 'all' AND o.ts < d.window_start
                 AND o.ts >= d.window_start - INTERVAL 1 DAY
           ) AS open_interest_usd,
           (
               SELECT {sql.total("volume_usd", 2)}
               FROM venue_volumes v
               WHERE v.venue = 'all' AND v.window_end = d.window_start
                 AND v.window_start = d.window_start - INTERVAL 30 DAY
           ) AS volume_30d_usd
    FROM crash_days d
"""


def sizes(warehouse: Warehouse) -> pl.DataFrame:
    """The reported totals of the comparable days over what the market was then, with the measurement break between
    them.

    Columns: `crash_day title window_start total_usd open_interest_usd per_open_interest_pct volume_30d_usd
    per_volume_pct measurement source_id`, newest first. Open interest is the last of all venues observed in the day
    before, volume that of all venues over 30 days up to it; null where none is kept. `measurement` counts the changes
    of feeds up to the day: totals of days with different counts were measured differently and do not compare.
    """
    totals = crash_days.totals(warehouse).filter("comparable")
    if totals.is_empty():
        return totals
    first, last = totals.select(first=pl.min("window_start"), last=pl.max("window_start")).row(0)
    changes = regimes.changes(warehouse, first, last + USUAL)
    usual = warehouse.query(USUAL_SIZE)
    return (
        crash_days.measured(totals, changes)
        .join(usual, on="crash_day", how="left", maintain_order="left")
        .with_columns(
            per_open_interest_pct=100 * pl.col("total_usd") / pl.col("open_interest_usd"),
            per_volume_pct=100 * pl.col("total_usd") / pl.col("volume_30d_usd"),
        )
        .select(
            "crash_day", "title", "window_start", "total_usd", "open_interest_usd", "per_open_interest_pct",
            "volume_30d_usd", "per_volume_pct", "measurement", "source_id",
        )
    )  # fmt: skip


def lows_in_sigmas(warehouse: Warehouse, quote: str, day: datetime) -> pl.DataFrame:
    """The low of each market's day in σ of its own daily returns over the year before, the deepest first.

    Columns: `venue name symbol low previous_close days sigma_pct fall_pct sigmas source_id`. `sigmas` is null, not
    known, where fewer than 30 daily closes of the year before are kept; those markets come last, by name.
    """
    return warehouse.query(
        f"""
        WITH daily AS (
            SELECT venue, market, symbol, ts, low, close, source_id,
                   ln(close / lag(close) OVER (PARTITION BY venue, market, symbol, source_id ORDER BY ts)) AS moved
            FROM bars
            WHERE interval = '1d' AND kind = 'trade' AND ts >= $day - $year::INTERVAL
              AND ts < $day::TIMESTAMPTZ + INTERVAL 1 DAY AND {sql.quote()} = $quote
        ), past AS (
            SELECT venue, market, symbol, source_id, count(moved) AS days, arg_max(close, ts) AS previous_close,
                   100 * stddev_samp(moved) AS sigma_pct
            FROM daily
            WHERE ts < $day
            GROUP BY ALL
            HAVING count(moved) >= $least
        )
        SELECT d.venue, {sql.venue_name("d.venue")} AS name, d.symbol, d.low, previous_close, coalesce(days, 0) AS days,
               sigma_pct, 100 * (d.low / previous_close - 1) AS fall_pct,
               100 * ln(d.low / previous_close) / nullif(sigma_pct, 0) AS sigmas, d.source_id
        FROM daily d
        LEFT JOIN past USING (venue, market, symbol, source_id)
        {sql.VENUES}
        WHERE d.ts = $day
        ORDER BY sigmas NULLS LAST, d.symbol, d.venue
        """,
        quote=quote,
        day=day,
        year=YEAR,
        least=LEAST_DAYS,
    )


def _day(warehouse: Warehouse, day: dict[str, Any], base: str) -> dict[str, Any]:
    if day["t0"] is None:
        return {**day, "refusal": "No T0 is set for this day."}
    key = _key(warehouse, day["t0"], base)
    if key is None:
        return {**day, "refusal": f"No price bars of {base} around its T0 are in the warehouse."}
    t0 = day["t0"]
    after = decimate.paths(warehouse, (key,), t0 - DRAWN_BEFORE, t0 + DRAWN_AFTER)
    price = _price_at(after, t0)
    if price is None:
        return {**day, "refusal": f"No bar of {base} closed in the half hour before its T0."}
    usual = _usual(warehouse, t0, base)
    (fallen,) = prices.fall(warehouse, base, day["focus_start"], day["focus_end"], t0).iter_rows(named=True)
    sigmas = sorted(-fallen["drop_pct"] / sigma for sigma in usual)
    return {
        **day,
        "market": f"{fallen['name']} {fallen['symbol']}",
        "interval": key[4],
        "sigma_pct": usual[0] if usual else None,
        "lowest_pct": fallen["drop_pct"],
        "sigmas_low": sigmas[0] if sigmas else None,
        "sigmas_high": sigmas[-1] if sigmas else None,
        "lowest_minutes": fallen["minutes"],
        "refusal": None,
        "source_id": ";".join(sorted({key[5], fallen["source_id"]})),
    }


def _usual(warehouse: Warehouse, t0: datetime, base: str) -> list[float]:
    """Percent an hour's return usually spreads before T0, the standard deviation of the day first; none where too few
    bars tell."""
    key = _key(warehouse, t0, base, t0 - USUAL, t0)
    if key is None:
        return []
    bars = decimate.paths(warehouse, (key,), t0 - USUAL, t0).filter(pl.col("close_at") <= t0)
    length = (bars["close_at"][0] - bars["ts"][0]).total_seconds()
    following = bars["close_at"].diff().dt.total_seconds() == length
    moved = bars.with_columns(moved=pl.col("close").log().diff()).filter(following)
    late = moved.filter(pl.col("close_at") > t0 - USUAL / 4)
    of_median = NORMAL * (pl.col("moved") - pl.col("moved").median()).abs().median()
    spreads = [
        spread
        for part in (moved, late)
        if part.height >= LEAST_RETURNS
        for spread in part.select(usual=pl.col("moved").std(), of_median=of_median).row(0)
    ]
    return [100 * spread * (3600 / length) ** 0.5 for spread in spreads if spread]


def _key(
    warehouse: Warehouse, t0: datetime, base: str, start: datetime | None = None, end: datetime | None = None
) -> decimate.Key | None:
    """The best covered market of an asset around T0 (or in a range), the most traded where several are."""
    start, end = start or t0 - DRAWN_BEFORE, end or t0 + DRAWN_AFTER
    known = prices.series(warehouse, start, end).filter(
        (pl.col("base") == base)
        & (pl.col("kind") == "trade")
        & pl.col("quote").is_in(prices.DOLLARS)
        & (pl.col("interval") != "1d")
    )
    wide = prices.finest(known, None).filter(pl.col("coverage") >= prices.LEAST_COVERAGE)
    best = wide.sort("volume_base", *prices.LINE, descending=[True, *[False] * len(prices.LINE)], nulls_last=True)
    return decimate.keys(best)[0] if best.height else None


def _price_at(rows: pl.DataFrame, t0: datetime) -> float | None:
    closed = rows.filter((pl.col("close_at") <= t0) & pl.col("close").is_not_null())
    return closed["close"][-1] if closed.height else None
