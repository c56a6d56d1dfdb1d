"""How fast liquidations came: published windows as steps of dollars a minute."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.market.price import moment
from charts.words import usd

COLOURS = ("#b87a1c", "#c2410c")
"""Published windows are no measured minutes: colours that no exchange and no protocol has. The second is that of a
window inside another."""


def steps(windows: pl.DataFrame) -> go.Figure:
    """Windows of one universe (`analytics.liquidations.pace.by_window`), the whole left out: as wide as they are long,
    dollars a minute by powers of ten. Raises ValueError where universes are mixed."""
    if windows.select("origin", "universe").n_unique() != 1:
        raise ValueError("Windows of different universes may not share an axis.")
    parts = windows.filter(pl.col("depth") > 0) if windows["depth"].max() else windows
    figure = theme.figure(340, alt_axis="USD million a minute", legend=False)
    pace = (parts["usd_a_minute"] / 1e6).to_list()
    figure.add_bar(
        x=[moment(ts) for ts in parts["window_start"]],
        y=pace,
        width=(parts["minutes"] * 60_000).to_list(),
        offset=0,
        marker={
            "color": [theme.faint(COLOURS[min(depth - 1, 1)]) for depth in parts["depth"]],
            "line": {"color": [COLOURS[min(depth - 1, 1)] for depth in parts["depth"]], "width": 2},
        },
        customdata=[f"{label}: {usd(value)}" for label, value in parts.select("window_label", "usd").iter_rows()],
        hovertemplate="%{customdata}, $%{y:,.3~r} m a minute<extra></extra>",
    )
    _labels(figure, parts)
    figure.update_layout(
        barmode="overlay",
        hovermode="closest",
        yaxis={"type": "log", "range": [0, 4.1], "tickvals": [1, 10, 100, 1000], "showgrid": True},
        xaxis={"type": "date"},
    )
    return figure


def _labels(figure: go.Figure, parts: pl.DataFrame) -> None:
    """The pace over each window; left of it where another window stands inside."""
    inner = parts.filter(pl.col("depth") > 1).select(inner_start="window_start")
    within = pl.col("inner_start").is_between("window_start", "window_end", closed="left")
    split = parts.filter(pl.col("depth") < 2).join_where(inner, within)["window_start"].to_list()
    middles = parts["window_start"] + (parts["window_end"] - parts["window_start"]) / 2
    figure.add_scatter(
        x=[moment(ts) for ts in middles],
        y=(parts["usd_a_minute"] / 1e6).to_list(),
        mode="text",
        text=[f"{usd(value)} a minute" for value in parts["usd_a_minute"]],
        textposition=[
            "top left" if start in split and depth < 2 else "top center"
            for start, depth in parts.select("window_start", "depth").iter_rows()
        ],
        hoverinfo="skip",
    )
