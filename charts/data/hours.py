"""What is there hour by hour, one row a venue or feed: holes stand out."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme

ROW_PX = 26
"""Pixels of a row."""
ALL_BUT_WHOLE = 0.99999
"""Below it an hour has a colour of its own: even one missing minute is not whole."""
SCALE = [[0, theme.SHORT], [ALL_BUT_WHOLE, theme.faint(theme.SHORT)], [ALL_BUT_WHOLE, theme.LONG], [1, theme.LONG]]
"""Whole hours in one colour, everything less in another: one minute that one market lacks must not look whole."""


def grid(rows: pl.DataFrame, *, row: str, share: str, what: str) -> go.Figure:
    """Percent of each hour that is there (`hour`, and the columns named by `row` and `share`);
    no row of data is no cell."""
    names = rows[row].unique(maintain_order=True).to_list()
    figure = theme.figure(70 + ROW_PX * len(names), legend=False)
    figure.add_heatmap(
        x=rows["hour"].to_list(),
        y=[escape(name) for name in rows[row]],
        z=rows[share].to_list(),
        zmin=0,
        zmax=100,
        colorscale=SCALE,
        showscale=False,
        ygap=3,
        hovertemplate=f"%{{y}}<br>%{{x|%b %-d, %H:00}} UTC: %{{z:.1f}} % {what}<extra></extra>",
    )
    figure.update_layout(
        hovermode="closest",
        xaxis={"type": "date"},
        yaxis={"type": "category", "autorange": "reversed"},
    )
    return figure
