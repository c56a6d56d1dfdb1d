"""What became of liquidated positions: a bar a stage, and an empty frame where a stage is not known."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.words import usd

STAGES = {
    "liquidated": "liquidated",
    "book": "filled on the book",
    "backstop": "taken over by fund or vault",
    "adl": "closed against winners (ADL)",
    "socialised": "borne by all",
}
COLOURS = dict(zip(STAGES, (theme.OTHER, *theme.CLASSES[:4]), strict=True))
ROW_PX = 24
"""Pixels of a row."""


def of_exchanges(stages: pl.DataFrame) -> go.Figure:
    """Exchanges below each other (`analytics.who_paid.waterfall.stages`), five stages each;
    what is not known is a hatched frame as wide as all.

    Raises ValueError when an exchange's stages are not these five: then something is missing, not unknown.
    """
    if set(stages.group_by("venue").len()["len"]) != {len(STAGES)} or set(stages["stage"]) != set(STAGES):
        raise ValueError("Each exchange needs its five stages, the unknown ones too.")
    gap = 1
    venues = stages["venue"].unique(maintain_order=True).to_list()
    place = {venue: position * (len(STAGES) + gap) for position, venue in enumerate(venues)}
    rows = stages.with_columns(row=pl.col("venue").replace_strict(place, return_dtype=pl.Int64) + pl.col("position"))
    figure = theme.figure(80 + ROW_PX * (len(venues) * (len(STAGES) + gap)), legend=False)
    most: float = rows.select(pl.max("value_usd")).item() or 1.0
    unit, scale = ("billion", 1e9) if most >= 1e9 else ("million", 1e6)
    whole = pl.col("value_usd").filter(pl.col("stage") == "liquidated").first().over("venue").fill_null(most / 8)
    rows = rows.with_columns(width=pl.col("value_usd").fill_null(whole))
    for known in (True, False):
        _bars(figure, rows.filter(pl.col("value_usd").is_not_null() == known), scale, known)
    ticks = [
        f"<b>{escape(name)}</b> {STAGES[stage]}" if stage == "liquidated" else STAGES[stage]
        for name, stage in rows.select("name", "stage").iter_rows()
    ]
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": {"text": f"USD {unit}"}, "range": [0, 1.5 * most / scale]},
        yaxis={"range": [max(rows["row"]) + 0.6, -0.6], "tickvals": rows["row"].to_list(), "ticktext": ticks},
    )
    return figure


def _bars(figure: go.Figure, rows: pl.DataFrame, scale: float, known: bool) -> None:
    colours = [COLOURS[stage] for stage in rows["stage"]]
    figure.add_bar(
        y=rows["row"].to_list(),
        x=(rows["width"] / scale).to_list(),
        orientation="h",
        width=0.72,
        marker={
            "color": colours if known else theme.faint(theme.OTHER),
            "line": {"width": 0 if known else 1, "color": theme.OTHER},
            "pattern": {"shape": "" if known else "/", "solidity": 0.25},
        },
        text=[
            f"{usd(value)} · {escape(_short(window))}" if known else "not known"
            for value, window in rows.select("value_usd", "window_label").iter_rows()
        ],
        textposition="outside",
        cliponaxis=False,
        customdata=[
            [escape(str(text or "not stated")) for text in row]
            for row in rows.select("name", "window_label", "origin", "words").iter_rows()
        ],
        hovertemplate=(
            "<b>%{customdata[0]}</b><br>window: %{customdata[1]}<br>by: %{customdata[2]}<br>also said: "
            "%{customdata[3]}<extra></extra>"
        ),
    )


def _short(text: str | None) -> str:
    told = text or "window not stated"
    return told if len(told) <= 38 else f"{told[:37]}…"
