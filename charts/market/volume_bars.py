"""Traded volume per exchange over one window."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.words import usd


def traded(volumes: pl.DataFrame) -> go.Figure:
    """Horizontal bars of one market's exchanges (`analytics.market.volumes.by_exchange`, one market).

    Raises ValueError when windows, markets or assets are mixed: spot and futures volumes do not compare.
    """
    if volumes.select("window_start", "window_end", "market", "asset").n_unique() != 1:
        raise ValueError("Volumes of different windows, markets or assets may not share an axis.")
    figure = theme.figure(60 + 34 * volumes.height, legend=False)
    billions = (volumes["volume_usd"] / 1e9).to_list()
    figure.add_bar(
        y=[escape(name) for name in volumes["name"]],
        x=billions,
        orientation="h",
        marker={"color": [theme.venue_colour(venue) for venue in volumes["venue"]]},
        text=[f" {usd(value)}" for value in volumes["volume_usd"]],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: $%{x:,.3f} bn<extra></extra>",
    )
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": {"text": "USD billion"}, "range": [0, 1.4 * max(billions)]},
        yaxis={"autorange": "reversed"},
    )
    return figure
