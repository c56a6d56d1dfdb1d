"""An exchange in a ranking over time: its place, and its trailing volume."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.words import number, usd, utc

STYLES = ("solid", "dot", "dash")


def place(ranks: pl.DataFrame) -> go.Figure:
    """The rank at each reading, the first place on top (`analytics.exchange.ranks`, one market).

    Raises ValueError when markets are mixed: each has a ranking of its own.
    """
    figure = _lines(ranks.filter(pl.col("rank").is_not_null()), "rank", "Rank", 1)
    figure.update_yaxes(autorange="reversed", tickformat="d")
    return figure


def volume(ranks: pl.DataFrame) -> go.Figure:
    """The trailing 24 h volume at each reading, in thousand BTC (`analytics.exchange.ranks`, one market).

    In BTC alone, for the price of each past instant is not always known. Raises ValueError when markets are mixed.
    """
    figure = _lines(
        ranks.filter(pl.col("volume_24h_btc").is_not_null()), "volume_24h_btc", "Trailing 24 h, thousand BTC", 1e3
    )
    figure.update_yaxes(rangemode="tozero")
    return figure


def _lines(ranks: pl.DataFrame, column: str, title: str, scale: float) -> go.Figure:
    if ranks["market"].n_unique() > 1:
        raise ValueError("Spot and futures are ranked apart: they may not share an axis.")
    figure = theme.figure(280, alt_axis=title, legend=ranks["origin"].n_unique() > 1)
    parts = ranks.partition_by("origin", maintain_order=True)
    for part, dash in zip(parts, STYLES, strict=False):
        figure.add_scatter(
            x=part["as_of"].to_list(),
            y=(part[column] / scale).to_list(),
            mode="lines+markers" if part.height < 200 else "lines",
            name=escape(part["origin"][0]),
            line={"width": 2, "color": theme.ACCENT, "dash": dash},
            marker={"size": 6},
            customdata=[escape(_words(row)) for row in part.iter_rows(named=True)],
            hovertemplate="%{customdata}<extra></extra>",
        )
    figure.update_layout(hovermode="closest")
    return figure


def _words(row: dict[str, object]) -> str:
    said = [utc(row["as_of"], row["as_of_precision"])]
    said += [f"rank {row['rank']}"] if row["rank"] else []
    said += [f"{number(row['volume_24h_btc'])} BTC"] if row["volume_24h_btc"] is not None else []
    said += [usd(row["volume_24h_usd"])] if row["volume_24h_usd"] is not None else []
    return ", ".join(said)
