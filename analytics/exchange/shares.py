"""Shares of exchanges over time, and their places in lists read at single moments."""

from __future__ import annotations

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse


def wholes(warehouse: Warehouse) -> pl.DataFrame:
    """What shares are known of: `scope share_of market period_kind origin venues periods first_start last_end
    source_id`, the whole with most readings first. Shares of different scopes never share an axis."""
    return warehouse.query(
        f"""
        {SCOPED}
        SELECT scope, any_value(share_of) AS share_of, any_value(market) AS market,
               any_value(period_kind) AS period_kind, any_value(origin) AS origin,
               count(DISTINCT venue) FILTER (venue <> 'all') AS venues, count(DISTINCT period_start) AS periods,
               min(period_start) AS first_start, max(period_end) AS last_end, {sql.sources()} AS source_id
        FROM scoped
        WHERE share_pct IS NOT NULL
        GROUP BY scope
        ORDER BY count(*) DESC, scope
        """
    )


def over_time(warehouse: Warehouse, scope: str) -> pl.DataFrame:
    """Shares of one whole (`wholes`), period by period, the largest first.

    Columns: `scope venue name period_start period_end period_kind rank share_pct volume_usd confidence note source_id`.
    A venue nobody names in a period has no row: its share is not known, and not zero.
    """
    return warehouse.query(
        f"""
        {SCOPED}
        SELECT scope, s.venue, {sql.venue_or_all("s.venue")} AS name, period_start, period_end, period_kind, rank,
               share_pct, volume_usd, s.confidence, s.note, s.source_id
        FROM scoped s
        {sql.VENUES}
        WHERE scope = $scope
        ORDER BY period_start, s.venue = 'all', share_pct DESC NULLS LAST, s.venue
        """,
        scope=scope,
    )


def lists(warehouse: Warehouse) -> pl.DataFrame:
    """Places in lists of exchanges read at single moments, the earliest first: `as_of as_of_precision origin ranked_by
    market rank venue name volume_24h_usd trust_score confidence note scope source_id`. Places by trust, by a score and
    by open interest are three things: `scope` tells them apart. `confidence` is low where the list bears no date."""
    return warehouse.query(
        f"""
        SELECT as_of, as_of_precision, origin, ranked_by, market, rank, venue,
               coalesce(v.name, listed_as, venue) AS name,
               volume_24h_usd, trust_score, r.confidence, r.note,
               concat_ws('|', origin, ranked_by, market) AS scope, r.source_id
        FROM exchange_ranks r
        {sql.VENUES}
        WHERE ranked_by IS NOT NULL AND rank IS NOT NULL
        ORDER BY as_of, market = 'spot' DESC, rank, venue
        """
    )


SCOPED = """
    WITH scoped AS (
        SELECT *, concat_ws('|', share_of, market, period_kind, origin) AS scope
        FROM venue_shares
    )
"""
"""Every share with the key of what it may be compared with."""
