"""How far money moved the price."""

from __future__ import annotations

from datetime import datetime

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.lines import milliseconds, time_axis
from charts.words import usd


def windows(rows: pl.DataFrame, colour: str, start: datetime, end: datetime) -> go.Figure:
    """Impact window by window (`analytics.impact.windows`) as columns, each over the time of its window. A window without one is a gap."""
    figure = theme.figure(320, alt_axis=f"% per {usd(rows['per_usd'][0])}", legend=False)
    figure.add_bar(
        x=[milliseconds(ts) for ts in rows["ts"]],
        y=rows["impact_pct"].to_list(),
        width=0.9 * (rows["until"][0] - rows["ts"][0]).total_seconds() * 1000,
        offset=0,
        marker={"color": colour, "line": {"width": 0}},
        customdata=rows.select("bars", "volume_usd").rows(),
        hovertemplate=f"%{{y:.4~g}} % per {usd(rows['per_usd'][0])}, from %{{customdata[0]}} bars and $%{{customdata[1]:,.0f}}<extra></extra>",
    )
    figure.update_layout(bargap=0, xaxis=time_axis(start, end), uirevision=f"{start}{end}")
    return figure
