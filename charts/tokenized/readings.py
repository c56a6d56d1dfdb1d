"""Published readings as dated points: a line joins points of one series only, everything else stands alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.moments import numbered
from charts.words import number, percent, usd, utc

AXES = {"USD": ("USD billion", 1e9), "addresses": ("Addresses, million", 1e6), "percent": ("Share, %", 1)}
ALL = "all"
Row = dict[str, Any]
OTHERS, UNDATED = "others", "date not stated, drawn where quoted"
NO_MOMENTS = pl.DataFrame(schema={"ts": pl.Datetime("us", "UTC"), "title": pl.String, "number": pl.Int64})


def over_time(
    points: pl.DataFrame, moments: pl.DataFrame = NO_MOMENTS, *, colour: Mapping[str, str] | None = None
) -> go.Figure:
    """Points of `analytics.tokenized.history` with their ranges,
    and numbered moments (`ts title number`) as dotted lines.

    A date known only to the month or season is drawn as a bar of that length. Raises ValueError when units are mixed.
    """
    units = points["unit"].unique().to_list()
    if len(units) != 1:
        raise ValueError(f"Readings in {', '.join(sorted(units))} may not share an axis.")
    title, scale = AXES[units[0]]
    known = colour or _colours(points)
    figure = theme.figure(400, alt_axis=title)
    _spans(figure, points, scale)
    for (name,), group in points.with_columns(legend=_legend()).group_by("legend", maintain_order=True):
        rows = list(_apart(group))
        shade = known.get(name, theme.OTHER)
        figure.add_scatter(
            x=[row and row["as_of"] for row in rows],
            y=[None if row is None or row["value"] is None else row["value"] / scale for row in rows],
            mode="lines+markers+text" if group.height > group["series"].n_unique() else "markers+text",
            name=escape(name),
            text=[row and label(row) for row in rows],
            textposition="bottom center" if name == UNDATED else "top center",
            textfont={"size": 10, "color": theme.OTHER},
            cliponaxis=False,
            marker={"size": 9, "symbol": [_symbol(row) if row else "circle" for row in rows], "color": shade},
            line={"width": 2, "color": shade},
            customdata=[row and _words(row) for row in rows],
            hovertemplate="%{customdata}<extra></extra>",
        )
    _moments(figure, moments, points.select(pl.max("high")).item() / scale)
    figure.update_layout(hovermode="closest", yaxis={"rangemode": "tozero"})
    if units == ["percent"]:
        figure.update_yaxes(tickvals=list(range(0, 101, 20)))
    return figure


def label(row: Row) -> str:
    """What is written beside a point that no legend explains: whose reading of the market it is,
    or of whom an undated figure speaks."""
    if row["subject"] == ALL:
        return "" if row["name"] else escape(row["origin"])
    return escape(f"{row['subject']} {_amount(row)}") if row["as_of_precision"] == "unknown" else ""


def _colours(points: pl.DataFrame) -> dict[str, str]:
    names = points["name"].drop_nulls().unique(maintain_order=True)
    return dict(zip(names, theme.CLASSES[:-1], strict=False))


def _spans(figure: go.Figure, points: pl.DataFrame, scale: float) -> None:
    """Ranges of value and of date, behind the points."""
    xs: list[object] = []
    ys: list[float | None] = []
    for row in points.iter_rows(named=True):
        if row["low"] != row["high"]:
            xs += [row["as_of"], row["as_of"], None]
            ys += [row["low"] / scale, row["high"] / scale, None]
        if row["until"] != row["as_of"] and row["value"] is not None:
            xs += [row["as_of"], row["until"], None]
            ys += [row["value"] / scale, row["value"] / scale, None]
    figure.add_scatter(
        x=xs,
        y=ys,
        mode="lines",
        line={"width": 7, "color": theme.faint(theme.OTHER)},
        hoverinfo="skip",
        name="range",
        showlegend=bool(xs),
    )


def _legend() -> pl.Expr:
    undated = pl.col("as_of_precision") == "unknown"
    return pl.when(undated).then(pl.lit(UNDATED)).otherwise(pl.col("name").fill_null(OTHERS))


def _apart(points: pl.DataFrame) -> Iterator[Row | None]:
    """The points series by series, with a gap after each: no line joins two series."""
    for series in points.partition_by("series", maintain_order=True):
        yield from series.iter_rows(named=True)
        yield None


def _symbol(row: Row) -> str:
    if row["as_of_precision"] == "unknown":
        return "diamond-open"
    return "circle-open" if row["confidence"] == "low" else "circle"


def _words(row: Row) -> str:
    said = [
        f"{row['subject']}: {_amount(row)}",
        utc(row["as_of"], row["as_of_precision"]),
        f"{row['origin']}, {row['metric'].replace('_', ' ')}",
        f"scope: {row['scope']}",
    ]
    return "<br>".join(map(escape, said))


def _amount(row: Row) -> str:
    say = {"USD": usd, "percent": percent, "addresses": number}[str(row["unit"])]
    return say(row["value"]) if row["low"] == row["high"] else f"{say(row['low'])} to {say(row['high'])}"


def _moments(figure: go.Figure, moments: pl.DataFrame, top: float) -> None:
    if moments.is_empty():
        return
    rows = [top * (1.08 + 0.09 * (place % 3)) for place in range(moments.height)]
    figure.add_scatter(
        x=[x for ts in moments["ts"] for x in (ts, ts, None)],
        y=[0, top * 1.32, None] * moments.height,
        mode="lines",
        line={"width": 1, "dash": "dot", "color": theme.EVENT},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.add_scatter(**numbered(moments, rows), showlegend=False)
