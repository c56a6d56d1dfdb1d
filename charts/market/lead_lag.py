"""Who moved first: the lead with its interval, and the contrast it is read from."""

from __future__ import annotations

from html import escape
from typing import Any

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.words import clock

NONE = "\u00a0not decided"
Row = dict[str, Any]


def leads(estimates: pl.DataFrame) -> go.Figure:
    """A row per window (`analytics.market.first_movers.estimates`): the lead as a dot with its interval,
    or that it is not decided.

    Right of the middle the first series leads. Raises ValueError when several pairs are mixed.
    """
    if estimates.select("first", "second").n_unique() != 1:
        raise ValueError("Leads of different pairs may not share an axis.")
    figure = theme.figure(96 + 40 * estimates.height, legend=False)
    windows = [_window(row, place) for place, row in enumerate(estimates.iter_rows(named=True))]
    rows = list(zip(windows, estimates.iter_rows(named=True), strict=True))
    decided = [(name, row) for name, row in rows if row["lag_s"] is not None]
    _decided(figure, decided)
    _undecided(figure, [(name, row) for name, row in rows if row["lag_s"] is None])
    reach = max([10.0, *(abs(row[end]) * 1.15 for _, row in decided for end in ("low_s", "high_s"))])
    figure.add_vline(x=0, line={"width": 1, "color": theme.EVENT})
    _sides(figure, *(escape(estimates[column][0]) for column in ("first", "second")))
    figure.update_layout(
        hovermode="closest",
        margin={"t": 48},
        xaxis={"title": {"text": "Seconds"}, "range": [-reach, reach], "showgrid": True},
        yaxis={"autorange": "reversed", "type": "category", "categoryorder": "array", "categoryarray": windows},
    )
    return figure


def _decided(figure: go.Figure, rows: list[tuple[str, Row]]) -> None:
    figure.add_scatter(
        x=[row["lag_s"] for _, row in rows],
        y=[name for name, _ in rows],
        mode="markers",
        marker={"size": 12, "color": [_colour(row) for _, row in rows]},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [row["high_s"] - row["lag_s"] for _, row in rows],
            "arrayminus": [row["lag_s"] - row["low_s"] for _, row in rows],
            "thickness": 2.5,
            "width": 6,
            "color": theme.OTHER,
        },
        customdata=[(row["low_s"], row["high_s"]) for _, row in rows],
        hovertemplate="%{y}: %{x:+.0f} s, between %{customdata[0]:+.0f} and %{customdata[1]:+.0f} s<extra></extra>",
    )


def _undecided(figure: go.Figure, rows: list[tuple[str, Row]]) -> None:
    figure.add_scatter(
        x=[0] * len(rows),
        y=[name for name, _ in rows],
        mode="text",
        text=[NONE] * len(rows),
        textposition="middle right",
        textfont={"size": 12, "color": theme.OTHER},
        customdata=[escape(row["refusal"] or "") for _, row in rows],
        hovertemplate="%{y}: %{customdata}<extra></extra>",
    )


def _sides(figure: go.Figure, first: str, second: str) -> None:
    for place, name in ((0.0, f"◀ {second} first"), (1.0, f"{first} first ▶")):
        figure.add_annotation(
            x=place,
            xref="paper",
            xanchor="left" if place == 0 else "right",
            y=1,
            yref="paper",
            yanchor="bottom",
            yshift=16 * place,  # on a phone they would cover each other
            text=name,
            showarrow=False,
        )


def contrast(rows: pl.DataFrame) -> go.Figure:
    """How closely two series move together at each lag (`analytics.market.first_movers.contrast`),
    with its 95 % band."""
    figure = theme.figure(300, alt_axis="Moving together", legend=False)
    lags = rows["lag_s"].to_list()
    figure.add_scatter(x=lags, y=rows["high"].to_list(), mode="lines", line={"width": 0}, hoverinfo="skip")
    figure.add_scatter(
        x=lags,
        y=rows["low"].to_list(),
        mode="lines",
        line={"width": 0},
        fill="tonexty",
        fillcolor=theme.faint(theme.ACCENT),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=lags,
        y=rows["together"].to_list(),
        mode="lines",
        line={"width": 2, "color": theme.ACCENT},
        hovertemplate="lag %{x:+.0f} s: %{y:.2f}<extra></extra>",
    )
    figure.add_vline(x=0, line={"width": 1, "color": theme.EVENT})
    figure.update_layout(hovermode="closest", xaxis={"title": {"text": "Lag, seconds; above zero the first leads"}})
    figure.update_yaxes(zeroline=True, zerolinecolor=theme.EVENT, zerolinewidth=1)
    return figure


def _window(row: Row, place: int) -> str:
    words = f"{clock(row['window_start'])}–{clock(row['window_end'])}"
    return f"All, {words}" if place == 0 else words


def _colour(row: Row) -> str:
    """Solid where the interval leaves out zero: somebody led."""
    return theme.ACCENT if row["low_s"] > 0 or row["high_s"] < 0 else theme.OTHER
