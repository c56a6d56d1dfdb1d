"""Liquidations per exchange, one board at a time."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.words import usd, usd_range

SIDES = (
    ("Long", "long_usd", theme.LONG),
    ("Short", "short_usd", theme.SHORT),
    ("Side not stated", "unsplit_usd", theme.OTHER),
)


def amounts(board: pl.DataFrame) -> list[str]:
    """Each exchange's figure in words; the computed rest as the range its rounded parts leave open."""
    ends = board.select("total_usd", "low_usd", "high_usd").iter_rows()
    return [usd(total) if low is None else usd_range(low, high) for total, low, high in ends]


def liquidations(board: pl.DataFrame) -> go.Figure:
    """Horizontal bars of one board's exchanges (`analytics.liquidations.boards.by_exchange`),
    long and short apart where the board states them.

    Raises ValueError when rows of several boards are mixed: their windows or universes differ.
    """
    if board["board"].n_unique() != 1:
        raise ValueError("Figures of different boards may not share an axis.")
    figure = theme.figure(70 + 44 * board.height, legend=False)
    largest: float = board.select(pl.max("total_usd")).item() or 0
    unit, scale = ("billion", 1e9) if largest >= 1e9 else ("million", 1e6)
    if board["long_usd"].is_not_null().any() or board["short_usd"].is_not_null().any():
        _by_side(figure, board, scale)
    else:
        _by_venue(figure, board, scale)
    _totals(figure, board, scale)
    figure.update_layout(
        hovermode="closest",
        legend={"traceorder": "normal"},
        xaxis={"title": {"text": f"USD {unit}"}, "range": [0, 1.6 * largest / scale]},
        yaxis={"autorange": "reversed"},
    )
    return figure


def _by_side(figure: go.Figure, board: pl.DataFrame, scale: float) -> None:
    figure.update_layout(barmode="stack", showlegend=True)
    for name, column, colour in SIDES:
        if board[column].is_not_null().any():
            figure.add_bar(
                y=_names(board),
                x=(board[column] / scale).to_list(),
                orientation="h",
                name=name,
                marker={"color": colour, "pattern": {"shape": _patterns(board)}},
                customdata=[usd(value) for value in board[column]],
                hovertemplate=f"%{{y}}, {name.lower()}: %{{customdata}}<extra></extra>",
            )


def _by_venue(figure: go.Figure, board: pl.DataFrame, scale: float) -> None:
    figure.add_bar(
        y=_names(board),
        x=(board["total_usd"] / scale).to_list(),
        orientation="h",
        marker={
            "color": [theme.venue_colour(venue) for venue in board["venue"]],
            "pattern": {"shape": _patterns(board)},
        },
        customdata=amounts(board),
        hovertemplate="%{y}: %{customdata}<extra></extra>",
    )


def _totals(figure: go.Figure, board: pl.DataFrame, scale: float) -> None:
    figure.add_scatter(
        y=_names(board),
        x=(board["total_usd"] / scale).to_list(),
        mode="text",
        text=[
            f" {said}" + ("" if share is None or computed else f" · {share:.0f} %")
            for said, share, computed in zip(amounts(board), board["share_pct"], board["computed"], strict=True)
        ],
        textposition="middle right",
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _names(board: pl.DataFrame) -> list[str]:
    return [escape(name) for name in board["name"]]


def _patterns(board: pl.DataFrame) -> list[str]:
    return ["/" if computed else "" for computed in board["computed"]]
