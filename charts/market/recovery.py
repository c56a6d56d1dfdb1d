"""How far the coins of a venue fell and where they stood later."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import scopes, theme

STATES = {
    "deepest_drop_pct": ("Deepest fall of a coin", "triangle-down"),
    "median_drop_pct": ("Median fall", "circle"),
    "end_pct": ("Median when the range ends", "diamond"),
}


def falls(venues: pl.DataFrame) -> go.Figure:
    """A row a venue and market (`analytics.market.recovery.by_venue`): median and deepest fall, and where the median
    coin stood at the end. Raises ValueError where scopes are mixed."""
    scopes.single(venues)
    labels = [
        f"{escape(name)} {market}, {coins} coins"
        for name, market, coins in venues.select("name", "market", "coins").iter_rows()
    ]
    figure = theme.figure(90 + 46 * venues.height)
    for column, (name, symbol) in STATES.items():
        values = venues[column] if column == "end_pct" else -venues[column]
        figure.add_scatter(
            x=values.to_list(),
            y=labels,
            mode="markers",
            name=name,
            marker={
                "symbol": symbol,
                "size": 12,
                "color": [theme.venue_colour(venue) for venue in venues["venue"]],
            },
            hovertemplate=f"%{{y}}<br>{name}: %{{x:+.1f}} %<extra></extra>",
        )
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": {"text": "Against the last close before the fall, %"}, "ticksuffix": " %", "range": [-100, 4]},
        yaxis={"autorange": "reversed", "type": "category"},
    )
    return figure
