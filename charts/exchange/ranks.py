"""An exchange in a ranking over time: its place, and its trailing volume."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from html import escape
from typing import Any

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.words import number, usd, utc

Row = dict[str, Any]

STYLES = ("solid", "dot", "dash")
APART = timedelta(days=2)
"""Readings further apart are not joined: what was between them is not known."""


def place(ranks: pl.DataFrame) -> go.Figure:
    """The rank at each reading, the first place on top (`analytics.exchange.profile.ranks`, one market).

    Raises ValueError when markets are mixed: each has a ranking of its own.
    """
    placed = ranks.filter(pl.col("rank").is_not_null())
    figure = _lines(placed, "rank", "Rank", 1)
    span: int = placed.select(pl.max("rank") - pl.min("rank")).item()
    figure.update_yaxes(autorange="reversed", tickformat="d", dtick=1 + span // 6)
    return figure


def volume(ranks: pl.DataFrame) -> go.Figure:
    """The trailing 24 h volume at each reading, in thousand BTC (`analytics.exchange.profile.ranks`, one market).

    In BTC alone, for the price of each past instant is not always known. Raises ValueError when markets are mixed.
    """
    figure = _lines(ranks.filter(pl.col("volume_24h_btc").is_not_null()), "volume_24h_btc", "Thousand BTC", 1e3)
    figure.update_yaxes(rangemode="tozero")
    return figure


def _lines(ranks: pl.DataFrame, column: str, title: str, scale: float) -> go.Figure:
    if ranks["market"].n_unique() > 1:
        raise ValueError("Spot and futures are ranked apart: they may not share an axis.")
    figure = theme.figure(280, alt_axis=title, legend=ranks["origin"].n_unique() > 1)
    parts = ranks.partition_by("origin", maintain_order=True)
    for part, dash in zip(parts, STYLES, strict=False):
        rows = list(_with_gaps(part))
        figure.add_scatter(
            x=[row and row["as_of"] for row in rows],
            y=[row and row[column] / scale for row in rows],
            mode="lines+markers",
            name=escape(part["origin"][0]),
            line={"width": 2, "color": theme.ACCENT, "dash": dash},
            marker={"size": 6},
            customdata=[row and escape(_words(row)) for row in rows],
            hovertemplate="%{customdata}<extra></extra>",
        )
    figure.update_layout(hovermode="closest")
    return figure


def _with_gaps(part: pl.DataFrame) -> Iterator[Row | None]:
    """The readings in order of time, with a gap wherever two of them are too far apart."""
    before: Row | None = None
    for row in part.sort("as_of").iter_rows(named=True):
        if before and row["as_of"] - before["as_of"] > APART:
            yield None
        yield (before := row)


def _words(row: Row) -> str:
    said = [utc(row["as_of"], row["as_of_precision"])]
    said += [f"rank {row['rank']}"] if row["rank"] else []
    said += [f"{number(row['volume_24h_btc'])} BTC"] if row["volume_24h_btc"] is not None else []
    said += [usd(row["volume_24h_usd"])] if row["volume_24h_usd"] is not None else []
    return ", ".join(said)
