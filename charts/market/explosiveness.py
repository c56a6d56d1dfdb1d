"""How explosive liquidations were: their rate, the branching ratio with either background, and how the model fits."""

from __future__ import annotations

from datetime import datetime

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.lines import milliseconds, time_axis


def intensity(rows: pl.DataFrame, start: datetime, end: datetime) -> go.Figure:
    """Liquidations a minute over time (`analytics.market.explosiveness.intensity`). Raises ValueError when venues are
    mixed."""
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
    """The branching ratio of each part (`analytics.market.explosiveness.fits`) with either background;
    hollow where there is no verdict."""
    fitted = fits.filter(pl.col("constant").is_not_null())
    figure = theme.figure(150 + 64 * fitted.height)
    ends = [row[name] for row in fitted.iter_rows(named=True) for name in ("constant_high", "varying_high")]
    reach = max(1.2, *(1.1 * end for end in ends if end is not None)) if any(ends) else 1.2
    for name, colour, shift in (("constant", theme.OTHER, -0.14), ("varying", theme.ACCENT, 0.14)):
        _fitted(figure, fitted, name, colour, shift, reach)
    figure.add_vline(x=1, line={"width": 1, "dash": "dot", "color": theme.SHORT}, annotation={"text": "feeds itself"})
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": {"text": "Liquidations that one sets off"}, "range": [0, reach], "showgrid": True},
        yaxis={
            "tickvals": list(range(fitted.height)),
            "ticktext": fitted["part"].to_list(),
            "range": [fitted.height - 0.5, -0.5],
        },
    )
    return figure


def _fitted(figure: go.Figure, fitted: pl.DataFrame, name: str, colour: str, shift: float, reach: float) -> None:
    """The ratios with one background, each with its interval as far as the axis reaches."""
    low, high = (
        fitted[f"{name}_{end}"].fill_null(fitted[name] if end == "low" or name == "varying" else reach)
        for end in ("low", "high")
    )
    figure.add_scatter(
        x=fitted[name].to_list(),
        y=[place + shift for place in range(fitted.height)],
        name=f"{name} background",
        mode="markers",
        marker={
            "size": 11,
            "color": colour,
            "symbol": ["circle" if known else "circle-open" for known in fitted["branching_low"].is_not_null()],
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (high - fitted[name]).to_list(),
            "arrayminus": (fitted[name] - low).to_list(),
            "thickness": 2.5,
            "width": 6,
            "color": colour,
        },
        customdata=fitted.select("part", "events").rows(),
        hovertemplate=(f"%{{customdata[0]}}, {name} background: %{{x:.2f}}<extra>%{{customdata[1]:,}} events</extra>"),
    )


def residuals(rows: pl.DataFrame) -> go.Figure:
    """Waiting times in the model's own time beside theory (`analytics.market.explosiveness.residuals`): the nearer to
    the line, the better the fit."""
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
