"""Auto-deleveraging by second and by coin."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.market.price import ISO
from charts.words import usd

SECOND_MS = 1000
"""The width of a bar, in the milliseconds of a date axis."""


def by_second(counts: pl.DataFrame) -> go.Figure:
    """Counts of one venue (`analytics.who_paid.adl.by_second`): fills of one side above, two-sided records below,
    each on its own axis.

    Raises ValueError when venues are mixed.
    """
    if counts["venue"].n_unique() != 1:
        raise ValueError("Counts of different venues may not share an axis.")
    figure = theme.figure(440, alt_axis="ADL fills, one side", legend=False)
    figure.update_layout(
        bargap=0,
        yaxis={"domain": [0.5, 1]},
        yaxis2={
            "domain": [0, 0.38],
            "automargin": True,
            "zeroline": False,
            "title": {"text": "Records, both sides", "standoff": 8},
        },
        xaxis={"anchor": "y2"},
    )
    times = counts["ts"].dt.to_string(ISO + "%.3f").to_list()
    for column, axis, name, colour in (
        ("adl_fills", "y", "ADL fills, one side", theme.venue_colour(counts["venue"][0])),
        ("liquidated_records", "y2", "Liquidation records, both sides of each trade", theme.OTHER),
    ):
        figure.add_bar(
            x=times,
            y=counts[column].to_list(),
            width=SECOND_MS,
            offset=0,
            yaxis=axis,
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"{name}: %{{y:,}}<extra></extra>",
        )
    return figure


def by_coin(coins: pl.DataFrame) -> go.Figure:
    """Notional closed per coin of one board (`analytics.who_paid.adl.by_coin`), the largest on top.

    Raises ValueError when boards are mixed.
    """
    if coins["board"].n_unique() != 1:
        raise ValueError("Figures of different boards may not share an axis.")
    figure = theme.figure(60 + 22 * coins.height, legend=False)
    millions = (coins["notional_usd"] / 1e6).to_list()
    figure.add_bar(
        y=[escape(asset) for asset in coins["asset"]],
        x=millions,
        orientation="h",
        marker={"color": theme.venue_colour(coins["venue"][0])},
        text=[usd(value) for value in coins["notional_usd"]],
        textposition="outside",
        cliponaxis=False,
        customdata=coins["fills"].to_list(),
        hovertemplate="%{y}: $%{x:,.1f} m in %{customdata:,} fills<extra></extra>",
    )
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": {"text": "USD million"}, "range": [0, 1.15 * max(millions)]},
        yaxis={"autorange": "reversed", "tickmode": "linear"},
    )
    return figure
