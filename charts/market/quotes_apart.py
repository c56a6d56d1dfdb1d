"""One coin in several dollar tokens on one venue: how far each market fell."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import scopes, theme

QUOTES = {"USDT": "circle", "USDC": "diamond", "FDUSD": "square", "TUSD": "triangle-up", "USD": "cross"}


def dots(markets: pl.DataFrame) -> go.Figure:
    """A row a coin, a mark a quote currency (`analytics.market.quotes_apart.lows`). Raises ValueError where venues are
    mixed."""
    scopes.single(markets)
    coins = markets.unique("base", keep="first", maintain_order=True)["base"].to_list()
    figure = theme.figure(90 + 30 * len(coins))
    for (quote, symbol), colour in zip(QUOTES.items(), theme.CLASSES, strict=False):
        rows = markets.filter(pl.col("quote") == quote)
        if rows.is_empty():
            continue
        figure.add_scatter(
            x=(-rows["drop_pct"]).to_list(),
            y=[escape(base) for base in rows["base"]],
            mode="markers",
            name=quote,
            marker={"symbol": symbol, "size": 11, "color": colour},
            customdata=rows.select("symbol", "low", "high").rows(),
            hovertemplate=(
                "%{customdata[0]}: %{x:+.1f} %<br>low %{customdata[1]:,.6~r}, high %{customdata[2]:,.6~r}"
                "<extra></extra>"
            ),
        )
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": {"text": "Low of the day against its high, %"}, "ticksuffix": " %", "range": [-103, 0]},
        yaxis={"categoryorder": "array", "categoryarray": coins[::-1], "type": "category"},
    )
    return figure
