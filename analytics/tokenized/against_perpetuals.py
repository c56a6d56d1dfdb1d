"""Stock tokens against stock perpetuals: what was traded of both in one day."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse

STOCKS = ("single_stock", "etf")
"""Shares and funds. Korean shares stand in several units, pre-IPO contracts on no share, and what the source could not
class is no part of a share."""


def by_moment(warehouse: Warehouse) -> pl.DataFrame:
    """Volume of tokens and of perpetuals in the 24 hours before each reading, the latest first.

    Columns: `as_of tokens_usd perpetuals_usd token_pct all_token_pct washed_usd open_interest_usd places scope
    source_id`: `token_pct` is the tokens' part of both, over shares and funds; `all_token_pct` the same over every
    class of stock the source names (Korean and unlisted shares too). A floor for tokens: pools are sampled, and not
    every venue is asked. `washed_usd` is what of the tokens' volume looks washed: taken out, the part is smaller still.
    """
    return warehouse.query(
        f"""
        WITH summed AS (
            SELECT as_of, scope,
                   {_volume("instrument = 'token' AND stock")} AS tokens_usd,
                   {_volume("instrument = 'perpetual' AND stock")} AS perpetuals_usd,
                   {_volume("instrument = 'token' AND linked")} AS all_tokens_usd,
                   {_volume("linked")} AS all_usd,
                   {_volume("instrument = 'token' AND stock AND confidence = 'low'")} AS washed_usd,
                   sum(open_interest_usd::DECIMAL(38, 2)) FILTER (stock)::DOUBLE AS open_interest_usd,
                   count(DISTINCT place) FILTER (stock AND volume_24h_usd > 0) AS places,
                   {sql.sources()} AS source_id
            FROM (
                SELECT *, asset_type IN (SELECT unnest($stocks)) AS stock,
                       asset_type IN (SELECT unnest($stocks)) OR asset_type IN ('kr_stock', 'pre_ipo') AS linked
                FROM stock_volumes
            )
            GROUP BY as_of, scope
        )
        SELECT as_of, tokens_usd, perpetuals_usd, 100 * tokens_usd / (tokens_usd + perpetuals_usd) AS token_pct,
               100 * all_tokens_usd / all_usd AS all_token_pct, coalesce(washed_usd, 0) AS washed_usd,
               open_interest_usd, places, scope, source_id
        FROM summed
        ORDER BY as_of DESC
        """,
        stocks=list(STOCKS),
    )


def by_place(warehouse: Warehouse, as_of: datetime) -> pl.DataFrame:
    """One reading by venue, shares and funds together, the most traded first: `place instrument volume_usd
    open_interest_usd instruments confidence scope source_id`. Venues that gave no volume are left out."""
    return warehouse.query(
        f"""
        SELECT place, instrument, {sql.total("volume_24h_usd", 2)} AS volume_usd,
               {sql.total("open_interest_usd", 2)} AS open_interest_usd, sum(instruments) AS instruments,
               CASE WHEN bool_or(confidence = 'low') THEN 'low' ELSE any_value(confidence) END AS confidence,
               scope, {sql.sources()} AS source_id
        FROM stock_volumes
        WHERE as_of = $as_of AND asset_type IN (SELECT unnest($stocks))
        GROUP BY place, instrument, scope
        HAVING sum(volume_24h_usd) > 0
        ORDER BY volume_usd DESC, place
        """,
        as_of=as_of,
        stocks=list(STOCKS),
    )


def _volume(where: str) -> str:
    return f"sum(volume_24h_usd::DECIMAL(38, 2)) FILTER ({where})::DOUBLE"
