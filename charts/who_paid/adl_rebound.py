"""The price winners were closed at against the price afterwards, coin by coin."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import scopes, theme

ROW_PX = 24


def bars(coins: pl.DataFrame) -> go.Figure:
    """A bar per coin (`analytics.who_paid.adl_rebound.by_coin`): how far above its ADL price it traded later. Raises
    ValueError where scopes are mixed."""
    scopes.single(coins)
    figure = theme.figure(70 + ROW_PX * coins.height, legend=False)
    figure.add_bar(
        y=[escape(asset) for asset in coins["asset"]],
        x=coins["rebound_pct"].to_list(),
        orientation="h",
        marker={"color": theme.venue_colour(coins["venue"][0])},
        text=[f"{value:+.0f} %".replace("-", "−") for value in coins["rebound_pct"]],
        textposition="outside",
        cliponaxis=False,
        customdata=coins.select("adl_price", "after_price", "markets").rows(),
        hovertemplate=(
            "%{y}: closed at %{customdata[0]:,.6~r}, later %{customdata[1]:,.6~r}<br>"
            "(median of %{customdata[2]} markets), %{x:+.1f} %<extra></extra>"
        ),
    )
    lowest, highest = coins.select(pl.min("rebound_pct"), top=pl.max("rebound_pct")).row(0)
    figure.update_layout(
        hovermode="closest",
        xaxis={
            "title": {"text": "Above the price of the ADL, %"},
            "range": [min(0, 1.2 * lowest), 1.18 * max(0, highest)],
        },
        yaxis={"autorange": "reversed", "tickmode": "linear", "type": "category"},
    )
    return figure
