"""Liquidations per exchange, one board at a time."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.words import usd


def liquidations(board: pl.DataFrame) -> go.Figure:
    """Horizontal bars of one board's exchanges (`analytics.boards.by_exchange`), long and short apart where the board splits them.

    Raises ValueError when rows of several boards are mixed: their windows or universes differ.
    """
    if board["board"].n_unique() != 1:
        raise ValueError("Figures of different boards may not share an axis.")
    figure = theme.figure(70 + 44 * board.height, legend=False)
    names = [escape(name) for name in board["name"]]
    billions = board.select(pl.col("long_usd", "short_usd", "total_usd") / 1e9)
    totals = board["total_usd"].to_list()
    labels = [
        usd(total) + ("" if share is None else f" · {share:.0f} %")
        for total, share in zip(totals, board["share_pct"], strict=True)
    ]
    split = (board["long_usd"].is_not_null() & board["short_usd"].is_not_null()).all()
    if split:
        figure.update_layout(barmode="stack", showlegend=True)
        figure.add_bar(
            y=names,
            x=billions["long_usd"].to_list(),
            orientation="h",
            name="Long",
            marker={"color": theme.LONG},
            hovertemplate="long $%{x:,.3f} bn<extra></extra>",
        )
        figure.add_bar(
            y=names,
            x=billions["short_usd"].to_list(),
            orientation="h",
            name="Short",
            marker={"color": theme.SHORT},
            text=labels,
            textposition="outside",
            cliponaxis=False,
            hovertemplate="short $%{x:,.3f} bn<extra></extra>",
        )
    else:
        colours = [theme.venue_colour(venue) for venue in board["venue"]]
        patterns = ["/" if computed else "" for computed in board["computed"]]
        figure.add_bar(
            y=names,
            x=billions["total_usd"].to_list(),
            orientation="h",
            marker={"color": colours, "pattern": {"shape": patterns}},
            text=labels,
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: $%{x:,.3f} bn<extra></extra>",
        )
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": {"text": "USD billion"}, "range": [0, 1.28 * billions["total_usd"].max()]},
        yaxis={"autorange": "reversed"},
    )
    return figure
