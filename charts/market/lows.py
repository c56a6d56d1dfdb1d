"""The markets that went deepest on the day."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme


def deepest(markets: pl.DataFrame) -> go.Figure:
    """Bars of markets of one quote currency (`analytics.market.lows.markets`), thin prints hatched and grey.

    Raises ValueError when quote currencies are mixed.
    """
    if markets["quote"].n_unique() != 1:
        raise ValueError("Markets of different quote currencies may not share an axis.")
    figure = theme.figure(100 + 24 * markets.height)
    rows = [escape(symbol) for symbol in markets["symbol"]]
    for thin, name in ((False, "In line with its peers"), (True, "Thin: far below its peers")):
        part = markets.filter(pl.col("thin") == thin)
        figure.add_bar(
            y=[escape(symbol) for symbol in part["symbol"]],
            x=part["drop_pct"].to_list(),
            orientation="h",
            name=name,
            marker={"color": theme.OTHER if thin else theme.ACCENT, "pattern": {"shape": "/" if thin else ""}},
            text=[f"{drop:.3f} %" if drop > 99.9 else f"{drop:.1f} %" for drop in part["drop_pct"]],
            textposition="outside",
            cliponaxis=False,
            customdata=part.select("high", "low", "peers_drop_pct").rows(),
            hovertemplate=(
                "%{y}: high %{customdata[0]:,.8~r}, low %{customdata[1]:,.8~r}; "
                "its peers −%{customdata[2]:.1f} %<extra></extra>"
            ),
        )
    figure.update_layout(
        hovermode="closest",
        barmode="overlay",
        xaxis={"title": {"text": "Day's low below the day's high, %"}, "range": [0, 128]},
        yaxis={"autorange": "reversed", "categoryorder": "array", "categoryarray": rows, "tickmode": "linear"},
    )
    return figure
