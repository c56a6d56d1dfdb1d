"""One exchange: how it ranks, what it traded, what it said, and what was said of it."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.liquidations.boards import TRACKED, WINDOW_KIND
from analytics.market import prices
from analytics.warehouse import Warehouse

MENTIONED = (
    r"regexp_matches(e.venue, "
    r"'\b(' || replace(regexp_escape(concat_ws(';', v.name, v.venue, v.formerly)), '\;', '|') || ')\b', 'i')"
)
"""Who an event is about is free text: a venue `v` is meant where one of its names is a word of it."""

MOST_READINGS = 1000
"""Readings of one market and origin beyond which a day's last one stands for the day."""


def every(warehouse: Warehouse) -> pl.DataFrame:
    """The exchanges there is a page of, by name: `venue name kind status closed_by formerly note documented source_id`.

    `documented` counts what is published of the venue here: reports, volumes, ranks.
    """
    return warehouse.query(
        """
        SELECT v.venue, v.name, v.kind, v.status, v.closed_by, v.formerly, v.note,
               (SELECT count(*) FROM venue_reports r WHERE r.venue = v.venue)
                   + (SELECT count(*) FROM liquidation_reports r WHERE r.venue = v.venue AND r.asset = 'all')
                   + (SELECT count(*) FROM exchange_ranks r WHERE r.venue = v.venue) AS documented, v.source_id
        FROM venues v
        WHERE v.kind <> 'pool'
        ORDER BY lower(v.name)
        """
    )


def ranks(warehouse: Warehouse, venue: str) -> pl.DataFrame:
    """All readings of the venue in rankings that go on, by market, origin and time; lists of single moments are
    `analytics.exchange.shares.lists`.

    Columns: `market origin as_of as_of_precision rank trust_score volume_24h_btc volume_24h_usd open_interest_btc
    source_id`. Volumes are trailing 24 hours, so readings less than a day apart overlap; USD at the price of that
    instant. Where a market has more than MOST_READINGS of one origin, only the last of each UTC day stands for it.
    """
    return warehouse.query(
        """
        SELECT market, origin, as_of, as_of_precision, rank, trust_score, volume_24h_btc, volume_24h_usd,
               open_interest_btc, source_id
        FROM exchange_ranks
        WHERE venue = $venue AND ranked_by IS NULL
        QUALIFY count(*) OVER (PARTITION BY market, origin) <= $most
          OR row_number() OVER (PARTITION BY market, origin, as_of::DATE ORDER BY as_of DESC) = 1
        ORDER BY market = 'spot' DESC, market, origin, as_of
        """,
        venue=venue,
        most=MOST_READINGS,
    )


def latest_ranks(warehouse: Warehouse, venue: str) -> pl.DataFrame:
    """The last reading of each market and origin, in the columns of `ranks`, with `readings first_as_of list_read_at
    listed`.

    `list_read_at` is when that origin's list of exchanges was last read (null where it never was as a list), `listed`
    whether the venue stood in that reading: an exchange that disappears or is renamed stops being listed.
    """
    return warehouse.query(
        """
        WITH lists AS (
            SELECT market, origin, max(as_of) AS list_read_at
            FROM (
                SELECT market, origin, as_of
                FROM exchange_ranks
                WHERE ranked_by IS NULL
                GROUP BY ALL
                HAVING count(DISTINCT venue) > 1
            )
            GROUP BY ALL
        ), own AS (
            SELECT *, count(*) OVER (PARTITION BY market, origin) AS readings,
                   min(as_of) OVER (PARTITION BY market, origin) AS first_as_of
            FROM exchange_ranks
            WHERE venue = $venue AND ranked_by IS NULL
            QUALIFY row_number() OVER (PARTITION BY market, origin ORDER BY as_of DESC) = 1
        )
        SELECT market, origin, as_of, as_of_precision, rank, trust_score, volume_24h_btc, volume_24h_usd,
               open_interest_btc,
               readings, first_as_of, list_read_at, as_of >= list_read_at AS listed, source_id
        FROM own
        LEFT JOIN lists USING (market, origin)
        ORDER BY market = 'spot' DESC, market, rank IS NULL, as_of DESC, origin
        """,
        venue=venue,
    )


def traded_markets(warehouse: Warehouse, venue: str, start: datetime, end: datetime) -> pl.DataFrame:
    """The markets of a venue whose traded volume is known bar by bar in a range, those with most bars and trade first.

    Columns: `market symbol kind interval bars volume_base label source_id`; `label` names the market in links.
    """
    known = prices.series(warehouse, start, end).filter(
        (pl.col("venue") == venue)
        & (pl.col("kind") == "trade")
        & (pl.col("volume_base") > 0)
        & (pl.col("seconds") <= 3600)
    )
    return (
        prices.finest(known.filter(pl.col("seconds") >= 60))
        .select(
            "market",
            "symbol",
            "kind",
            "interval",
            "bars",
            "volume_base",
            pl.format("{} {}", "symbol", "market").alias("label"),
            "source_id",
        )
        .sort(pl.col("symbol").str.starts_with("BTC/"), "bars", "symbol", descending=[True, True, False])
    )


def volume_by_bar(
    warehouse: Warehouse, venue: str, market: str, symbol: str, interval: str, start: datetime, end: datetime
) -> pl.DataFrame:
    """One market's traded volume in the base asset, bar by bar: `ts symbol market interval base volume_base source_id`.

    A bar that is absent was not traded in or is not known: never zero.
    """
    rows = prices.bars(warehouse, ((venue, market, symbol, "trade", interval),), start, end)
    return rows.filter(pl.col("volume_base").is_not_null()).select(
        "ts",
        "symbol",
        "market",
        "interval",
        pl.col("symbol").str.split("/").list.get(0).alias("base"),
        "volume_base",
        "source_id",
    )


def window_volume(warehouse: Warehouse, venue: str, start: datetime, end: datetime) -> pl.DataFrame:
    """What the venue traded in published windows of a range: `market window_start window_end assets volume_usd
    source_id`.

    Spot and futures are different markets: never added.
    """
    return warehouse.query(
        f"""
        SELECT market, window_start, window_end, count(*) FILTER (base_asset <> 'other') AS assets,
               {sql.total("volume_usd", 2)} AS volume_usd,
               {sql.sources()} AS source_id
        FROM venue_volumes
        WHERE venue = $venue AND window_start >= $start AND window_start < $end
        GROUP BY market, window_start, window_end
        ORDER BY window_start, market
        """,
        venue=venue,
        start=start,
        end=end,
    )


def liquidations(warehouse: Warehouse, venue: str) -> pl.DataFrame:
    """Every published liquidation figure of the venue on every crash day, the newest day first, all assets before
    single ones.

    Columns: `crash_day title window_start asset phase window_label board long_usd short_usd total_usd counting
    universe origin as_of as_of_precision confidence second_hand note kind source_id`. One row is one board: rows are
    never added, and only those of one `universe` and `kind` of window stand in one range. A tracker's figures of a
    UTC day or a step of hours are those of the crash day in it.
    """
    return warehouse.query(
        f"""
        SELECT d.crash_day, any_value(d.title) AS title, any_value(d.window_start) AS window_start, asset, phase,
               window_label, board,
               {sql.SIDES},
               counting, universe, origin, r.as_of, as_of_precision, r.confidence, bool_or(second_hand) AS second_hand,
               {sql.listed("r.note", " ")} AS note, {WINDOW_KIND} AS kind,
               {sql.sources("r.source_id")} AS source_id
        FROM liquidation_reports r
        JOIN crash_days d ON r.crash_day = d.crash_day OR {TRACKED}
        WHERE venue = $venue AND metric = 'liquidations'
        GROUP BY d.crash_day, asset, phase, window_label, board, counting, universe, origin, r.as_of, as_of_precision,
                 r.confidence
        ORDER BY any_value(d.window_start) DESC, asset = 'all' DESC,
                 list_position(['crash', 'cascade', 'before', 'aftermath'], phase) NULLS LAST,
                 r.confidence = 'low', counting = 'two_sided', max(value) DESC, board
        """,
        venue=venue,
    )


def moments(warehouse: Warehouse, venue: str, crash_day: str) -> pl.DataFrame:
    """What is reported of the venue on a crash day and in the story of its own, in order of time.

    Columns: `ts precision category venue title confidence second_hand note timeline source_id`. What both timelines
    tell of one moment from the same page or publisher is listed once, as the venue's own story has it. Disputed moments
    are left out.
    """
    return warehouse.query(
        f"""
        WITH told AS (
            SELECT e.*, s.publisher, s.url
            FROM events e
            JOIN sources s USING (source_id)
            JOIN venues v ON v.venue = $venue AND {MENTIONED}
            WHERE e.timeline IN ($crash_day, $venue) AND e.standing = 'reported'
        )
        SELECT ts, precision, category, t.venue, title, confidence, second_hand, note, timeline, source_id
        FROM told t
        WHERE t.timeline = $venue
          OR NOT EXISTS (
              SELECT 1
              FROM told o
              WHERE o.timeline = $venue AND o.ts = t.ts AND (o.url = t.url OR o.publisher = t.publisher)
          )
        ORDER BY ts, event_id
        """,
        venue=venue,
        crash_day=crash_day,
    )


def reports(warehouse: Warehouse, venue: str) -> pl.DataFrame:
    """What is published of the venue beside liquidations, on all days, newest day first and what belongs to no day
    last.

    Columns: `crash_day title topic metric asset value unit value_text window_text as_of as_of_precision origin
    confidence second_hand note source_id`.
    """
    return warehouse.query(
        """
        SELECT r.crash_day, d.title, topic, replace(metric, '_', ' ') AS metric, asset, value, unit, value_text,
               coalesce(window_label, strftime(r.window_start, '%Y-%m-%d'), 'not stated') AS window_text, as_of,
               as_of_precision, origin,
               confidence, second_hand, r.note, r.source_id
        FROM venue_reports r
        LEFT JOIN crash_days d USING (crash_day)
        WHERE venue = $venue
        ORDER BY d.window_start DESC NULLS LAST, confidence = 'low', topic, metric, as_of, r.source_id
        """,
        venue=venue,
    )


def settlement_rules(warehouse: Warehouse, venue: str | None = None) -> pl.DataFrame:
    """What venues are reported to do with a negative balance: `venue name rule statement as_of as_of_precision
    confidence source_id`.

    One row per statement, those of `venue` where it is given; venues of which nothing was found last.
    """
    return warehouse.query(
        """
        SELECT r.venue, v.name, rule, statement, as_of, as_of_precision, confidence, r.source_id
        FROM settlement_rules r
        JOIN venues v USING (venue)
        WHERE r.venue = coalesce($venue, r.venue)
        ORDER BY rule = 'unknown', lower(v.name), confidence = 'low', as_of, rule
        """,
        venue=venue,
    )
