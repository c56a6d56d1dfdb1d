"""Crash days over each other at their own T0."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme

UNITS = {
    "Percent": ("change_pct", "% from the price at T0", "%{y:.2f} %"),
    "σ": ("sigmas", "σ of an hour before T0", "%{y:.1f} σ"),
}


def curves(paths: pl.DataFrame, unit: str, chosen: str) -> go.Figure:
    """One line a crash day (`analytics.compare.aligned.paths`), the chosen one in colour, in one of `UNITS`. A day
    without σ has no line in σ."""
    column, axis, shown = UNITS[unit]
    figure = theme.figure(400, alt_axis=axis)
    for day in paths.partition_by("crash_day", maintain_order=True):
        if day[column].is_null().all():
            continue
        mine = day["crash_day"][0] == chosen
        figure.add_scatter(
            x=day["minutes"].to_list(),
            y=day[column].to_list(),
            mode="lines",
            name=escape(day["title"][0]),
            line={"width": 2.4 if mine else 1.4, "color": theme.ACCENT if mine else theme.OTHER},
            hovertemplate=f"{escape(day['title'][0])}, %{{x:+.0f}} min: {shown}<extra></extra>",
        )
    figure.add_vline(x=0, line={"width": 1, "dash": "dot", "color": theme.EVENT})
    figure.update_layout(hovermode="closest", showlegend=True, xaxis={"title": {"text": "Minutes since T0"}})
    return figure
