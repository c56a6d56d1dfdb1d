"""Auto-deleveraging second by second: coin by coin, and summed up beside the price."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import scopes, theme
from charts.market.price import moment
from charts.symbols import quote
from charts.words import clock, usd

ROW_PX = 24
STEPS = (1e3, 1e4, 1e5, 1e6, 1e7, 1e8)
"""Dollars at which the colour scale is labelled."""
SCALE = ((0.0, "rgba(63,154,134,0.18)"), (0.72, "rgba(63,154,134,1)"), (1.0, "#a3231b"))
"""From nearly the background, light or dark, to full colour at $10 m, and red for the largest."""
SECOND = 1000
"""Width of a bar of one second, in the milliseconds of a time axis."""


def heatmap(coins: pl.DataFrame) -> go.Figure:
    """A row per coin, a column per second with ADL (`analytics.who_paid.adl_seconds.by_coin`), darker where more
    dollars were closed, by powers of ten. Raises ValueError where scopes are mixed."""
    scopes.single(coins)
    rows = coins.unique(["place", "coin"], keep="first", maintain_order=True).sort("place")
    seconds = coins["ts"].unique().sort()
    table = coins.pivot("ts", index="coin", values="amount_usd", aggregate_function="first").select(
        "coin", *(str(ts) for ts in seconds.cast(pl.String))
    )
    amounts = rows.select("coin").join(table, on="coin", how="left", maintain_order="left").drop("coin")
    figure = theme.figure(110 + ROW_PX * rows.height, legend=False)
    names = [escape("Other coins" if coin == "others" else coin) for coin in rows["coin"]]
    figure.add_heatmap(
        x=[clock(ts, "second") for ts in seconds],
        y=names,
        z=amounts.select(pl.all().clip(1).log10()).to_numpy(),
        text=[[usd(value) if value is not None else "" for value in row] for row in amounts.rows()],
        hoverongaps=False,
        hovertemplate="%{y} at %{x} UTC: %{text}<extra></extra>",
        zmin=3,
        zmax=8.4,
        colorscale=SCALE,
        xgap=0,
        ygap=1,
        colorbar={
            "orientation": "h",
            "y": 1.01,
            "yanchor": "bottom",
            "thickness": 10,
            "tickvals": [3, 4, 5, 6, 7, 8],
            "ticktext": [usd(step) for step in STEPS],
        },
    )
    figure.update_layout(
        hovermode="closest",
        xaxis={"type": "category", "nticks": 8, "tickangle": 0},
        yaxis={"autorange": "reversed", "tickmode": "linear", "type": "category"},
    )
    return figure


def beside_price(seconds: pl.DataFrame, price: pl.DataFrame) -> go.Figure:
    """Three panels over one time axis: a market's price (`analytics.market.prices.bars`; left out where empty), the
    dollars of each second, their sum so far (`analytics.who_paid.adl_seconds.by_second`).

    Raises ValueError where scopes are mixed.
    """
    scopes.single(seconds)
    figure = theme.figure(560 if price.height else 400, legend=False)
    add_seconds(figure, seconds, "y2", "y3")
    _axes(figure, with_price=not price.is_empty())
    if price.height:
        _price(figure, price)
    return figure


def add_seconds(figure: go.Figure, seconds: pl.DataFrame, each: str, so_far: str) -> None:
    """Dollars of each second on one axis of a figure, millions, and their sum so far on another, billions."""
    colour = theme.venue_colour(seconds["venue"][0])
    times = [moment(ts) for ts in seconds["ts"]]
    figure.add_bar(
        x=times,
        y=(seconds["amount_usd"] / 1e6).to_list(),
        width=SECOND,
        offset=0,
        yaxis=each,
        marker={"color": colour, "line": {"width": 1, "color": colour}},
        hovertemplate="%{x|%H:%M:%S} UTC: $%{y:,.1f} m<extra></extra>",
    )
    figure.add_scatter(
        x=times,
        y=(seconds["so_far_usd"] / 1e9).to_list(),
        mode="lines",
        yaxis=so_far,
        line={"width": 2, "color": colour, "shape": "hv"},
        fill="tozeroy",
        fillcolor=theme.faint(colour),
        hovertemplate="closed by %{x|%H:%M:%S} UTC: $%{y:,.2f} bn<extra></extra>",
    )


def _price(figure: go.Figure, price: pl.DataFrame) -> None:
    """Closes where their bars end."""
    line = theme.venue_colour(price["venue"][0])
    length = price["ts"].diff().drop_nulls().min()
    figure.add_scatter(
        x=[moment(ts) for ts in price["ts"] + length],
        y=price["close"].to_list(),
        mode="lines",
        line={"width": 2, "color": line},
        hovertemplate="close at %{x|%H:%M} UTC: %{y:,.1f}<extra></extra>",
    )
    figure.update_layout(yaxis={"title": {"text": escape(f"Price, {quote(price['symbol'][0])}"), "standoff": 8}})


def _axes(figure: go.Figure, with_price: bool) -> None:
    tops = ((0.68, 1.0), (0.36, 0.62), (0.0, 0.3)) if with_price else ((0.99, 1.0), (0.54, 0.96), (0.0, 0.46))
    axis = {"automargin": True, "zeroline": False}
    figure.update_layout(
        hovermode="closest",
        bargap=0,
        yaxis={"domain": tops[0], "visible": with_price},
        yaxis2={**axis, "domain": tops[1], "title": {"text": "USD m a second", "standoff": 8}},
        yaxis3={**axis, "domain": tops[2], "title": {"text": "USD bn so far", "standoff": 8}},
        xaxis={"anchor": "y3", "type": "date"},
    )
