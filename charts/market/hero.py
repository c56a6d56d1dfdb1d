"""The picture of the day: the price, and under it on the same axis what was closed by force, in dollars."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from charts import scopes, theme
from charts.market.price import moment, path_with_moments
from charts.who_paid.adl_seconds import add_seconds
from charts.words import usd

HEIGHT = 780
WINDOWS = "#b87a1c"
"""Published windows are no measured minutes: a colour that no exchange has."""
PANELS = {"yaxis": (0.46, 1.0), "yaxis2": (0.31, 0.42), "yaxis3": (0.155, 0.265), "yaxis4": (0.0, 0.11)}


def picture(bars: pl.DataFrame, moments: pl.DataFrame, windows: pl.DataFrame, closed: pl.DataFrame) -> go.Figure:
    """Price with numbered moments; liquidations of published windows as dollars a minute by powers of ten
    (`analytics.liquidations.pace.by_window`, of one universe); auto-deleveraging of one venue by second and in all so
    far (`analytics.who_paid.adl_seconds.by_second`). Each on a scale of its own: they count different things. The price
    alone where nothing else is known. Raises ValueError where universes or scopes are mixed.
    """
    figure = path_with_moments(bars, moments)
    if windows.is_empty() and closed.is_empty():
        return figure
    if windows.height and windows.select("origin", "universe").n_unique() != 1:
        raise ValueError("Windows of different universes may not share an axis.")
    _steps(figure, windows)
    if closed.height:
        scopes.single(closed)
        add_seconds(figure, closed, "y3", "y4")
    axis = {"automargin": True, "zeroline": False}
    titles = ("USD m/min", "USD m/s", "USD bn")
    figure.update_layout(
        height=HEIGHT,
        bargap=0,
        hovermode="closest",
        xaxis={"anchor": "y4", "range": [moment(bars["ts"][0]), moment(bars["ts"][-1])]},
        yaxis={"domain": PANELS["yaxis"]},
        yaxis2={**axis, "domain": PANELS["yaxis2"], "type": "log", "tickvals": [1, 10, 100, 1000], "showgrid": True},
        yaxis3={**axis, "domain": PANELS["yaxis3"]},
        yaxis4={**axis, "domain": PANELS["yaxis4"]},
    )
    for name, title in zip(("yaxis2", "yaxis3", "yaxis4"), titles, strict=True):
        figure.layout[name].title = {"text": title, "standoff": 8}
    return figure


def _steps(figure: go.Figure, windows: pl.DataFrame) -> None:
    """A window that holds others is told by them."""
    parts = windows.filter(pl.col("depth") > 0) if windows.height and windows["depth"].max() else windows
    figure.add_bar(
        x=[moment(ts) for ts in parts["window_start"]],
        y=(parts["usd_a_minute"] / 1e6).to_list(),
        width=(parts["minutes"] * 60_000).to_list(),
        offset=0,
        yaxis="y2",
        marker={"color": theme.faint(WINDOWS), "line": {"color": WINDOWS, "width": 2}},
        customdata=[f"{label}: {usd(value)}" for label, value in parts.select("window_label", "usd").iter_rows()],
        hovertemplate="%{customdata}, $%{y:,.3~r} m a minute<extra></extra>",
    )
