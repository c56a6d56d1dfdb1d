"""How one published total leads to another, line by line."""

from __future__ import annotations

from html import escape
from textwrap import wrap
from typing import Any

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.words import usd, usd_range, utc

ROW_PX = 34
"""Pixels of a row."""
COLOURS = {
    "part": theme.ACCENT,
    "reading": theme.ACCENT,
    "sum": theme.OTHER,
    "stated": theme.CLASSES[2],
    "difference": theme.OTHER,
}
COMPUTED = ("sum", "difference")


def lines(bridge: pl.DataFrame, rows_high: int) -> go.Figure:
    """One bridge of `analytics.liquidations.bridge.bridges`, from above to below: parts where they begin,
    computed lines hatched.

    It is as high as `rows_high` lines, so that it can stand beside a longer one.

    Raises ValueError when lines of several bridges are mixed: each explains one total only.
    """
    if bridge["bridge"].n_unique() != 1:
        raise ValueError("Lines of different bridges may not share an axis.")
    figure = theme.figure(56 + ROW_PX * rows_high, legend=False)
    highest: float = bridge.select((pl.col("base_usd") + pl.col("value_usd")).max()).item()
    unit, scale = ("billion", 1e9) if highest >= 1e9 else ("million", 1e6)
    _bars(figure, bridge, scale)
    _amounts(figure, bridge, scale)
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": {"text": f"USD {unit}"}, "range": [0, 1.55 * highest / scale]},
        yaxis={
            "range": [bridge.height - 0.4, -0.6],
            "tickvals": list(range(bridge.height)),
            "ticktext": [_tick(row) for row in bridge.iter_rows(named=True)],
        },
    )
    return figure


def _bars(figure: go.Figure, bridge: pl.DataFrame, scale: float) -> None:
    figure.add_bar(
        y=list(range(bridge.height)),
        x=(bridge["value_usd"] / scale).to_list(),
        base=(bridge["base_usd"] / scale).to_list(),
        orientation="h",
        width=0.62,
        marker={
            "color": [COLOURS[kind] for kind in bridge["kind"]],
            "pattern": {"shape": ["/" if kind in COMPUTED else "" for kind in bridge["kind"]], "solidity": 0.4},
        },
        customdata=[
            [escape(text) for text in row]
            for row in zip(
                bridge["line"],
                map(usd, bridge["value_usd"]),
                ["computed here" if kind in COMPUTED else "published" for kind in bridge["kind"]],
                bridge["universe"].fill_null("not one universe"),
                strict=True,
            )
        ],
        hovertemplate=(
            "<b>%{customdata[0]}</b>: %{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]}<extra></extra>"
        ),
    )


def _amounts(figure: go.Figure, bridge: pl.DataFrame, scale: float) -> None:
    figure.add_scatter(
        x=[end / scale for end in bridge["base_usd"] + bridge["value_usd"]],
        y=list(range(bridge.height)),
        mode="text",
        text=[
            f" {usd(value) if low is None else usd_range(low, high).replace('–', '–<br> ')}"
            for value, low, high in bridge.select("value_usd", "low_usd", "high_usd").iter_rows()
        ],
        textposition="middle right",
        cliponaxis=False,
        hoverinfo="skip",
    )


def _tick(row: dict[str, Any]) -> str:
    """What the line is; for a reading when it was read and by whom, for a stated total that it was stated."""
    match row["kind"]:
        case "reading":
            return _wrapped(f"{utc(row['as_of'], row['as_of_precision']).removesuffix(' UTC')}, {row['origin']}")
        case "stated":
            return _wrapped(f"stated: {row['line']}")
        case "sum":
            return f"<b>{_wrapped(row['line'])}</b>"
    return _wrapped(row["line"])


def _wrapped(text: object) -> str:
    """Two short lines, for beside the bar there is little room."""
    return "<br>".join(map(escape, wrap(str(text), 30, max_lines=2, placeholder=" …")))
