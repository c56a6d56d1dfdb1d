"""Prices by venue. One series is venue, market, symbol, kind and interval; where several sources carry it, one of
them is drawn."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from analytics import sql, venues
from analytics.warehouse import Warehouse

DRAWN = """
    QUALIFY row_number() OVER (
        PARTITION BY venue, market, symbol, kind, interval
        ORDER BY s.loader = 'reference_pack', bars DESC, source_id
    ) = 1
"""
"""Of the sources that carry a series, the drawn one: bytes fetched from the venue itself before embedded copies,
then the fuller one."""

SERIES = f"""
    WITH carried AS (
        SELECT venue, market, symbol, kind, interval, source_id, any_value(snapshot_id) AS snapshot_id,
               count(*) AS bars, sum(volume_base) AS volume_base, count(taker_buy_base) AS taker_bars,
               min(ts) AS first_ts, max(ts) AS last_ts
        FROM bars
        WHERE ts >= $start AND ts < $end
        GROUP BY ALL
    ), series AS (
        SELECT carried.*, s.loader
        FROM carried
        JOIN snapshots s USING (snapshot_id)
        {DRAWN}
    )
"""
"""The drawn source of each series in a range.

A bar without volume repeats a price that nobody traded, so it counts as missing.
"""

SECONDS = {"1s": 1, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400}
MOST_BARS = 2000
"""Bars of one line beyond which it is no sharper on a screen, only slower."""
LEAST_COVERAGE = 0.7
"""The part of a range that the bars of an interval must cover before it is chosen for its fineness."""
DOLLARS = ("USD", "USDT", "USDC")
REFERENCE_AGE = timedelta(hours=1)
"""A market that closed no bar within this time before the reference has no reference price."""
LINE = ["venue", "market", "symbol", "kind", "interval"]
LEAST_LINE = 20
"""Bars a line has at least, unless they are of a minute or less: between a few closes a line would hide the fall."""
SILENT = timedelta(minutes=5)
"""A market that printed nothing for so long while the asset was lowest has no low: what it would have printed is not
known."""


def series(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """What prices there are in a range: `venue market symbol base quote kind interval source_id bars volume_base
    taker_bars first_ts last_ts coverage seconds`."""
    found = warehouse.query(
        f"""
        {SERIES}
        SELECT venue, market, symbol, {sql.base()} AS base,
               {sql.quote()} AS quote, kind, interval, source_id, bars, volume_base,
               taker_bars, first_ts, last_ts
        FROM series
        ORDER BY base, venue, market, symbol, kind, interval
        """,
        start=start,
        end=end,
    )
    seconds = pl.col("interval").replace_strict(SECONDS, return_dtype=pl.Int64)
    return found.with_columns(coverage=pl.col("bars") * seconds / (end - start).total_seconds(), seconds=seconds)


def finest(candidates: pl.DataFrame, most_bars: int | None = MOST_BARS) -> pl.DataFrame:
    """Of each venue, market, symbol and kind, the finest interval that covers most of the range in at most so many bars
    (None: any number, for bars that are merged before they are drawn), else the one that covers most of it."""
    fits = pl.col("coverage") >= LEAST_COVERAGE
    if most_bars is not None:
        fits &= pl.col("bars") <= most_bars
    return (
        candidates.sort(fits, pl.when(fits).then(-pl.col("seconds")).otherwise(pl.col("coverage")), descending=True)
        .unique(subset=["venue", "market", "symbol", "kind"], keep="first", maintain_order=True)
        .sort("base", "venue", "market", "symbol", "kind")
    )


def bars(
    warehouse: Warehouse, chosen: tuple[tuple[str, str, str, str, str], ...], start: datetime, end: datetime
) -> pl.DataFrame:
    """The bars of chosen series `(venue, market, symbol, kind, interval)` in a range, in time order per series.

    Columns: `venue market symbol kind interval ts open high low close volume_base volume_quote taker_buy_base trades
    source_id`. A bar nobody traded in is absent.
    """
    keys = ["|".join(key) for key in chosen]
    return warehouse.query(
        f"""
        {SERIES}
        SELECT b.* EXCLUDE (snapshot_id)
        FROM bars b
        JOIN series USING (venue, market, symbol, kind, interval, source_id)
        WHERE b.ts >= $start AND b.ts < $end
          AND concat_ws('|', venue, market, symbol, kind, interval) IN (SELECT unnest($keys))
        ORDER BY venue, market, symbol, kind, interval, ts
        """,
        keys=keys,
        start=start,
        end=end,
    )


def assets(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """The base assets with prices within the day, the best documented first: `base hours` (of known prices, markets
    together)."""
    return (
        _intraday(series(warehouse, start, end))
        .group_by("base")
        .agg(hours=(pl.col("bars") * pl.col("seconds")).sum() / 3600)
        .sort("hours", "base", descending=[True, False])
    )


def paths(
    warehouse: Warehouse, base: str, start: datetime, end: datetime, reference: datetime | None = None
) -> pl.DataFrame:
    """One asset's prices on every market that is comparable with its best documented one, each at its finest interval.

    The columns of `bars`, and `name` (of the venue), `quote`, `unit` (dollars and dollar tokens are one unit),
    `close_at` (end of the bar, when `close` was the price), `reference_price`, `reference_at` (the last close in the
    hour up to `reference`), and `open_pct`, `low_pct`, `close_pct`: percent of that price. Those are null where no
    reference is known. `silent` marks a market without a print in the `SILENT` minutes up to the asset's low,
    `coarse` one whose bars are too long for a line over the range.
    """
    chosen = finest(_intraday(series(warehouse, start, end)).filter(pl.col("base") == base))
    rows = _worded(warehouse, bars(warehouse, _keys(chosen), start, end))
    rows = rows.filter(pl.col("unit") == pl.col("unit").mode().sort().first()).join(
        _references(warehouse, chosen, reference), on=LINE, how="left", maintain_order="left"
    )
    hushed = silent(warehouse, start, end).select("venue", "market", "symbol", silent=True)
    rows = rows.join(hushed, on=["venue", "market", "symbol"], how="left", maintain_order="left").with_columns(
        silent=pl.col("silent").fill_null(value=False) & (pl.col("kind") == "trade"),
        coarse=(pl.col("close_at") - pl.col("ts")).dt.total_seconds() > longest_line(start, end),
    )
    return rows.with_columns(
        (100 * pl.col(price) / pl.col("reference_price")).alias(f"{price}_pct") for price in ("open", "low", "close")
    )


def longest_line(start: datetime, end: datetime) -> float:
    """The longest bars, in seconds, of which a line over a range may be drawn."""
    return max(SECONDS["1m"], (end - start).total_seconds() / LEAST_LINE)


def lowest(
    warehouse: Warehouse, base: str, start: datetime, end: datetime, reference: datetime | None = None
) -> pl.DataFrame:
    """The lowest price of each series of `paths`, the lowest trade first; marks, indices and pools behind all trades.

    Columns: `name venue market symbol kind interval quote bars low low_from low_until low_pct reference_price
    reference_at first_ts last_ts source_id`. The low lies somewhere between `low_from` and `low_until`: a bar does
    not say when within it. It is null, last, where the market was silent at the asset's low.
    """
    at_low, silent = pl.col("low").arg_min(), pl.col("silent").first()
    known = (
        paths(warehouse, base, start, end, reference)
        .group_by(["name", *LINE, "quote"], maintain_order=True)
        .agg(
            bars=pl.len(),
            low=pl.col("low").min(),
            low_from=pl.col("ts").get(at_low),
            low_until=pl.col("close_at").get(at_low),
            low_pct=pl.col("low_pct").min(),
            reference_price=pl.col("reference_price").first(),
            reference_at=pl.col("reference_at").first(),
            first_ts=pl.col("ts").first(),
            last_ts=pl.col("close_at").last(),
            silent=silent,
            source_id=pl.col("source_id").unique().sort().str.join(";"),
        )
    )
    lows = ("low", "low_from", "low_until", "low_pct")
    return (
        known.with_columns(pl.when(~pl.col("silent")).then(pl.col(name)).alias(name) for name in lows)
        .drop("silent")
        .sort(pl.col("kind") != "trade", "low", *LINE, nulls_last=True)
    )


def silent(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """The markets without a print in the `SILENT` minutes up to their asset's low of a range, by minute bars: `base
    venue market symbol`."""
    return warehouse.query(
        f"""
        WITH minute AS (
            SELECT {sql.base()} AS base, venue, market, symbol, ts, low,
                   lag(ts) OVER (PARTITION BY venue, market, symbol, source_id ORDER BY ts)
                       + INTERVAL 1 MINUTE AS over_at
            FROM bars
            WHERE interval = '1m' AND kind = 'trade' AND ts >= $start AND ts < $end AND volume_base IS DISTINCT FROM 0
        ), deepest AS (
            SELECT base, arg_min(ts, row(low, ts)) AS low_ts
            FROM minute
            GROUP BY base
        )
        SELECT DISTINCT base, venue, market, symbol
        FROM minute
        JOIN deepest USING (base)
        WHERE over_at <= low_ts AND ts >= low_ts AND ts - over_at >= $silent::INTERVAL
        ORDER BY ALL
        """,
        start=start,
        end=end,
        silent=SILENT,
    )


def bitcoin(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """`best_covered` of Bitcoin."""
    return best_covered(warehouse, "BTC", start, end)


def best_covered(warehouse: Warehouse, base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """An asset through a range on its best covered market (minute bars where there are any, then the most traded), in
    the columns of `bars`. Empty where none is known."""
    known = series(warehouse, start, end).filter(
        (pl.col("base") == base) & (pl.col("kind") == "trade") & pl.col("quote").is_in(DOLLARS)
    )
    best = (
        finest(known)
        .filter(pl.col("coverage") >= LEAST_COVERAGE)
        .sort(pl.col("seconds") <= 60, "volume_base", descending=True, nulls_last=True)
        .head(1)
    )
    if best.is_empty():
        return bars(warehouse, (), start, end)
    return bars(warehouse, _keys(best), start, end)


def fall(warehouse: Warehouse, base: str, start: datetime, end: datetime, since: datetime | None) -> pl.DataFrame:
    """How far an asset fell in a range on one market, that of `best_covered`: the one definition of a fall on every
    page.

    Columns: `venue name market symbol interval before_at before low_ts low drop_pct minutes source_id`. `before` is
    the last close by `since`, or the first open where no bar was over by then; `low` the lowest since, in the bar
    that began at `low_ts`, `minutes` later. One row, or none where no bars with a price are known.
    """
    known = _worded(warehouse, best_covered(warehouse, base, start, end)).filter(pl.col("close").is_not_null())
    over_at = pl.col("ts") + pl.duration(seconds=pl.col("interval").replace_strict(SECONDS, return_dtype=pl.Int64))
    over = over_at <= since if since else pl.lit(value=False)
    earlier = known.filter(over).tail(1).select(before_at=over_at, before="close")
    later = known if earlier.is_empty() else known.filter(~over)
    first = later.head(1).select(before_at="ts", before=pl.coalesce("open", "close"))
    lowest = later.sort("low", "ts").head(1).rename({"ts": "low_ts"})
    before = first if earlier.is_empty() else earlier.head(lowest.height)
    return pl.concat([lowest, before], how="horizontal").select(
        *("venue", "name", "market", "symbol", "interval", "before_at", "before", "low_ts", "low"),
        drop_pct=100 * (pl.col("low") / pl.col("before") - 1),
        minutes=(pl.col("low_ts") - pl.col("before_at")).dt.total_seconds() / 60,
        source_id="source_id",
    )


def _intraday(known: pl.DataFrame) -> pl.DataFrame:
    return known.filter((pl.col("kind") != "premium") & (pl.col("seconds") < SECONDS["1d"]))


def _keys(chosen: pl.DataFrame) -> tuple[tuple[str, str, str, str, str], ...]:
    return tuple(chosen.select(LINE).rows())


def _worded(warehouse: Warehouse, rows: pl.DataFrame) -> pl.DataFrame:
    quote = pl.col("symbol").str.split("/").list.get(1).str.split(":").list.get(0)
    seconds = pl.col("interval").replace_strict(SECONDS, return_dtype=pl.Int64)
    return venues.named(warehouse, rows).with_columns(
        quote=quote,
        unit=pl.when(quote.is_in(DOLLARS)).then(pl.lit("USD")).otherwise(quote),
        close_at=pl.col("ts") + pl.duration(seconds=seconds),
    )


def _references(warehouse: Warehouse, chosen: pl.DataFrame, reference: datetime | None) -> pl.DataFrame:
    """The last close of each series in the hour up to `reference`: `venue market symbol kind interval
    reference_price reference_at`."""
    if reference is None:
        empty = chosen.select(LINE).clear()
        return empty.with_columns(
            reference_price=pl.lit(None, pl.Float64), reference_at=pl.lit(None, pl.Datetime("us", "UTC"))
        )
    longest = timedelta(seconds=chosen.select(pl.max("seconds")).item() or 0)
    before = _worded(warehouse, bars(warehouse, _keys(chosen), reference - REFERENCE_AGE - longest, reference))
    return (
        before.filter(
            pl.col("close_at").is_between(reference - REFERENCE_AGE, reference) & pl.col("close").is_not_null()
        )
        .group_by(LINE, maintain_order=True)
        .agg(reference_price=pl.col("close").last(), reference_at=pl.col("close_at").last())
    )
