"""Tokenized stocks while their stock exchange was shut, against their own last price at its close."""

from __future__ import annotations

from datetime import datetime
from html import escape
from itertools import cycle

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.lines import gridded, milliseconds


def moves(prices: pl.DataFrame, crash: datetime) -> go.Figure:
    """A line per market of `analytics.tokenized.closed_hours.since_close`, percent above or below the close; the
    dotted line is the crash's start."""
    figure = theme.figure(380, alt_axis="Against the last close, %")
    lines = prices.partition_by("symbol", "name", "market", "interval", maintain_order=True)
    for line, colour in zip(lines, cycle(theme.CLASSES), strict=False):
        row = line.row(0, named=True)
        figure.add_scatter(
            **gridded(line["close_at"], line["close_pct"] - 100, (row["close_at"] - row["ts"]).total_seconds()),
            mode="lines+markers" if line.height < 40 else "lines",
            name=escape(f"{row['symbol']} {row['name']}"),
            line={"width": 2, "color": colour},
            hovertemplate="%{y:.2f} %",
        )
    figure.add_vline(x=milliseconds(crash), line={"width": 1, "dash": "dot", "color": theme.EVENT})
    figure.add_hline(y=0, line={"width": 1, "color": theme.EVENT})
    figure.update_xaxes(type="date")
    return figure
