"""How explosive liquidations were: their rate, the branching ratio with its interval, and whether the model fits."""

from __future__ import annotations

from datetime import datetime

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.lines import milliseconds, time_axis

FITS = 0.05


def intensity(rows: pl.DataFrame, start: datetime, end: datetime) -> go.Figure:
    """Liquidations a minute over time (`analytics.explosiveness.intensity`). Raises ValueError when venues are mixed."""
    if rows["venue"].n_unique() != 1:
        raise ValueError("Liquidations of different venues may not share an axis: their feeds differ.")
    figure = theme.figure(280, alt_axis="Liquidations a minute", legend=False)
    length = (rows["until"][0] - rows["ts"][0]).total_seconds() * 1000
    figure.add_bar(
        x=[milliseconds(ts) for ts in rows["ts"]],
        y=rows["per_minute"].to_list(),
        width=length,
        offset=0,
        marker={"color": theme.venue_colour(rows["venue"][0]), "line": {"width": 0}},
        customdata=rows["events"].to_list(),
        hovertemplate="%{customdata:,} liquidations, %{y:,.0f} a minute<extra></extra>",
    )
    figure.update_layout(bargap=0, xaxis=time_axis(start, end))
    return figure


def branching(fits: pl.DataFrame) -> go.Figure:
    """The branching ratio of each part (`analytics.explosiveness.fits`) with its interval; hollow where the model does not fit."""
    known = fits.filter(pl.col("branching").is_not_null())
    figure = theme.figure(110 + 44 * known.height, legend=False)
    reach = max(1.2, *(1.1 * (row["branching_high"] or 2.0) for row in known.iter_rows(named=True)))
    figure.add_scatter(
        x=known["branching"].to_list(),
        y=known["part"].to_list(),
        mode="markers",
        marker={
            "size": 12,
            "color": theme.ACCENT,
            "symbol": ["circle" if chance >= FITS else "circle-open" for chance in known["chance"]],
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": ((known["branching_high"].fill_null(reach)) - known["branching"]).to_list(),
            "arrayminus": (known["branching"] - known["branching_low"]).to_list(),
            "thickness": 2.5,
            "width": 6,
            "color": theme.OTHER,
        },
        customdata=known.select("branching_low", "branching_high", "events").rows(),
        hovertemplate="%{y}: %{x:.2f}, between %{customdata[0]:.2f} and %{customdata[1]:.2f}, %{customdata[2]:,} events<extra></extra>",
    )
    figure.add_vline(x=1, line={"width": 1, "dash": "dot", "color": theme.SHORT}, annotation={"text": "feeds itself"})
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": {"text": "Liquidations that one sets off"}, "range": [0, reach], "showgrid": True},
        yaxis={"autorange": "reversed", "type": "category"},
    )
    return figure


def residuals(rows: pl.DataFrame) -> go.Figure:
    """Waiting times in the model's own time beside theory (`analytics.explosiveness.residuals`): on the line, the model fits."""
    figure = theme.figure(300, alt_axis="Observed", legend=False)
    top = rows["expected"].max()
    figure.add_scatter(x=[0, top], y=[0, top], mode="lines", line={"width": 1, "color": theme.EVENT}, hoverinfo="skip")
    figure.add_scatter(
        x=rows["expected"].to_list(),
        y=rows["observed"].to_list(),
        mode="markers",
        marker={"size": 4, "color": theme.ACCENT},
        hovertemplate="theory %{x:.2f}, observed %{y:.2f}<extra></extra>",
    )
    figure.update_layout(hovermode="closest", xaxis={"title": {"text": "Waiting time, as the model has it"}})
    return figure
