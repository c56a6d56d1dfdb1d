"""How far apart the lowest prints of venues were, asset by asset."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme


def dots(ranked: pl.DataFrame, names: dict[str, str]) -> go.Figure:
    """A row per asset (`analytics.market.venue_gaps.ranking`), a dot per venue:
    its low as percent of the highest venue's low."""
    figure = theme.figure(90 + 26 * ranked.height)
    rows = [escape(base) for base in ranked["base"]]
    spans = ranked.select(100 - pl.col("gap_pct")).to_series().to_list()
    figure.add_scatter(
        x=[end for lowest in spans for end in (lowest, 100, None)],
        y=[end for row in rows for end in (row, row, None)],
        mode="lines",
        line={"width": 2, "color": theme.faint(theme.OTHER)},
        hoverinfo="skip",
        showlegend=False,
    )
    for venue, name in names.items():
        figure.add_scatter(
            x=ranked[f"share_{venue}"].to_list(),
            y=rows,
            mode="markers",
            name=escape(name),
            marker={"size": 11, "color": theme.venue_colour(venue)},
            customdata=ranked[f"low_{venue}"].to_list(),
            hovertemplate=(
                f"%{{y}} on {escape(name)}: lowest %{{customdata:,.8~r}}, "
                f"%{{x:.0f}} % of the highest venue's low<extra></extra>"
            ),
        )
    figure.update_layout(
        hovermode="closest",
        xaxis={
            "title": {"text": "Low, % of the highest venue's low"},
            "range": [0, 104],
            "showgrid": True,
        },
        yaxis={"autorange": "reversed", "tickmode": "linear", "type": "category"},
    )
    return figure
