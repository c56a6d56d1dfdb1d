"""How unusual each minute's move was, and which were jumps."""

from __future__ import annotations

from datetime import datetime

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.lines import time_axis
from charts.market.price import moment


def by_minute(minutes: pl.DataFrame, start: datetime, end: datetime) -> go.Figure:
    """A column a minute of one market (`analytics.market.jumps.by_minute`), jumps in another colour, the limit as a
    line. Raises ValueError when markets are mixed."""
    if minutes.select("venue", "symbol").n_unique() != 1:
        raise ValueError("Moves of different markets may not share an axis.")
    colours = [theme.ACCENT if jump else theme.OTHER for jump in minutes["jump"].fill_null(value=False)]
    figure = theme.figure(320, alt_axis="Times the usual move of a minute", legend=False)
    figure.add_bar(
        x=[moment(ts) for ts in minutes["ts"]],
        y=minutes["least_times"].to_list(),
        width=60_000,
        offset=0,
        marker={"color": colours, "line": {"width": 0}},
        customdata=minutes["return_pct"].to_list(),
        hovertemplate="%{x|%H:%M}: %{customdata:+.2f} %, %{y:.1f} times<extra></extra>",
    )
    figure.add_hline(y=minutes["critical"][0], line={"color": theme.EVENT, "width": 1, "dash": "dot"})
    figure.update_layout(xaxis=time_axis(start, end), hovermode="closest", bargap=0)
    return figure
