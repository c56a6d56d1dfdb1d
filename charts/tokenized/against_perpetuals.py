"""Stock tokens beside stock perpetuals, venue by venue."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import scopes, theme
from charts.words import usd

NAMES = {"perpetual": "Perpetuals", "token": "Tokens"}
COLOURS = {"perpetual": theme.OTHER, "token": theme.ACCENT}


def bars(places: pl.DataFrame) -> go.Figure:
    """A bar a venue (`analytics.tokenized.against_perpetuals.by_place`), tokens in another colour. Raises ValueError
    where scopes are mixed."""
    scopes.single(places)
    figure = theme.figure(90 + 24 * places.height)
    order = [f"{escape(place)}" for place in places["place"]]
    for instrument, name in NAMES.items():
        rows = places.filter(instrument=instrument)
        figure.add_bar(
            y=[escape(place) for place in rows["place"]],
            x=(rows["volume_usd"] / 1e9).to_list(),
            orientation="h",
            name=name,
            marker={"color": COLOURS[instrument]},
            text=[usd(value) for value in rows["volume_usd"]],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    figure.update_layout(
        hovermode="closest",
        barmode="overlay",
        xaxis={
            "title": {"text": "USD billion in 24 hours"},
            "range": [0, 1.15 * places.select(pl.max("volume_usd")).item() / 1e9],
        },
        yaxis={"categoryorder": "array", "categoryarray": order[::-1], "type": "category"},
    )
    return figure
