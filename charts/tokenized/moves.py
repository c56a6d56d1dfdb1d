"""How many products entered and left, year by year."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme

COLOURS = {"entered": theme.CLASSES[0], "left": theme.CLASSES[1]}


def by_year(moves: pl.DataFrame) -> go.Figure:
    """Bars of `analytics.tokenized.products.moves_by_year`. A year is the finest all days are known to,
    so it is the axis."""
    figure = theme.figure(260, alt_axis="Products")
    for move, colour in COLOURS.items():
        rows = moves.filter(pl.col("move") == move)
        figure.add_bar(
            x=rows["year"].to_list(),
            y=rows["products"].to_list(),
            name=move,
            marker={"color": colour},
            text=[str(count) for count in rows["products"]],
            textposition="outside",
            textfont={"color": theme.OTHER},
            cliponaxis=False,
            customdata=[escape(names).replace("; ", "<br>") for names in rows["names"]],
            hovertemplate=f"%{{x}}, {move}: %{{y}}<br>%{{customdata}}<extra></extra>",
        )
    figure.update_layout(hovermode="closest", xaxis={"dtick": 1, "tickformat": "d"}, yaxis={"rangemode": "tozero"})
    return figure
