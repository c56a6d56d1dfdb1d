"""Who has which share of the market, under one rule after another."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme

FIRST, LAST, BETWEEN = theme.CLASSES[0], theme.CLASSES[1], theme.CLASSES[2:4]
BAR, ABOVE, ROW = 0.56, 0.31, 66


def flip(classes: pl.DataFrame) -> go.Figure:
    """One bar of 100 % per ruleset (`analytics.tokenized.by_class`), with the issuers themselves as the first.

    Raises ValueError when classes of several readings are mixed: shares of different wholes do not compare.
    """
    if classes["reading"].n_unique() != 1:
        raise ValueError("Shares of different readings may not share an axis.")
    shown = classes.filter(pl.col("share_pct") > 0)
    names = shown["name"].unique(maintain_order=True).to_list()
    rows = {name: -place for place, name in enumerate(names)}
    starts = shown.select(start=(pl.col("share_pct").cum_sum() - pl.col("share_pct")).over("name"))["start"]
    figure = theme.figure(ROW * len(names) + 60, legend=False)
    labels = [f"{escape(label)} {share:.1f} %" for label, share in shown.select("class_name", "share_pct").iter_rows()]
    figure.add_bar(
        y=[rows[name] for name in shown["name"]],
        x=shown["share_pct"].to_list(),
        base=starts.to_list(),
        width=BAR,
        orientation="h",
        marker={
            "color": colours(shown),
            "line": {"width": 1, "color": "#ffffff"},
            "pattern": {"shape": ["" if members else "/" for members in shown["members"]]},
        },
        text=labels,
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        textfont={"color": "#ffffff"},
        customdata=list(zip(labels, map(escape, shown["members"]), strict=True)),
        hovertemplate="%{customdata[0]}<br>%{customdata[1]}<extra></extra>",
    )
    unnamed = [
        label
        for label, name, who in zip(labels, shown["name"], shown["members"], strict=True)
        if not who and name == names[0]
    ]
    _write(figure, 0, [row + ABOVE for row in rows.values()], [escape(name) for name in names], "top right")
    _write(figure, 100, [ABOVE] * len(unnamed), unnamed, "top left")
    figure.update_layout(
        hovermode="closest",
        uniformtext={"mode": "hide", "minsize": 11},
        xaxis={"range": [0, 100], "title": {"text": "Share of the reading's total, %"}},
        yaxis={"visible": False, "range": [0.6 - len(names), 0.75]},
    )
    return figure


def _write(figure: go.Figure, x: float, ys: list[float], words: list[str], position: str) -> None:
    figure.add_scatter(
        x=[x] * len(ys), y=ys, text=words, mode="text", textposition=position, hoverinfo="skip", cliponaxis=False
    )


def colours(classes: pl.DataFrame) -> list[str]:
    """A colour per class: one for the class a ruleset tries first, one for its last, others between; grey where a rule says nothing."""
    return [_colour(rank, ranks) for rank, ranks in classes.select("rank", "ranks").iter_rows()]


def _colour(rank: int | None, ranks: int | None) -> str:
    if rank is None or ranks is None:
        return theme.OTHER
    if rank == 1:
        return FIRST
    return LAST if rank == ranks else BETWEEN[(rank - 2) % len(BETWEEN)]
