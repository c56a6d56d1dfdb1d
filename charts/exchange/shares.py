"""Shares of exchanges, period by period."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import scopes, theme
from charts.market.price import moment


def over_time(shares: pl.DataFrame) -> go.Figure:
    """A line an exchange with two periods or more, a dot otherwise (`analytics.exchange.shares.over_time`). A line
    joins readings only: between them nothing is known. Low confidence is not drawn. Raises ValueError where shares of
    different wholes are mixed."""
    scopes.single(shares)
    known = shares.filter(
        (pl.col("venue") != "all") & pl.col("share_pct").is_not_null() & (pl.col("confidence") != "low")
    )
    figure = theme.figure(380, alt_axis="Share, %")
    for (venue,), rows in known.group_by("venue", maintain_order=True):
        figure.add_scatter(
            x=[moment(ts) for ts in rows["period_start"]],
            y=rows["share_pct"].to_list(),
            mode="lines+markers",
            name=escape(rows["name"][0]),
            line={"color": theme.venue_colour(str(venue)), "width": 2 if str(venue) in theme.VENUES else 1},
            marker={"size": 7},
            hovertemplate=f"{escape(rows['name'][0])}, %{{x|%b %Y}}: %{{y:.1f}} %<extra></extra>",
        )
    figure.update_layout(hovermode="closest", xaxis={"type": "date"}, yaxis={"rangemode": "tozero", "showgrid": True})
    return figure
