"""What the feeds let through, and since when, as one strip a feed."""

from __future__ import annotations

from datetime import datetime
from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.terms import COMPLETENESS

COLOURS = {
    "complete": "#3f9a86",
    "throttled": "#b07800",
    "sampled": "#8866bb",
    "unknown": theme.OTHER,
    "key_needed": theme.ACCENT,
    "gone": theme.faint(theme.OTHER),
}
ROW_PX = 42
"""Pixels of a row."""


def strip(regimes: pl.DataFrame, start: datetime, end: datetime, day: datetime, title: str) -> go.Figure:
    """Regimes (`analytics.liquidations.regimes.of_venues`) between two times, a row a feed, and a line at the day.

    A strip is hatched where the regime's start is not established: that it held so early is not known.
    """
    shown = regimes.filter(
        (pl.col("valid_from").is_null() | (pl.col("valid_from") < end))
        & (pl.col("valid_to").is_null() | (pl.col("valid_to") > start))
    ).with_columns(
        row=pl.concat_str("venue", "feed", separator="|").rle_id(),
        shown_from=pl.max_horizontal(pl.col("valid_from").fill_null(start), pl.lit(start)),
        shown_to=pl.min_horizontal(pl.col("valid_to").fill_null(end), pl.lit(end)),
    )
    rows = shown.unique("row", keep="first", maintain_order=True)
    figure = theme.figure(80 + ROW_PX * rows.height)
    for completeness, words in COMPLETENESS.items():
        part = shown.filter(pl.col("completeness") == completeness)
        if not part.is_empty():
            _add(figure, part, words, COLOURS[completeness])
    figure.add_scatter(
        x=[start] * rows.height,
        y=(rows["row"] - 0.36).to_list(),
        mode="text",
        text=[f"<b>{escape(name)}</b> {escape(feed)}" for name, feed in rows.select("name", "feed").iter_rows()],
        textposition="middle right",
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_vline(x=day, line={"width": 2, "color": theme.EVENT})
    figure.add_annotation(x=day, y=1, yref="paper", yanchor="bottom", text=escape(title), showarrow=False)
    figure.update_layout(
        barmode="overlay",
        hovermode="closest",
        legend={"yref": "container", "y": 0, "yanchor": "bottom"},
        margin={"t": 26, "b": 64},
        xaxis={"type": "date", "range": [start, end]},
        yaxis={"range": [rows.height - 0.3, -0.75], "visible": False},
    )
    return figure


def _add(figure: go.Figure, part: pl.DataFrame, words: str, colour: str) -> None:
    figure.add_bar(
        base=part["shown_from"].to_list(),
        x=(part["shown_to"] - part["shown_from"]).dt.total_milliseconds().to_list(),
        y=part["row"].to_list(),
        width=0.34,
        orientation="h",
        name=words,
        marker={
            "color": colour,
            "line": {"width": 1, "color": theme.OTHER} if colour == COLOURS["gone"] else {"width": 0},
            "pattern": {"shape": ["/" if start is None else "" for start in part["valid_from"]], "solidity": 0.5},
        },
        customdata=[
            [escape(name), escape(feed), "not established" if start is None else f"{start:%Y-%m-%d}", escape(rule)]
            for name, feed, start, rule in part.select("name", "feed", "valid_from", "rule").iter_rows()
        ],
        hovertemplate=(
            "<b>%{customdata[0]}</b> %{customdata[1]}<br>since: %{customdata[2]}<br>%{customdata[3]}<extra></extra>"
        ),
    )
