"""What became of the positions that were liquidated, exchange by exchange: how far each step is known, and what is not.

A liquidated position is filled on the book, or taken over by an insurance fund or backstop vault, or closed against
winners by auto-deleveraging; what is still missing is borne by all. Hardly any exchange publishes these parts. An
unknown part stays unknown: it is never worked out as what the others leave, for windows differ and a position that a
vault takes over and then passes on by auto-deleveraging is in both.
"""

from __future__ import annotations

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse

STAGES = ("liquidated", "book", "backstop", "adl", "socialised")
AMOUNTS = f"""
    WITH day AS (
        SELECT *
        FROM crash_days
        WHERE crash_day = $crash_day
    ), board AS (
        SELECT venue, 'liquidated' AS stage, max(value) AS value_usd, any_value(window_label) AS window_label,
               any_value(origin) AS origin,
               {sql.sources()} AS source_id
        FROM liquidation_reports
        WHERE board = $board AND crash_day = $crash_day AND venue <> 'all' AND asset = 'all' AND side = 'total'
          AND metric = 'liquidations' AND {sql.ONE_SIDED}
        GROUP BY venue
    ), deleveraged AS (
        SELECT venue, 'adl', value, window_label, origin, source_id
        FROM liquidation_reports
        WHERE crash_day = $crash_day AND metric = 'adl_notional' AND asset = 'all' AND counting = 'complete'
        QUALIFY row_number() OVER (PARTITION BY venue ORDER BY window_start IS NULL, as_of DESC, source_id) = 1
    ), single AS (
        SELECT l.venue, CASE mechanism WHEN 'adl' THEN 'adl' WHEN 'insurance' THEN 'backstop' ELSE 'book' END AS stage,
               {sql.total("notional_usd", 6)} AS value_usd,
               strftime(min(ts), 'single fills from %Y-%m-%d %H:%M') || strftime(max(ts), ' to %Y-%m-%d %H:%M UTC')
                   AS window_label, feed AS origin,
               {sql.sources("l.source_id")} AS source_id, count(*) AS orders
        FROM liquidations l
        JOIN feed_regimes r USING (venue, feed), day
        WHERE ts >= day.window_start AND ts < day.window_end AND completeness = 'complete' AND price_kind = 'fill'
          AND (r.valid_from IS NULL OR r.valid_from <= ts) AND (r.valid_to IS NULL OR r.valid_to > ts)
        GROUP BY l.venue, stage, feed
        QUALIFY row_number() OVER (PARTITION BY l.venue, stage ORDER BY orders DESC, feed) = 1
    ), listed AS (
        SELECT *
        FROM board
        UNION ALL
        SELECT *
        FROM deleveraged
        UNION ALL
        SELECT * EXCLUDE (orders)
        FROM single
        WHERE (venue, stage) NOT IN (SELECT venue, stage FROM deleveraged AS d(venue, stage, v, w, o, s))
    )
    SELECT *
    FROM listed
"""
WORDS = f"""
    SELECT venue, stage, string_agg(words, '; ' ORDER BY words) AS words,
           {sql.sources()} AS source_id
    FROM (
        SELECT venue, CASE topic WHEN 'adl' THEN 'adl' ELSE 'backstop' END AS stage,
               replace(metric, '_', ' ') || ': '
                   || coalesce(
                       value_text,
                       format(
                           CASE WHEN value = round(value) THEN '{{:,.0f}} {{}}' ELSE '{{:,.2f}} {{}}' END, value, unit
                       )
                   )
                   || coalesce(' (' || window_label || ')', '') AS words, source_id
        FROM venue_reports
        WHERE crash_day = $crash_day AND venue <> 'all' AND confidence <> 'low'
          AND (topic = 'insurance' OR metric = 'adl_activated')
        UNION ALL
        SELECT venue, 'socialised', 'negative equity: ' || format('{{:,.0f}} {{}}', value, unit), source_id
        FROM venue_reports
        WHERE crash_day = $crash_day AND metric = 'negative_equity_total' AND confidence <> 'low'
        UNION ALL
        SELECT venue, 'socialised', statement, source_id
        FROM settlement_rules
        WHERE rule = 'socialise' AND confidence <> 'low'
    )
    GROUP BY venue, stage
"""


def stages(warehouse: Warehouse, crash_day: str, board: str) -> pl.DataFrame:
    """Five rows an exchange, in the order of STAGES, the exchange with most liquidations first.

    Columns: `venue name stage position value_usd window_label origin words source_id`. `value_usd` is the position
    value at that stage, null where it is not known; `words` is what was said of it that is no position value, such as
    what a fund paid. Values of one exchange differ in window and overlap: they are set beside each other, never added.
    """
    amounts = warehouse.query(AMOUNTS, crash_day=crash_day, board=board)
    words = warehouse.query(WORDS, crash_day=crash_day)
    venues = pl.concat([amounts.select("venue"), words.select("venue")]).unique()
    names = warehouse.query("SELECT venue, name, source_id AS venue_source FROM venues")
    order = amounts.filter(stage="liquidated").select("venue", liquidated="value_usd")
    grid = venues.join(pl.DataFrame({"stage": STAGES}).with_row_index("position"), how="cross")
    rows = grid.join(amounts, on=["venue", "stage"], how="left").join(
        words, on=["venue", "stage"], how="left", suffix="_said"
    )
    rows = rows.join(names, on="venue", how="inner").join(order, on="venue", how="left")
    return rows.sort("liquidated", "name", "position", descending=[True, False, False], nulls_last=True).select(
        "venue",
        "name",
        "stage",
        pl.col("position").cast(pl.Int64),
        "value_usd",
        "window_label",
        "origin",
        "words",
        source_id=pl.coalesce(
            pl.concat_str("source_id", "source_id_said", separator=";", ignore_nulls=True).replace("", None),
            "venue_source",
        ),
    )
