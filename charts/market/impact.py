"""How far money moved the price: window by window, and per net dollar that takers bought."""

from __future__ import annotations

from datetime import datetime

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.lines import milliseconds, time_axis
from charts.words import usd


def windows(rows: pl.DataFrame, colour: str, start: datetime, end: datetime) -> go.Figure:
    """Impact window by window (`analytics.market.impact.windows`) as columns, each over the time of its window. A
    window without one is a gap."""
    figure = theme.figure(320, alt_axis=f"% per {usd(rows['per_usd'][0])}", legend=False)
    figure.add_bar(
        x=[milliseconds(ts) for ts in rows["ts"]],
        y=rows["impact_pct"].to_list(),
        width=0.9 * (rows["until"][0] - rows["ts"][0]).total_seconds() * 1000,
        offset=0,
        marker={"color": colour, "line": {"width": 0}},
        customdata=rows.select("bars", "volume_usd").rows(),
        hovertemplate=(
            f"%{{y:.4~g}} % per {usd(rows['per_usd'][0])}, from %{{customdata[0]}} bars and "
            f"$%{{customdata[1]:,.0f}}<extra></extra>"
        ),
    )
    figure.update_layout(bargap=0, xaxis=time_axis(start, end), uirevision=f"{start}{end}")
    return figure


def order_flow(rows: pl.DataFrame, colour: str) -> go.Figure:
    """What a net sum of taker buys moved the price by in each part (`analytics.market.impact.order_flow`); hollow where
    zero is possible, too."""
    shown = rows.filter(pl.col("slope_pct").is_not_null())
    figure = theme.figure(130 + 44 * shown.height, legend=False)
    per = usd(rows["per_usd"][0])
    figure.add_scatter(
        x=shown["slope_pct"].to_list(),
        y=shown["part"].to_list(),
        mode="markers",
        marker={
            "size": 12,
            "color": colour,
            "symbol": ["circle" if identified else "circle-open" for identified in shown["identified"]],
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (shown["high_pct"] - shown["slope_pct"]).to_list(),
            "arrayminus": (shown["slope_pct"] - shown["low_pct"]).to_list(),
            "thickness": 2.5,
            "width": 6,
            "color": theme.OTHER,
        },
        customdata=shown.select("low_pct", "high_pct", "bars").rows(),
        hovertemplate=(
            f"%{{y}}: %{{x:.2f}} % per net {per}, between %{{customdata[0]:.2f}} and %{{customdata[1]:.2f}}, "
            f"%{{customdata[2]}} bars<extra></extra>"
        ),
    )
    figure.add_vline(x=0, line={"width": 1, "dash": "dot", "color": theme.EVENT})
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": {"text": f"% per net {per}"}, "showgrid": True},
        yaxis={"autorange": "reversed", "type": "category"},
    )
    return figure
