"""Volume by price."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.symbols import base, quote


def by_price(levels: pl.DataFrame) -> go.Figure:
    """Volume of one market by price level (`analytics.market.volume_profile.by_price`),
    sold and bought by takers where the side is known.

    Raises ValueError when markets are mixed.
    """
    if levels.select("venue", "market", "symbol", "interval").n_unique() != 1:
        raise ValueError("Volumes of different markets may not share an axis.")
    symbol = levels["symbol"][0]
    figure = theme.figure(440, alt_axis=f"Price, {escape(quote(symbol))}", legend=True)
    middle = ((levels["price_from"] + levels["price_to"]) / 2).to_list()
    known = levels["taker_sell_base"].is_not_null().all()
    sides = (("taker_sell_base", "Sold by takers", theme.ACCENT), ("taker_buy_base", "Bought by takers", theme.OTHER))
    for column, name, colour in sides if known else (("volume_base", "Volume, taker side not known", theme.OTHER),):
        figure.add_bar(
            y=middle,
            x=levels[column].to_list(),
            width=0.9 * (levels["price_to"][0] - levels["price_from"][0]),
            orientation="h",
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"around %{{y:,.7~r}}: {name.lower()} %{{x:,.6~r}} {escape(base(symbol))}<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        bargap=0,
        hovermode="closest",
        xaxis={"title": {"text": escape(base(symbol))}, "showgrid": True},
    )
    return figure
