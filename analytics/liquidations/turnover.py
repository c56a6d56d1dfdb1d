"""What was liquidated, and what was auto-deleveraged, over what had been open before."""

from __future__ import annotations

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse

PAIRS = f"""
    WITH closed AS (
        SELECT venue, 'liquidations' AS measure, value, origin, source_id
        FROM liquidation_reports
        WHERE crash_day = $crash_day AND metric = 'liquidations' AND asset = 'all' AND side = 'total'
          AND unit = 'USD' AND phase = 'crash' AND confidence <> 'low' AND {sql.ONE_SIDED}
          AND (venue <> 'all' OR window_label LIKE '%list of days%')
        QUALIFY row_number() OVER (PARTITION BY venue ORDER BY value DESC, source_id) = 1
        UNION ALL
        SELECT venue, 'ADL', {sql.total("amount_usd", 2)}, any_value(universe), {sql.sources("f.source_id")}
        FROM liquidation_flows f
        JOIN crash_days d ON f.ts >= d.window_start AND f.ts < d.window_end
        WHERE crash_day = $crash_day AND mechanism = 'adl' AND asset = 'all'
        GROUP BY venue
    ), interest AS (
        SELECT venue, value, origin, coalesce(window_label, strftime(window_start, '%b %-d, %Y')) AS at, source_id
        FROM venue_reports
        WHERE crash_day = $crash_day AND metric = 'open_interest_before' AND unit = 'USD' AND asset = 'all'
          AND universe NOT LIKE '%BTC%' AND universe NOT LIKE '%bitcoin%'
    )
    SELECT c.venue, {sql.venue_or_all("c.venue")} AS name, measure, c.value AS closed_usd, c.origin AS closed_by,
           i.value AS interest_usd, i.origin AS interest_by, i.at AS interest_at,
           100 * c.value / i.value AS part_pct, concat_ws('|', c.venue, measure) AS scope,
           concat_ws(';', c.source_id, i.source_id) AS source_id
    FROM closed c
    JOIN interest i USING (venue)
    {sql.VENUES}
    ORDER BY c.venue = 'all' DESC, c.venue, measure DESC, part_pct, i.origin
"""


def over_open_interest(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """Published liquidations and ADL in percent of the open interest published for the time before, one row a pair of
    publications about the same venue, or about all of them; venues after the whole market, the smallest part first.

    Columns: `venue name measure closed_usd closed_by interest_usd interest_by interest_at part_pct scope source_id`.
    A flow over a level: not the part of positions that was closed, as positions are opened meanwhile. Only totals of
    whole universes that count one side are paired; of liquidations each venue's largest reading, as all are at least;
    for the market the figure of the list of days. Pairs of one `scope` (venue and measure) differ by publication only.
    """
    return warehouse.query(
        PAIRS,
        crash_day=crash_day,
    )
