"""Which crash days there are, and how they compare."""

from __future__ import annotations

import polars as pl

from analytics.warehouse import Warehouse


def every(warehouse: Warehouse) -> pl.DataFrame:
    """All crash days, the best documented first: `crash_day title window_start window_end focus_start focus_end t0 status note bars`."""
    return warehouse.query(
        """
        SELECT d.*, (SELECT count(*) FROM bars b WHERE b.ts >= d.window_start AND b.ts < d.window_end AND b.kind = 'trade') AS bars
        FROM crash_days d ORDER BY bars DESC, window_start DESC
        """
    )
