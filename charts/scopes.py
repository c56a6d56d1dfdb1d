"""Only what one source counted in one way shares an axis."""

from __future__ import annotations

import polars as pl


def single(rows: pl.DataFrame) -> str:
    """The one scope of rows that are drawn on one axis. Raises ValueError where there are several, or none."""
    scopes = rows["scope"].unique().sort().to_list()
    if len(scopes) != 1:
        raise ValueError(f"Figures of different scopes may not share an axis: {', '.join(scopes) or 'none given'}.")
    return str(scopes[0])
