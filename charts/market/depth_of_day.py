"""Order-book depth in steps of hours."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from charts import scopes, theme
from charts.market.price import moment

SIDES = {"bid_usd": ("Bids", theme.LONG), "ask_usd": ("Asks", theme.SHORT)}


def steps(rows: pl.DataFrame) -> go.Figure:
    """Bids and asks of one market step by step (`analytics.market.depth_of_day.by_step`), as wide as a step. Raises
    ValueError where markets or lengths of step are mixed."""
    scopes.single(rows)
    if rows.select("venue", "symbol").n_unique() != 1:
        raise ValueError("Depths of different markets may not share an axis.")
    figure = theme.figure(320, alt_axis=f"USD m within {rows['band_pct'][0]:g} % of the middle")
    for column, (name, colour) in SIDES.items():
        figure.add_scatter(
            x=[moment(ts) for ts in rows["ts"]],
            y=(rows[column] / 1e6).to_list(),
            name=name,
            mode="lines+markers",
            line={"shape": "hv", "color": colour, "width": 2},
            marker={"size": 4},
            hovertemplate=f"{name}: $%{{y:,.4~r}} m<extra></extra>",
        )
    figure.update_layout(yaxis={"rangemode": "tozero", "showgrid": True}, xaxis={"type": "date"})
    return figure
