"""Exchanges with what was reported, what it bounds, and what it would take to turn their order."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.words import usd

ROW_PX = 46
"""Pixels of a row."""


def ladder(ranked: pl.DataFrame) -> go.Figure:
    """One board's exchanges (`analytics.liquidations.bounds.of_board`): a bar up to the bound,
    and a mark at what the board reports.

    Where the feed hides liquidations, an arrow says that no upper end is known.
    Raises ValueError when exchanges of several boards are mixed.
    """
    if ranked["board"].n_unique() != 1:
        raise ValueError("Exchanges of different boards may not share an axis.")
    figure = theme.figure(90 + ROW_PX * ranked.height)
    rows = ranked.with_row_index("row")
    reach = max(rows.select(pl.max_horizontal("bound_usd", "high_usd").max()).item() or 0, 1)
    unit, scale = ("billion", 1e9) if reach >= 1e9 else ("million", 1e6)
    _bounds(figure, rows, scale)
    _open_ends(figure, rows.filter(pl.col("high_usd").is_null()), scale, 1.12 * reach)
    _reported(figure, rows, scale)
    figure.update_layout(
        hovermode="closest",
        legend={"traceorder": "normal"},
        xaxis={"title": {"text": f"USD {unit}"}, "range": [0, 1.16 * reach / scale]},
        yaxis={
            "range": [rows.height - 0.4, -0.7],
            "tickvals": rows["row"].to_list(),
            "ticktext": [escape(name) for name in rows["name"]],
        },
    )
    return figure


def _bounds(figure: go.Figure, rows: pl.DataFrame, scale: float) -> None:
    figure.add_bar(
        y=rows["row"].to_list(),
        x=(rows["bound_usd"] / scale).to_list(),
        orientation="h",
        width=0.5,
        name="at least",
        marker={"color": [theme.venue_colour(venue) for venue in rows["venue"]]},
        customdata=[
            [escape(str(text)) for text in row]
            for row in rows.select("name", "bound_input", pl.col("regime").fill_null("not known")).iter_rows()
        ],
        hovertemplate=(
            "<b>%{customdata[0]}</b><br>at least by: %{customdata[1]}<br>feed: %{customdata[2]}<extra></extra>"
        ),
    )


def _reported(figure: go.Figure, rows: pl.DataFrame, scale: float) -> None:
    figure.add_scatter(
        x=(rows["reported_usd"] / scale).to_list(),
        y=rows["row"].to_list(),
        mode="markers",
        name="reported on the board",
        marker={"symbol": "line-ns", "size": 24, "line": {"width": 3, "color": theme.SHORT}},
        customdata=[usd(value) for value in rows["reported_usd"]],
        hovertemplate="reported: %{customdata}<extra></extra>",
    )


def turns(turning: pl.DataFrame) -> go.Figure:
    """How many times what its feed showed would make each exchange the first
    (`analytics.liquidations.rank.turning_points`), beside what an estimate implies.

    Raises ValueError when exchanges of several boards are mixed.
    """
    if turning["board"].n_unique() != 1:
        raise ValueError("Exchanges of different boards may not share an axis.")
    figure = theme.figure(100 + ROW_PX * turning.height, legend=False)
    figure.update_layout(margin={"t": 22})
    rows = list(range(turning.height))
    implied = turning["implied_high"][0]
    if implied is not None:
        _implied(figure, turning["implied_low"][0], implied)
    figure.add_bar(
        y=rows,
        x=(turning["factor"] - 1).to_list(),
        base=1,
        orientation="h",
        width=0.5,
        marker={"color": [theme.venue_colour(venue) for venue in turning["venue"]]},
        text=[f"{factor:.1f} times" for factor in turning["factor"]],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
    )
    reach = max(turning.select(pl.max("factor")).item(), implied or 1)
    figure.update_layout(
        xaxis={
            "title": {"text": "Times what its feed showed"},
            "range": [1, 1.25 * reach],
            "showgrid": True,
        },
        yaxis={
            "range": [turning.height - 0.4, -0.6],
            "tickvals": rows,
            "ticktext": [escape(name) for name in turning["name"]],
        },
    )
    return figure


def _implied(figure: go.Figure, low: float, high: float) -> None:
    figure.add_vrect(x0=low, x1=high, fillcolor=theme.faint(theme.SHORT), line_width=0, layer="below")
    text = f"{low:.1f} to {high:.1f}: by the estimate"
    figure.add_annotation(x=(low + high) / 2, y=1, yref="paper", yanchor="bottom", showarrow=False, text=text)


def _open_ends(figure: go.Figure, rows: pl.DataFrame, scale: float, edge: float) -> None:
    for row, start in rows.select("row", "bound_usd").iter_rows():
        figure.add_annotation(
            x=edge / scale,
            ax=start / scale,
            y=row,
            ay=row,
            axref="x",
            ayref="y",
            showarrow=True,
            arrowhead=2,
            arrowwidth=1.5,
            arrowcolor=theme.OTHER,
            text="",
        )
