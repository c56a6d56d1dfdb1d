"""Order-book depth in steps of hours, as a vendor states it: too coarse for the crash, fit for what it left."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse


def by_step(warehouse: Warehouse, base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Bids and asks of each market of an asset, step by step.

    Columns: `venue name symbol market ts step_hours band_pct bid_usd ask_usd bid_change_pct scope source_id`: value
    within `band_pct` of the middle, in the quote currency, which is a dollar token. `bid_change_pct` is against the
    first step shown. Whether a step is a snapshot or a mean is not documented, so two lengths of step do not compare:
    `scope` tells them apart.
    """
    return warehouse.query(
        f"""
        SELECT venue, {sql.venue_name()} AS name, symbol, CASE WHEN symbol LIKE '%:%' THEN 'perp' ELSE 'spot' END
                   AS market,
               ts, step_hours, any_value(abs(band_pct)) AS band_pct,
               sum(notional) FILTER (band_pct < 0) AS bid_usd, sum(notional) FILTER (band_pct > 0) AS ask_usd,
               100 * (sum(notional) FILTER (band_pct < 0)
                      / first_value(sum(notional) FILTER (band_pct < 0)) OVER series - 1) AS bid_change_pct,
               concat_ws('|', b.source_id, step_hours::VARCHAR) AS scope, b.source_id
        FROM book_depth b
        {sql.VENUES}
        WHERE {sql.base()} = $base AND step_hours IS NOT NULL AND ts >= $start AND ts < $end
        GROUP BY venue, v.name, symbol, ts, step_hours, b.source_id
        WINDOW series AS (PARTITION BY venue, symbol, b.source_id ORDER BY ts)
        ORDER BY market, symbol, ts
        """,
        base=base,
        start=start,
        end=end,
    )
