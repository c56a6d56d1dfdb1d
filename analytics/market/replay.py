"""The state of a crash as of one second: what every market had printed by then, and nothing of what came after.

A bar counts once it has closed. What was not yet known, or is not known at all, is absent or null, never zero.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from analytics import sql
from analytics.market import decimate, prices
from analytics.warehouse import Columns, Warehouse

INTRADAY = {interval: seconds for interval, seconds in prices.SECONDS.items() if seconds < prices.SECONDS["1d"]}
MOMENT = pl.Datetime("us", "UTC")
MARKETS: Columns = {
    "name": pl.String,
    "venue": pl.String,
    "market": pl.String,
    "symbol": pl.String,
    "kind": pl.String,
    "quote": pl.String,
    "price": pl.Float64,
    "price_at": MOMENT,
    "age_seconds": pl.Int64,
    "interval": pl.String,
    "reference_price": pl.Float64,
    "drawdown_pct": pl.Float64,
    "lowest": pl.Float64,
    "lowest_from": MOMENT,
    "lowest_until": MOMENT,
    "lowest_pct": pl.Float64,
    "source_id": pl.String,
}
LAST = "arg_max(close, ts) AS price, max(ts) FILTER (WHERE close IS NOT NULL) AS price_from"
LOWEST = "min(low) AS lowest, arg_min(ts, row(low, ts)) AS lowest_from"
MARKET = ["venue", "market", "symbol", "kind"]


def markets(warehouse: Warehouse, base: str, start: datetime, at: datetime, reference: datetime) -> pl.DataFrame:
    """Each market's last price by `at` and how far it had fallen, the deepest first.

    Columns: `name venue market symbol kind quote price price_at age_seconds interval reference_price drawdown_pct
    lowest lowest_from lowest_until lowest_pct source_id`. Prices are of bars closed since `start`, of whatever length
    closed last; `reference_price` is the last one closed by `reference`, null where none was in the hour before it.
    `lowest` is the lowest since `start`; it lies somewhere between `lowest_from` and `lowest_until`, and is null for a
    market that was silent (`prices.silent`) while the asset was lowest.
    """
    states = _states(warehouse, base, start, at, f"{LAST}, {LOWEST}")
    references = reference_prices(warehouse, base, min(reference, at))
    if states.is_empty():
        return pl.DataFrame(schema=MARKETS)
    states = states.with_columns(lowest_until=pl.col("lowest_from") + pl.duration(seconds="seconds"))
    last, lowest = pl.col("price_at").arg_max(), pl.col("lowest").arg_min()
    merged = states.group_by(*MARKET, "quote", maintain_order=True).agg(
        *(pl.col(column).get(last) for column in ("name", "price", "price_at", "interval")),
        *(pl.col(column).get(lowest) for column in ("lowest", "lowest_from", "lowest_until")),
        pl.col("source_id").unique().sort().str.join(";"),
    )
    hushed = prices.silent(warehouse, start, at).select("venue", "market", "symbol", kind=pl.lit("trade"), silent=True)
    merged = merged.join(hushed, on=MARKET, how="left", maintain_order="left").with_columns(
        pl.when(pl.col("silent").is_null()).then(name).alias(name) for name in ("lowest", "lowest_from", "lowest_until")
    )
    return (
        merged.join(references, on=MARKET, how="left", maintain_order="left")
        .with_columns(
            age_seconds=(at - pl.col("price_at")).dt.total_seconds(),
            drawdown_pct=100 * (pl.col("price") / pl.col("reference_price") - 1),
            lowest_pct=100 * (pl.col("lowest") / pl.col("reference_price") - 1),
        )
        .select(*MARKETS)
        .sort(pl.col("kind") != "trade", "lowest_pct", *MARKET, nulls_last=True)
    )


def reference_prices(warehouse: Warehouse, base: str, reference: datetime) -> pl.DataFrame:
    """Each market's last price in the hour up to a moment: `venue market symbol kind reference_price`."""
    longest = timedelta(seconds=prices.SECONDS["1h"])
    states = _states(warehouse, base, reference - prices.REFERENCE_AGE - longest, reference, LAST)
    recent = states.filter(pl.col("price_at") >= reference - prices.REFERENCE_AGE)
    price = pl.col("price").get(pl.col("price_at").arg_max())
    return recent.group_by(MARKET, maintain_order=True).agg(price.alias("reference_price"))


def _states(warehouse: Warehouse, base: str, start: datetime, at: datetime, columns: str) -> pl.DataFrame:
    """What (`LAST`, `LOWEST`) the closed bars of each series of an asset say, before the bar lengths of a market are
    put together; the finest first."""
    return warehouse.query(
        f"""
        WITH lengths AS (
            SELECT unnest($intervals) AS interval, unnest($seconds::BIGINT[]) AS seconds
        ), carried AS (
            SELECT venue, market, symbol, kind, interval, source_id, seconds, any_value(snapshot_id) AS snapshot_id,
                   count(*) AS bars, {columns}
            FROM bars
            JOIN lengths USING (interval)
            WHERE {sql.base()} = $base AND kind <> 'premium' AND ts >= $start AND ts < $at
              AND epoch_us(ts) + {decimate.SECOND_US} * seconds <= epoch_us($at::TIMESTAMPTZ)
            GROUP BY ALL
        ), drawn AS (
            SELECT carried.*
            FROM carried
            JOIN snapshots s USING (snapshot_id)
            {prices.DRAWN}
        )
        SELECT drawn.*, {sql.quote()} AS quote, {sql.venue_name()} AS name,
               price_from + to_seconds(seconds) AS price_at
        FROM drawn
        {sql.VENUES}
        WHERE price IS NOT NULL
        ORDER BY seconds, venue, market, symbol, kind
        """,
        intervals=list(INTRADAY),
        seconds=list(INTRADAY.values()),
        base=base,
        start=start,
        at=at,
    )


def deleveraging(warehouse: Warehouse, start: datetime, end: datetime, at: datetime) -> pl.DataFrame:
    """Auto-deleveraging so far, one side of each fill: `venue name adl_fills of_study_pct study_start study_end
    first_ts last_ts source_id`.

    A second counts once it is over. `of_study_pct` is the part of all fills counted from `start` to `end`; the counts
    reach from `study_start` to `study_end`, and what happened outside them is not known.
    """
    return warehouse.query(
        f"""
        SELECT c.venue, any_value({sql.venue_name("c.venue")}) AS name,
               sum(adl_fills) FILTER (over_by)::BIGINT AS adl_fills,
               100 * sum(adl_fills) FILTER (over_by)::DOUBLE / sum(adl_fills)::DOUBLE AS of_study_pct,
               min(c.ts) AS study_start, max(c.ts) AS study_end,
               min(c.ts) FILTER (over_by AND adl_fills > 0) AS first_ts,
               max(c.ts) FILTER (over_by AND adl_fills > 0) AS last_ts,
               {sql.sources("c.source_id")} AS source_id
        FROM (
            SELECT *, ts + INTERVAL 1 SECOND <= $at AS over_by
            FROM liquidation_counts
            WHERE ts >= $start AND ts < $end
        ) c
        {sql.VENUES}
        GROUP BY c.venue
        HAVING adl_fills IS NOT NULL
        ORDER BY adl_fills DESC, c.venue
        """,
        start=start,
        end=end,
        at=at,
    )


def liquidations(warehouse: Warehouse, start: datetime, at: datetime) -> pl.DataFrame:
    """Liquidations so far of feeds that state single ones, by venue, mechanism and side; the feeds differ in what they
    let through.

    Columns: `venue name feed completeness mechanism liquidated_side events notional_usd source_id`.
    """
    return warehouse.query(
        f"""
        SELECT l.venue, any_value({sql.venue_name("l.venue")}) AS name, l.feed,
               coalesce((
                   SELECT min(completeness)
                   FROM feed_regimes r
                   WHERE r.venue = l.venue AND r.feed = l.feed AND valid_from <= $at
                     AND $at < coalesce(valid_to, 'infinity'::TIMESTAMPTZ)
               ), 'unknown') AS completeness,
               l.mechanism, l.liquidated_side, count(*) AS events,
               {sql.total("l.notional_usd", 2)} AS notional_usd,
               {sql.sources("l.source_id")} AS source_id
        FROM liquidations l
        {sql.VENUES}
        WHERE l.ts >= $start AND l.ts <= $at
        GROUP BY l.venue, l.feed, l.mechanism, l.liquidated_side
        ORDER BY notional_usd DESC, l.venue, l.feed, l.mechanism, l.liquidated_side
        """,
        start=start,
        at=at,
    )


def funding(warehouse: Warehouse, base: str, start: datetime, at: datetime) -> pl.DataFrame:
    """Funding paid so far on an asset's perpetuals: `venue name symbol interval_hours payments paid_pct last_pct
    last_ts source_id`.

    `paid_pct` adds up the rates from `start` to `at`, in percent of the position: above zero a long has paid. A market
    no payment of which is known is absent.
    """
    return warehouse.query(
        f"""
        SELECT f.venue, any_value({sql.venue_name("f.venue")}) AS name, f.symbol, f.interval_hours,
               count(*) AS payments,
               100 * {sql.total("f.funding_rate", 12)} AS paid_pct,
               100 * arg_max(f.funding_rate, f.ts) AS last_pct, max(f.ts) AS last_ts,
               {sql.sources("f.source_id")} AS source_id
        FROM (
            SELECT *
            FROM funding_rates
            WHERE doubt IS NULL
            QUALIFY row_number() OVER (PARTITION BY venue, symbol, ts ORDER BY source_id) = 1
        ) f
        {sql.VENUES}
        WHERE {sql.base("f.symbol")} = $base AND f.ts >= $start AND f.ts <= $at
        GROUP BY f.venue, f.symbol, f.interval_hours
        ORDER BY paid_pct, f.venue, f.symbol
        """,
        base=base,
        start=start,
        at=at,
    )


def open_interest(warehouse: Warehouse, base: str, start: datetime, at: datetime) -> pl.DataFrame:
    """The last open interest observed by `at`: `venue name symbol sides ts precision open_interest_base
    open_interest_usd source_id`."""
    return warehouse.query(
        f"""
        SELECT o.venue, {sql.venue_name("o.venue")} AS name, o.symbol, o.sides, o.ts, o.precision, o.open_interest_base,
               o.open_interest_usd, o.source_id
        FROM open_interest o
        {sql.VENUES}
        WHERE {sql.base("o.symbol")} IN ($base, 'all') AND o.ts >= $start AND o.ts <= $at
          AND o.precision IN ('second', 'minute', 'microsecond')
        QUALIFY row_number() OVER (PARTITION BY o.venue, o.symbol, o.source_id ORDER BY o.ts DESC) = 1
        ORDER BY o.open_interest_usd DESC NULLS LAST, o.venue, o.symbol, o.source_id
        """,
        base=base,
        start=start,
        at=at,
    )


def pegs(
    warehouse: Warehouse, assets: tuple[tuple[str, str, float], ...], start: datetime, at: datetime
) -> pl.DataFrame:
    """How far each pegged asset, `(asset, base, reference value)`, stood from its reference by `at`, market by market.

    Columns: `asset name symbol kind price price_at off_pct lowest lowest_until lowest_off_pct source_id`.
    """
    frames = [
        markets(warehouse, base, start, at, at).select(
            pl.lit(asset).alias("asset"),
            *("name", "symbol", "kind", "price", "price_at"),
            (100 * (pl.col("price") / value - 1)).alias("off_pct"),
            *("lowest", "lowest_until"),
            (100 * (pl.col("lowest") / value - 1)).alias("lowest_off_pct"),
            "source_id",
        )
        for asset, base, value in assets
    ]
    return (
        pl.concat(frames).sort("lowest_off_pct", "asset", "name")
        if frames
        else pl.DataFrame(schema={"source_id": pl.String})
    )
