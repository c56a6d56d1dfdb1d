"""What stood in the order book near its middle."""

from __future__ import annotations

from datetime import datetime

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.lines import scattered, time_axis

SIDES = {"bid_usd": ("Bids", "solid"), "ask_usd": ("Asks", "dot")}


def nearest(rows: pl.DataFrame, start: datetime, end: datetime) -> go.Figure:
    """Bids and asks within a band (`analytics.market.depth.nearest`), in dollars; a snapshot between gaps is a dot.
    Raises ValueError when several books or bands are mixed."""
    if rows.select("venue", "symbol", "band_pct").n_unique() != 1:
        raise ValueError("Depths of different books or bands may not share an axis.")
    figure = theme.figure(320, alt_axis=f"USD within {rows['band_pct'][0]:g} % of the middle")
    for column, (name, dash) in SIDES.items():
        figure.add_scatter(
            **scattered(rows["ts"], rows[column]),
            mode="lines+markers",
            marker={"size": 3},
            name=name,
            line={"width": 1.8, "color": theme.venue_colour(rows["venue"][0]), "dash": dash},
            hovertemplate=f"<b>{name}</b><br>%{{x|%H:%M:%S}} UTC: $%{{y:,.0f}}<extra></extra>",
        )
    figure.update_layout(
        xaxis=time_axis(start, end), yaxis={"rangemode": "tozero"}, uirevision=f"{start}{end}", hovermode="x"
    )
    return figure
