"""Loans closed by selling their collateral, each scope on an axis of its own over one time axis."""

from __future__ import annotations

from datetime import datetime
from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import scopes, theme
from charts.market.price import moment

PANEL_PX, GAP = 150, 0.09
COLOURS = ("#8866bb", "#0b6bcb", "#b0487a", "#5d7d1f")
"""Lending protocols are no exchanges: colours of their own, in the order of the panels."""


def panels(events: pl.DataFrame, start: datetime, end: datetime) -> go.Figure:
    """A panel a scope (`analytics.liquidations.loans.events`): needles for blocks, bars for longer steps; USD millions,
    or the quantity where no USD is counted. Scopes share the time axis, never a scale or a sum."""
    parts = events.partition_by("scope", maintain_order=True)
    figure = theme.figure(70 + PANEL_PX * len(parts), legend=False)
    height = (1 - GAP * (len(parts) - 1)) / max(len(parts), 1)
    for place, part in enumerate(parts):
        top = 1 - place * (height + GAP)
        axis = "yaxis" if place == 0 else f"yaxis{place + 1}"
        _panel(figure, part, axis, COLOURS[place % len(COLOURS)])
        figure.update_layout({axis: {"domain": [max(top - height, 0), top], "automargin": True, "zeroline": False}})
        figure.add_annotation(
            text=f"<b>{escape(part['universe'][0])}</b>",
            x=0, y=top, xref="paper", yref="paper", xanchor="left", yanchor="bottom", showarrow=False,
            font={"size": 12},
        )  # fmt: skip
    last = "y" if len(parts) < 2 else f"y{len(parts)}"
    figure.update_layout(
        hovermode="closest",
        margin={"t": 30},
        xaxis={"type": "date", "range": [moment(start), moment(end)], "anchor": last},
    )
    return figure


def _panel(figure: go.Figure, part: pl.DataFrame, axis: str, colour: str) -> None:
    scopes.single(part)
    dollars = part["amount_usd"].is_not_null().all()
    values = (part["amount_usd"] / 1e6 if dollars else part["amount_base"]).to_list()
    unit = "USD m" if dollars else part["asset"][0]
    reference = axis.replace("axis", "")
    shown = f"{unit} %{{y:,.3~r}}<extra>%{{customdata}}</extra>"
    if part["step_seconds"][0]:
        figure.add_bar(
            x=[moment(ts) for ts in part["ts"]],
            y=values,
            width=part["step_seconds"][0] * 1000,
            offset=0,
            yaxis=reference,
            marker={"color": theme.faint(colour), "line": {"color": colour, "width": 1.5}},
            customdata=[escape(asset) for asset in part["asset"]],
            hovertemplate=f"from %{{x|%H:%M}} UTC: {shown}",
        )
    else:
        _needles(figure, part, values, reference, colour, shown)
    figure.update_layout({axis: {"title": {"text": unit, "standoff": 8}, "rangemode": "tozero"}})


def _needles(
    figure: go.Figure, part: pl.DataFrame, values: list[float], reference: str, colour: str, shown: str
) -> None:
    times = [moment(ts) for ts in part["ts"]]
    figure.add_scatter(
        x=[end for ts in times for end in (ts, ts, None)],
        y=[end for value in values for end in (0, value, None)],
        mode="lines",
        yaxis=reference,
        line={"width": 1.5, "color": colour},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=times,
        y=values,
        mode="markers",
        yaxis=reference,
        marker={"size": 7, "color": colour},
        customdata=[escape(asset) for asset in part["asset"]],
        hovertemplate=f"%{{x|%H:%M:%S}} UTC: {shown}",
    )
