"""Traded volume bar by bar, and the side that took the liquidity."""

from __future__ import annotations

from datetime import datetime
from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.market.price import ISO, moment
from charts.symbols import base


def volume(bars: pl.DataFrame, start: datetime, end: datetime) -> go.Figure:
    """Volume of one market (`analytics.market.flows.by_bar`):
    sold and bought by takers stacked where the side is known, else one colour.

    Each column stands over the time of its bar. Raises ValueError when several markets or intervals are mixed.
    """
    if bars.select("venue", "market", "symbol", "interval").n_unique() != 1:
        raise ValueError("Volumes of different markets or intervals may not share an axis.")
    figure = theme.figure(300, alt_axis=f"{escape(base(bars['symbol'][0]))} per {bars['interval'][0]} bar", legend=True)
    figure.update_layout(
        barmode="stack",
        bargap=0,
        xaxis={"range": [moment(start), moment(end)]},
        uirevision=f"{moment(start)}{moment(end)}",
    )
    if bars["taker_buy_base"].is_not_null().all():
        _columns(figure, bars, "taker_sell_base", "Sold by takers", theme.ACCENT)
        _columns(figure, bars, "taker_buy_base", "Bought by takers", theme.OTHER)
    else:
        _columns(figure, bars, "volume_base", "Volume, taker side not known", theme.OTHER)
    return figure


def _columns(figure: go.Figure, bars: pl.DataFrame, column: str, name: str, colour: str) -> None:
    length = (bars["until"][0] - bars["ts"][0]).total_seconds() * 1000
    figure.add_bar(
        x=bars["ts"].dt.to_string(ISO).to_list(),
        y=bars[column].to_list(),
        width=0.86 * length,
        offset=0.07 * length,
        name=name,
        marker={"color": colour, "line": {"width": 0}},
        hovertemplate=f"{name} %{{y:,.6~r}}<extra></extra>",
    )
