"""A pegged asset on an order book against the same asset in a pool."""

from __future__ import annotations

from datetime import datetime
from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.market import price


def against_reference(
    paths: pl.DataFrame, windows: pl.DataFrame, reference_value: float, start: datetime, end: datetime
) -> go.Figure:
    """Prices by venue (`analytics.market.prices.paths`) with the reference as a line and published windows
    (`analytics.market.depegs.windows`) as bands."""
    figure = price.by_venue(paths, start, end, height=400)
    figure.add_hline(y=reference_value, line={"width": 1, "color": theme.EVENT})
    for window in windows.iter_rows(named=True):
        figure.add_vrect(
            x0=price.moment(window["window_start"]),
            x1=price.moment(window["window_end"]),
            fillcolor=theme.faint(theme.venue_colour(window["venue"])),
            line_width=0,
            layer="below",
            annotation={"text": escape(f"{window['name']}'s published window"), "font": {"size": 11}},
            annotation_position="bottom left",
        )
    return figure
