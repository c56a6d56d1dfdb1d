"""A price through a crash, with the moments reported on the way."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme


def path_with_moments(bars: pl.DataFrame, moments: pl.DataFrame) -> go.Figure:
    """One market's low-to-high band and close, with numbered moments (`moments.number`) along the top.

    `bars` are the rows of one series (columns of `analytics.prices.bars`). Gaps stay gaps.
    """
    figure = theme.figure(420, alt_axis=f"Price, {quote(bars)}", legend=False)
    colour = theme.venue_colour(bars["venue"][0])
    times = bars["ts"].to_list()
    figure.add_scatter(
        x=times, y=bars["high"].to_list(), mode="lines", line={"width": 0}, hoverinfo="skip", showlegend=False
    )
    figure.add_scatter(
        x=times,
        y=bars["low"].to_list(),
        mode="lines",
        line={"width": 0},
        fill="tonexty",
        fillcolor=theme.faint(colour),
        hovertemplate="low %{y:,.1f}<extra></extra>",
    )
    figure.add_scatter(
        x=times,
        y=bars["close"].to_list(),
        mode="lines",
        line={"width": 2, "color": colour},
        hovertemplate="close %{y:,.1f}<extra></extra>",
    )
    lowest = bars.row(int(bars["low"].arg_min() or 0), named=True)
    figure.add_scatter(
        x=[lowest["ts"]],
        y=[lowest["low"]],
        mode="markers+text",
        marker={"size": 9, "color": theme.SHORT},
        text=[f"low {lowest['low']:,.1f}  "],
        textposition="middle left",
        hovertemplate="lowest print %{y:,.1f}<extra></extra>",
    )
    highest, span = bars["high"].max(), bars["high"].max() - bars["low"].min()
    rows = [highest + span * (0.03 + 0.07 * (position % 2)) for position in range(moments.height)]
    figure.add_scatter(
        x=moments["ts"].to_list(),
        y=rows,
        mode="markers+text",
        text=[str(number) for number in moments["number"]],
        textposition="middle center",
        marker={"size": 19, "color": theme.EVENT},
        textfont={"color": "#ffffff", "size": 11},
        customdata=[escape(title) for title in moments["title"]],
        hovertemplate="%{customdata}<extra></extra>",
    )
    for ts in moments["ts"].unique():
        figure.add_vline(x=ts, line={"width": 1, "dash": "dot", "color": theme.EVENT})
    return figure


def quote(bars: pl.DataFrame) -> str:
    return bars["symbol"][0].split("/")[1].split(":")[0]
