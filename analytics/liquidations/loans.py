"""Loans closed by selling their collateral: each lending protocol's events as one source counts them.

A scope is one collateral or one market of a protocol, never the whole of it: scopes stand beside each other, unadded.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse

IN_RANGE = """
    WITH steps AS (
        SELECT *
        FROM liquidation_flows
        WHERE mechanism = 'loan' AND ts >= $start AND ts + to_seconds(step_seconds) <= $end
    ), drawn AS (
        SELECT universe, scope
        FROM steps
        GROUP BY universe, scope
        QUALIFY row_number() OVER (
            PARTITION BY universe ORDER BY max(ts) - min(ts) DESC, any_value(step_seconds), scope
        ) = 1
    )
"""
"""Of series that count the same loans in steps of two lengths, the one that covers more of the range."""


def events(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Each step in which collateral was sold: `scope name universe asset ts step_seconds amount_usd amount_base events
    source_id`. Without USD only the quantity is counted there; steps of nothing are left out."""
    return warehouse.query(
        f"""
        {IN_RANGE}
        SELECT scope, {sql.venue_name()} AS name, universe, asset, ts, step_seconds, amount_usd, amount_base, events,
               s.source_id
        FROM steps s
        JOIN drawn USING (universe, scope)
        {sql.VENUES}
        WHERE coalesce(amount_usd, amount_base) > 0
        ORDER BY scope, ts, asset
        """,
        start=start,
        end=end,
    )


def totals(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """What each scope holds in a range, never added across them: `scope name universe step_seconds amount_usd
    amount_base calls first_ts last_ts largest_usd largest_ts counting source_id`. `amount_base` is null where several
    assets were sold, `calls` where they are not counted."""
    return warehouse.query(
        f"""
        {IN_RANGE}
        SELECT scope, any_value({sql.venue_name()}) AS name, any_value(universe) AS universe,
               any_value(step_seconds) AS step_seconds, {sql.total("amount_usd", 2)} AS amount_usd,
               CASE WHEN count(DISTINCT asset) = 1 THEN {sql.total("amount_base", 8)} END AS amount_base,
               sum(events)::BIGINT AS calls, min(ts) AS first_ts, max(ts) AS last_ts, max(amount_usd) AS largest_usd,
               arg_max(ts, amount_usd) AS largest_ts, any_value(counting) AS counting,
               {sql.sources("s.source_id")} AS source_id
        FROM steps s
        JOIN drawn USING (universe, scope)
        {sql.VENUES}
        WHERE coalesce(amount_usd, amount_base) > 0
        GROUP BY scope
        ORDER BY sum(amount_usd) DESC NULLS LAST, scope
        """,
        start=start,
        end=end,
    )
