"""How the sum of a feed's liquidations is spread over its orders."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.words import usd


def lorenz(points: pl.DataFrame) -> go.Figure:
    """The share of the sum that the smallest orders make up (`analytics.liquidations.losses.lorenz`),
    and the line on which all would be alike."""
    figure = theme.figure(330)
    figure.add_scatter(
        x=[0, 100],
        y=[0, 100],
        mode="lines",
        name="all orders alike",
        line={"dash": "dot", "width": 1.5, "color": theme.OTHER},
    )
    figure.add_scatter(
        x=points["orders_pct"].to_list(),
        y=points["share_pct"].to_list(),
        mode="lines",
        name="these orders",
        line={"width": 2.5, "color": theme.ACCENT},
        fill="tozeroy",
        fillcolor=theme.faint(theme.ACCENT),
        hovertemplate="the smallest %{x:.1f} % of orders make up %{y:.1f} %<extra></extra>",
    )
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": {"text": "Orders, from the smallest, %"}, "range": [0, 100]},
        yaxis={"title": {"text": "Share of the sum, %"}, "range": [0, 101]},
    )
    return figure


def sizes(buckets: pl.DataFrame) -> go.Figure:
    """Orders by powers of ten (`analytics.liquidations.losses.by_size`): their share in the number and in the sum,
    side by side."""
    figure = theme.figure(330)
    names = [f"{usd(start)} to {usd(end)}" for start, end in buckets.select("from_usd", "to_usd").iter_rows()]
    for name, column, colour in (
        ("of the orders", "orders_pct", theme.OTHER),
        ("of the sum", "share_pct", theme.ACCENT),
    ):
        figure.add_bar(
            x=names,
            y=buckets[column].to_list(),
            name=name,
            marker={"color": colour},
            hovertemplate="%{y:.2f} %",
        )
    figure.update_layout(barmode="group", yaxis={"title": {"text": "Share, %"}}, xaxis={"type": "category"})
    return figure
