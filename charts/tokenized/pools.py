"""Volume of stock tokens in pools by day."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from charts import scopes, theme
from charts.market.price import moment

DAY = 86_400_000


def columns(days: pl.DataFrame) -> go.Figure:
    """A column a day of clean pools, or of washed ones (`analytics.tokenized.pools.by_day`). Raises ValueError where
    the two are mixed."""
    scopes.single(days)
    washed = days["washed"][0]
    figure = theme.figure(300, alt_axis="USD million a day", legend=False)
    figure.add_bar(
        x=[moment(ts) for ts in days["ts"]],
        y=(days["volume_usd"] / 1e6).to_list(),
        width=DAY,
        offset=0,
        marker={
            "color": theme.OTHER if washed else theme.ACCENT,
            "line": {"width": 0},
            "pattern": {"shape": "/" if washed else ""},
        },
        customdata=days["pools"].to_list(),
        hovertemplate="%{x|%b %-d, %Y}: $%{y:,.3~r} m in %{customdata} pools<extra></extra>",
    )
    figure.update_layout(hovermode="closest", xaxis={"type": "date"}, bargap=0)
    return figure
