"""A price through a crash, with the moments reported on the way."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from typing import Any

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.moments import numbered
from charts.symbols import quote
from charts.words import clock

LINE = ["venue", "market", "symbol", "kind", "interval"]
ISO = "%Y-%m-%dT%H:%M:%S"
MARKERS_ACROSS = 16
"""How many numbered moments fit side by side on a phone."""
STYLES = {"trade": "solid", "pool": "solid", "mark": "dash", "index": "dash"}


def path_with_moments(bars: pl.DataFrame, moments: pl.DataFrame) -> go.Figure:
    """One market's low-to-high band and close, with numbered moments (`moments.number`) above the price they met.

    `bars` are the rows of one series (columns of `analytics.market.prices.bars`). Gaps stay gaps.
    """
    figure = theme.figure(420, alt_axis=f"Price, {quote(bars['symbol'][0])}", legend=False)
    _band(figure, bars)
    lowest = bars.row(int(bars["low"].arg_min() or 0), named=True)
    _low(figure, lowest)
    highest, span = bars.select(pl.max("high"), span=pl.max("high") - pl.min("low")).row(0)
    places = _places(moments["ts"].to_list(), (bars["ts"][-1] - bars["ts"][0]) / MARKERS_ACROSS)
    heights = [highest + span * (0.05 + 0.075 * place) for place in places]
    figure.add_scatter(**numbered(moments, heights))
    line = {"width": 1, "dash": "dot", "color": theme.EVENT}
    met = moments.sort("ts").join_asof(bars.select("ts", "high").sort("ts"), on="ts")["high"].fill_null(highest)
    # One update for all: a call of add_shape each would cost as much as the rest of the page.
    figure.update_layout(
        yaxis={"range": [lowest["low"] - 0.1 * span, max([highest, *heights]) + 0.06 * span]},
        shapes=[
            {"type": "line", "x0": ts, "x1": ts, "y0": price, "y1": height, "line": line}
            for ts, price, height in zip(moments.sort("ts")["ts"], met, heights, strict=True)
        ],
    )
    return figure


def _band(figure: go.Figure, bars: pl.DataFrame) -> None:
    colour = theme.venue_colour(bars["venue"][0])
    times = bars["ts"].to_list()
    figure.add_scatter(
        x=times, y=bars["high"].to_list(), mode="lines", line={"width": 0}, hoverinfo="skip", showlegend=False
    )
    figure.add_scatter(
        x=times,
        y=bars["low"].to_list(),
        mode="lines",
        line={"width": 0},
        fill="tonexty",
        fillcolor=theme.faint(colour),
        hovertemplate="low %{y:,.1f}<extra></extra>",
    )
    figure.add_scatter(
        x=times,
        y=bars["close"].to_list(),
        mode="lines",
        line={"width": 2, "color": colour},
        hovertemplate="close %{y:,.1f}<extra></extra>",
    )


def _low(figure: go.Figure, lowest: dict[str, Any]) -> None:
    figure.add_scatter(
        x=[lowest["ts"]],
        y=[lowest["low"]],
        mode="markers+text",
        marker={"size": 9, "color": theme.SHORT},
        text=[f"low {lowest['low']:,.1f}"],
        textposition="bottom center",
        hovertemplate="lowest print %{y:,.1f}<extra></extra>",
    )


def _places(moments: list[datetime], apart: timedelta) -> list[int]:
    """The lowest row of each moment in which it stands clear of the ones before it."""
    last: list[datetime] = []
    places = []
    for ts in moments:
        place = next((row for row, taken in enumerate(last) if ts - taken >= apart), len(last))
        last[place : place + 1] = [ts]
        places.append(place)
    return places


def by_venue(
    paths: pl.DataFrame, start: datetime, end: datetime, reference: datetime | None = None, height: int = 460
) -> go.Figure:
    """One asset's prices market by market (`analytics.market.prices.paths`), and the lowest of each,
    over the whole chosen range.

    A close is drawn where its bar ends; a low is drawn across the bar it lies in, for its moment within the bar is
    not known. Bars too long for a line show their low only, and a market that was silent at the asset's low has none.
    With a `reference` all are percent of each market's own price at that time. A missing bar breaks the line. Raises
    ValueError when the quote currencies do not compare.
    """
    if paths["unit"].n_unique() > 1:
        raise ValueError("Prices in different currencies may not share an axis.")
    suffix = "_pct" if reference else ""
    figure = theme.figure(height, alt_axis=_axis(paths, reference))
    figure.update_layout(
        xaxis={"range": [moment(start), moment(end)]},
        uirevision=f"{moment(start)}{moment(end)}{suffix}",
        hovermode="closest",
    )
    perps = set(paths.filter((pl.col("market") == "perp") & (pl.col("kind") == "trade"))["venue"])
    traded = paths.filter(pl.col("kind") == "trade").partition_by(LINE, maintain_order=True)
    only = traded[0] if len(traded) == 1 else paths.clear()
    traded_first = paths.sort(pl.col("kind") != "trade", *LINE, "ts")
    for line in traded_first.partition_by(LINE, maintain_order=True):
        if line.equals(only):
            _range(figure, line, suffix, label(line.row(0, named=True)))
        if line[f"close{suffix}"].is_not_null().any():
            _draw(figure, line, suffix, dotted=line["market"][0] == "spot" and line["venue"][0] in perps)
    if reference:
        figure.add_hline(y=100, line={"width": 1, "color": theme.EVENT})
    if reference and start <= reference <= end:
        figure.add_vline(x=moment(reference), line={"width": 1, "dash": "dot", "color": theme.EVENT})
    return figure


def moment(ts: datetime) -> str:
    """A time as Plotly reads it: without a zone, and so never shifted to the reader's own."""
    return ts.strftime(ISO)


def label(row: dict[str, str]) -> str:
    """A series in words: venue, pair, market where it is not spot, kind where it is not a trade, length of the bar."""
    pair = row["symbol"].split(":")[0]
    kind = {"trade": "", "pool": ", pool state"}.get(row["kind"], f", {row['kind']}")
    market = "" if row["market"] in ("spot", "pool") else f" {row['market']}"
    return escape(f"{row['name']} {pair}{market}{kind}, {row['interval']}")


def _draw(figure: go.Figure, line: pl.DataFrame, suffix: str, dotted: bool) -> None:
    first = line.row(0, named=True)
    name, colour = label(first), theme.venue_colour(first["venue"])
    points = _points(line, suffix)
    dash = "dot" if dotted else STYLES.get(first["kind"], "dash")
    shown = "%{y:,.2f} %" if suffix else "%{y:,.8~r}"
    if not first["coarse"]:
        figure.add_scatter(
            x=points["x"].to_list(),
            y=points["y"].to_list(),
            mode="lines",
            name=name,
            legendgroup=name,
            connectgaps=False,
            line={"width": 1.8, "color": colour, "dash": dash},
            hovertemplate=f"<b>{name}</b><br>%{{x|%H:%M:%S}} UTC: {shown}<extra></extra>",
        )
    if first["silent"]:
        return
    low = line.row(int(line["low"].arg_min() or 0), named=True)
    across = [low["ts"], low["ts"] + (low["close_at"] - low["ts"]) / 2, low["close_at"]]
    figure.add_scatter(
        x=[moment(ts) for ts in across],
        y=[low[f"low{suffix}"]] * 3,
        mode="lines+markers",
        name=name,
        legendgroup=name,
        showlegend=first["coarse"],
        line={"width": 2, "color": colour},
        marker={"size": [0, 8, 0], "color": colour, "symbol": "circle" if first["kind"] == "trade" else "circle-open"},
        hovertemplate=(
            f"<b>{name}</b><br>lowest {shown},<br>between {clock(low['ts'], 'second')} and "
            f"{clock(low['close_at'], 'second')} UTC<extra></extra>"
        ),
    )


def _range(figure: go.Figure, line: pl.DataFrame, suffix: str, name: str) -> None:
    """The band from low to high of the only traded market, where its lowest bar closed far above: else the dot of the
    low would hang in the air."""
    spread = line.select(pl.max("close") - pl.min("close")).item()
    if suffix or spread is None:
        return
    deepest = line.sort("low", nulls_last=True).row(0, named=True)
    if (deepest["close"] or deepest["low"]) - deepest["low"] < 0.1 * spread:
        return
    for edge, fill in (("high", None), ("low", "tonexty")):
        figure.add_scatter(
            x=[moment(ts) for ts in line["close_at"]],
            y=line[edge].to_list(),
            mode="lines",
            line={"width": 0},
            fill=fill,
            fillcolor=theme.faint(theme.venue_colour(line["venue"][0])),
            name=name,
            legendgroup=name,
            showlegend=False,
            hoverinfo="skip",
        )


def _points(line: pl.DataFrame, suffix: str) -> pl.DataFrame:
    """The line's corners: each close at the end of its bar, an opening where a run of bars begins,
    a null where it ends."""
    begins = (pl.col("ts") != pl.col("close_at").shift(1)).fill_null(True)
    ends = (pl.col("ts").shift(-1) > pl.col("close_at")).fill_null(False)
    corners = [
        line.select(x="close_at", y=f"close{suffix}", place=pl.lit(0)),
        line.filter(ends).select(x="close_at", y=pl.lit(None, pl.Float64), place=pl.lit(1)),
        line.filter(begins).select(x="ts", y=f"open{suffix}", place=pl.lit(2)),
    ]
    return pl.concat(corners).sort("x", "place").with_columns(pl.col("x").dt.to_string(ISO))


def _axis(paths: pl.DataFrame, reference: datetime | None) -> str:
    quotes = " and ".join(escape(each) for each in paths["quote"].unique().sort())
    if reference:
        return f"% of each market's own price at {clock(reference)} UTC"
    return f"Price, {quotes}" + (" (see legend)" if paths["quote"].n_unique() > 1 else "")
