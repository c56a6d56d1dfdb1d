"""Who has which share of the market, under one rule after another."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme

FIRST, LAST, BETWEEN = theme.CLASSES[0], theme.CLASSES[1], theme.CLASSES[2:4]
BAR, LINE, GAP, BELOW = 34, 15, 16, 50
"""The chart is laid out in pixels from the top: a line of words, a bar, and the room between."""
NARROW, MOST_LETTERS = 30, 56
"""A piece below this share of a bar cannot hold its name on a phone, whose width holds so many letters."""


def flip(classes: pl.DataFrame) -> go.Figure:
    """One bar of 100 % per ruleset (`analytics.tokenized.market.by_class`), with the issuers themselves as the first.

    Above each bar stand its name and those of its narrow pieces, in their order and with their colours.
    Raises ValueError when classes of several readings are mixed: shares of different wholes do not compare.
    """
    if classes["reading"].n_unique() != 1:
        raise ValueError("Shares of different readings may not share an axis.")
    shown = classes.filter(pl.col("share_pct") > 0)
    shown = shown.with_columns(
        pl.Series("colour", colours(shown), pl.String),
        label=pl.concat_str("class_name", _percent(), marked()),
        start=(pl.col("share_pct").cum_sum() - pl.col("share_pct")).over("name"),
    )
    rows: dict[str, float] = {}
    words, depth = [], 0.0
    for (name,), pieces in shown.group_by("name", maintain_order=True):
        lines = _above(str(name), pieces, first=not rows)
        words.append("<br>".join(lines))
        rows[str(name)] = -(depth + LINE * len(lines) + BAR / 2)
        depth += LINE * len(lines) + BAR + GAP
    figure = theme.figure(round(depth) + BELOW, legend=False)
    _pieces(figure, shown, rows)
    _words(figure, words, rows)
    figure.update_layout(
        hovermode="closest",
        uniformtext={"mode": "hide", "minsize": 11},
        xaxis={
            "range": [0, 101],
            "tickvals": [*range(0, 101, 20)],
            "title": {"text": "Share of the reading's total, %"},
        },
        yaxis={"visible": False, "range": [-depth, 0]},
    )
    return figure


def _words(figure: go.Figure, words: list[str], rows: dict[str, float]) -> None:
    figure.add_scatter(
        x=[0] * len(rows),
        y=[row + BAR / 2 for row in rows.values()],
        text=words,
        mode="text",
        textposition="top right",
        hoverinfo="skip",
        cliponaxis=False,
    )


def _pieces(figure: go.Figure, shown: pl.DataFrame, rows: dict[str, float]) -> None:
    labels = [escape(label) for label in shown["label"]]
    figure.add_bar(
        y=[rows[name] for name in shown["name"]],
        x=shown["share_pct"].to_list(),
        base=shown["start"].to_list(),
        width=BAR,
        orientation="h",
        marker={
            "color": shown["colour"].to_list(),
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


def _percent() -> pl.Expr:
    """A share to a tenth of a percent; what is not named by issuer, the rest of rounded figures, to a whole one."""
    rest = pl.format(" about {} %", pl.col("share_pct").round(0).cast(pl.Int64))
    return pl.when(pl.col("members") == "").then(rest).otherwise(pl.format(" {} %", pl.col("share_pct").round(1)))


def marked() -> pl.Expr:
    """The mark of a class whose members are all there by facts of low confidence."""
    return pl.when("low_confidence").then(pl.lit(" (low confidence)")).otherwise(pl.lit(""))


def _above(name: str, pieces: pl.DataFrame, first: bool) -> list[str]:
    """The lines above a bar: its name, and its narrow pieces from left to right;
    what is not named by issuer in the first alone."""
    lines, letters = [escape(name)], len(name)
    for label, colour, members, share in pieces.select("label", "colour", "members", "share_pct").iter_rows():
        if share >= NARROW or not (members or first):
            continue
        marked_label = f'<span style="color:{colour}">{"■" if members else "▨"}</span> {escape(label)}'
        letters += len(label) + 4
        if letters <= MOST_LETTERS:
            lines[-1] += "  " + marked_label
        else:
            lines.append(marked_label)
            letters = len(label)
    return lines


def colours(classes: pl.DataFrame) -> list[str]:
    """A colour per class: one for the class a ruleset tries first, one for its last, others between;
    grey where a rule says nothing."""
    return [_colour(rank, ranks) for rank, ranks in classes.select("rank", "ranks").iter_rows()]


def _colour(rank: int | None, ranks: int | None) -> str:
    if rank is None or ranks is None:
        return theme.OTHER
    if rank == 1:
        return FIRST
    return LAST if rank == ranks else BETWEEN[(rank - 2) % len(BETWEEN)]
