"""What was open before and after: a line a venue, from all of it to what was left."""

from __future__ import annotations

from html import escape
from typing import Any

import plotly.graph_objects as go
import polars as pl

from charts import scopes, theme
from charts.words import usd

HEIGHT = 620
LABEL_GAP = 3.4
"""Percent of what was open that two labels at the right edge stand apart, so that neither covers the other."""


def slope(venues: pl.DataFrame) -> go.Figure:
    """Open interest of each venue (`analytics.market.open_interest.by_venue`) in dollars, in percent of what it was
    before; labels state the change in dollars and net of price. Raises ValueError where scopes are mixed: futures and
    options never share an axis."""
    scopes.single(venues)
    rows = venues.sort("change_pct")
    ends = [100 + change for change in rows["change_pct"]]
    figure = theme.figure(HEIGHT, alt_axis="% of the dollars that were open before", legend=False)
    for row, end, place in zip(rows.iter_rows(named=True), ends, spread(ends, LABEL_GAP), strict=True):
        colour = theme.venue_colour(row["venue"])
        own = theme.VENUES.get(row["venue"]) is not None
        figure.add_scatter(
            x=[0, 1, 1.03],
            y=[100, end, place],
            mode="lines+text",
            line={"color": colour, "width": 2.4 if own else 1.2, "dash": "dot" if row["confidence"] == "low" else None},
            text=["", "", _label(row)],
            textposition="middle right",
            textfont={"color": colour},
            cliponaxis=False,
            hovertemplate=(
                f"{escape(row['name'])}: {usd(row['before_usd'])} before, {usd(row['after_usd'])} after<br>"
                f"<extra></extra>"
            ),
        )
    before, after = (f"{rows[stamp][0]:%b %-d, %H:%M}" for stamp in ("before_ts", "after_ts"))
    figure.update_layout(
        hovermode="closest",
        xaxis={"range": [-0.02, 1.45], "tickvals": [0, 1], "ticktext": [before, after]},
        yaxis={"ticksuffix": " %", "showgrid": True},
    )
    return figure


def _label(row: dict[str, Any]) -> str:
    net = "" if row["net_change_pct"] is None else f" ({row['net_change_pct']:+.1f})"
    return f"{escape(row['name'])} {row['change_pct']:+.1f} %{net}".replace("-", "−")


def spread(values: list[float], gap: float) -> list[float]:
    """Rising places for labels as near to their rising values as a gap between each two allows."""
    places: list[float] = []
    for value in values:
        places.append(value if not places else max(value, places[-1] + gap))
    overshoot = max(0.0, (places[-1] - values[-1]) / 2) if places else 0.0
    return [place - overshoot for place in places]
