"""How an order walked down a book."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.symbols import base, quote


def walk(steps: pl.DataFrame) -> go.Figure:
    """Price against the quantity traded so far, trade by trade (`analytics.market.sweep.steps`):
    each step is as wide as its trade.

    Raises ValueError when several markets or time stamps are mixed.
    """
    if steps.select("venue", "market", "symbol", "ts").n_unique() != 1:
        raise ValueError("Trades of different markets or moments are not one sweep.")
    symbol = steps["symbol"][0]
    colour = theme.venue_colour(steps["venue"][0])
    last = steps.row(-1, named=True)
    figure = theme.figure(360, alt_axis=f"Price, {escape(quote(symbol))}", legend=False)
    figure.add_scatter(
        x=[*steps["traded_before"].to_list(), last["traded_after"]],
        y=[*steps["price"].to_list(), last["price"]],
        mode="lines",
        line={"width": 2, "color": colour, "shape": "hv"},
        fill="tozeroy",
        fillcolor=theme.faint(colour),
        customdata=[*steps.select("place", "quantity_base").rows(), (last["place"], last["quantity_base"])],
        hovertemplate="trade %{customdata[0]}: %{customdata[1]:,} at %{y:,.8~r}<extra></extra>",
    )
    figure.add_scatter(
        x=[last["traded_after"]],
        y=[last["price"]],
        mode="markers+text",
        marker={"size": 9, "color": theme.SHORT},
        text=[f"{last['price']:,.8g}"],
        textposition="top left",
        hoverinfo="skip",
    )
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": {"text": f"{escape(base(symbol))} traded at this stamp"}},
        yaxis={"rangemode": "tozero"},
    )
    return figure
