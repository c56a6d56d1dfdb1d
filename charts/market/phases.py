"""The phases of a fall over its price, and beneath them those that publications claim."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Any

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.lines import gridded, milliseconds, time_axis
from charts.symbols import quote
from charts.words import usd

COLOURS = {
    "onset": theme.CLASSES[1],
    "cascade": theme.SHORT,
    "capitulation": theme.CLASSES[4],
    "recovery": theme.CLASSES[2],
}
ROW, PRICE = 34, 330
"""Pixels of a published phase, and of the price above them."""

LONGEST_LABEL = 46
"""Letters of a published phase's name that fit beside its strip."""


def by_rule(
    bars: pl.DataFrame, phases: pl.DataFrame, published: pl.DataFrame, start: datetime, end: datetime
) -> go.Figure:
    """A market's bars (`analytics.market.phases.measured`) with its phases (`.by_rule`) as bands, over the published
    ones (`.published`).

    Raises ValueError when the bars are of several markets.
    """
    if bars.select("venue", "market", "symbol", "interval").n_unique() != 1:
        raise ValueError("Phases of different markets may not share an axis.")
    rows = _rows(published, start, end)
    listed = ROW * len(rows)
    below = listed / (listed + PRICE)
    figure = theme.figure(PRICE + listed + 40, alt_axis=f"Price, {escape(quote(bars['symbol'][0]))}", legend=False)
    length = (bars["close_at"][0] - bars["ts"][0]).total_seconds()
    colour = theme.venue_colour(bars["venue"][0])
    for column, line in (("high", {"width": 0}), ("low", {"width": 0}), ("close", {"width": 2, "color": colour})):
        figure.add_scatter(
            **gridded(bars["close_at" if column == "close" else "ts"], bars[column], length),
            mode="lines",
            line=line,
            fill="tonexty" if column == "low" else None,
            fillcolor=theme.faint(colour),
            hovertemplate=f"{column} %{{y:,.7~r}}<extra></extra>",
        )
    _bands(figure, phases, bars["close_at"][-1])
    _names(figure, phases, bars["close_at"][-1])
    figure.update_layout(
        xaxis=time_axis(start, end, anchor="y2" if rows else "y"),
        yaxis={"domain": [below and below + 0.03, 1]},
        uirevision=f"{start}{end}",
    )
    if rows:
        _published(figure, rows, below, start, end)
    return figure


def _bands(figure: go.Figure, phases: pl.DataFrame, last: datetime) -> None:
    for phase in phases.iter_rows(named=True):
        figure.add_vrect(
            x0=milliseconds(phase["begins"]),
            x1=milliseconds(phase["ends"] or last),
            fillcolor=theme.faint(COLOURS[phase["phase"]]),
            line_width=0,
            layer="below",
        )


def _names(figure: go.Figure, phases: pl.DataFrame, last: datetime) -> None:
    """The phases' names, each a row lower than the one before, so that short phases do not cover each other's."""
    for place, phase in enumerate(phases.iter_rows(named=True)):
        begins, ends = milliseconds(phase["begins"]), milliseconds(phase["ends"] or last)
        figure.add_annotation(
            x=(begins + ends) / 2,
            xref="x",
            y=1 - 0.055 * place,
            yref="paper",
            text=f"<b>{phase['phase']}</b>",
            showarrow=False,
            font={"size": 12, "color": COLOURS[phase["phase"]]},
        )


def _rows(published: pl.DataFrame, start: datetime, end: datetime) -> list[dict[str, Any]]:
    reach = published.filter((pl.col("begins") < end) & (pl.col("ends").fill_null(pl.col("begins")) >= start))
    return list(reach.iter_rows(named=True))


def _published(figure: go.Figure, rows: list[dict[str, Any]], below: float, start: datetime, end: datetime) -> None:
    middle = start + (end - start) / 2
    names = [escape(_short(_words(row))) for row in rows]
    for place, (row, name) in enumerate(zip(rows, names, strict=True)):
        begins, ends = row["begins"], row["ends"] or row["begins"]
        moment = row["ends"] is None
        figure.add_scatter(
            x=[milliseconds(begins), milliseconds(ends)],
            y=[place, place],
            mode="markers" if moment else "lines",
            yaxis="y2",
            line={"width": 9, "color": theme.OTHER},
            marker={"size": 9, "color": theme.OTHER, "symbol": "diamond"},
            hovertemplate=f"{escape(str(row['label']))}<br>{begins:%H:%M}"
            + ("" if moment else f"–{ends:%H:%M}")
            + " UTC<extra></extra>",
        )
        late = begins >= middle
        figure.add_annotation(
            x=milliseconds(min(ends, end) if late else max(begins, start)),
            xref="x",
            y=place,
            yref="y2",
            text=name,
            showarrow=False,
            xanchor="right" if late else "left",
            yshift=13,
            font={"size": 11},
        )
    figure.update_layout(
        yaxis2={"domain": [0, below - 0.02], "range": [len(rows) - 0.4, -1.0], "visible": False, "fixedrange": True}
    )


def _words(row: dict[str, Any]) -> str:
    if row["ends"] is None:
        return str(row["label"])
    return f"{row['origin']}, {str(row['label']).removeprefix('liquidations, ')}: {usd(row['value_usd'])}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"
