"""Funding payments around a range."""

from __future__ import annotations

from datetime import datetime
from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.market.price import ISO, moment


def rates(payments: pl.DataFrame, start: datetime, end: datetime) -> go.Figure:
    """Rates of one asset by venue (`analytics.market.funding.around`), with the chosen range as a band.

    Raises ValueError when rates of different intervals are mixed: a rate for one hour is not a rate for eight.
    """
    if payments["interval_hours"].n_unique() != 1:
        raise ValueError("Funding rates of different intervals may not share an axis.")
    hours = payments["interval_hours"][0]
    figure = theme.figure(280, alt_axis=f"% per {hours:g} h (above 0: longs pay)")
    for line in payments.partition_by(["venue", "symbol"], maintain_order=True):
        name = escape(f"{line['name'][0]} {line['symbol'][0].split(':')[0]}")
        colour = theme.venue_colour(line["venue"][0])
        figure.add_scatter(
            x=line["ts"].dt.to_string(ISO).to_list(),
            y=line["rate_pct"].to_list(),
            mode="lines+markers",
            name=name,
            line={"width": 1.2, "color": colour, "dash": "dot"},
            marker={"size": 9, "color": colour},
            hovertemplate=f"{name} %{{y:.4f}} %<extra></extra>",
        )
    figure.add_hline(y=0, line={"width": 1, "color": theme.EVENT})
    figure.add_vrect(x0=moment(start), x1=moment(end), fillcolor=theme.faint(theme.EVENT), line_width=0, layer="below")
    return figure
