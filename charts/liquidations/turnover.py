"""What was closed by force over what had been open."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import scopes, theme
from charts.words import usd


def bars(pairs: pl.DataFrame) -> go.Figure:
    """A bar a pair of publications about one venue and measure (`analytics.liquidations.turnover.over_open_interest`).
    Raises ValueError where venues or measures are mixed."""
    scopes.single(pairs)
    figure = theme.figure(70 + 34 * pairs.height, legend=False)
    figure.add_bar(
        y=[f"over {usd(row['interest_usd'])}, {escape(row['interest_by'])}" for row in pairs.iter_rows(named=True)],
        x=pairs["part_pct"].to_list(),
        orientation="h",
        marker={"color": theme.venue_colour(pairs["venue"][0])},
        text=[f"{value:.1f} %" for value in pairs["part_pct"]],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{x:.1f} % %{y}<extra></extra>",
    )
    figure.update_layout(
        hovermode="closest",
        xaxis={"range": [0, 1.15 * pairs.select(pl.max("part_pct")).item()], "ticksuffix": " %"},
        yaxis={"autorange": "reversed", "type": "category"},
    )
    return figure
