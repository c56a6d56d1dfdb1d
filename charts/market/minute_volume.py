"""What one market of an exchange traded, bar by bar."""

from __future__ import annotations

from datetime import datetime
from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.market.price import moment


def bars(volumes: pl.DataFrame, venue: str, start: datetime, end: datetime) -> go.Figure:
    """Volume in the base asset over the whole chosen range (`analytics.exchange.profile.volume_by_bar`);
    a missing bar stays missing.

    Raises ValueError when markets or bars of different length are mixed.
    """
    if volumes.select("symbol", "market", "interval").n_unique() != 1:
        raise ValueError("Volumes of different markets or bars may not share an axis.")
    base = escape(volumes["base"][0])
    figure = theme.figure(300, alt_axis=f"{base} in {volumes['interval'][0]} bars", legend=False)
    figure.add_bar(
        x=[moment(ts) for ts in volumes["ts"]],
        y=volumes["volume_base"].to_list(),
        marker={"color": theme.venue_colour(venue)},
        hovertemplate=f"%{{x|%b %d, %H:%M}} UTC: %{{y:,.4~f}} {base}<extra></extra>",
    )
    figure.update_layout(hovermode="closest", bargap=0.05, xaxis={"range": [moment(start), moment(end)]})
    return figure
