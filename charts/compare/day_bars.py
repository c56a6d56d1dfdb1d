"""Crash days beside each other: what was reported, what is estimated, and where the measurement changed."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.words import usd

ROW_PX = 27
"""Pixels of a row."""
GAP = 1.6
"""Rows left free where a change of measurement parts two days."""
EARLIER, LATER = theme.OTHER, theme.ACCENT


def totals(days: pl.DataFrame, changes: pl.DataFrame, chosen: str) -> go.Figure:
    """One row a crash day (`analytics.compare.crash_days.totals`, in its order):
    solid where the figure is comparable, hollow where not.

    Estimates are ranges on the row of their day. A day measured before the last of `changes`
    (`analytics.liquidations.regimes.changes`; `measurement` of `analytics.compare.crash_days.measured`) has another
    colour, and where the rows are in time order each change is drawn between them.
    Raises ValueError when solid bars come from more than one publication.
    """
    if days.filter("comparable").select("origin", "universe", "as_of").n_unique() > 1:
        raise ValueError("Only days of one publication may be drawn as comparable.")
    in_time_order = days["window_start"].is_sorted(descending=True)
    # Where days are in time order, each change leaves a gap between the rows it parts.
    gaps = GAP * (changes.height - pl.col("measurement")) if in_time_order else 0
    days = days.with_row_index("place").with_columns(row=pl.col("place") + gaps)
    lowest: float = days.select(pl.max("row")).item() or 0
    figure = theme.figure(110 + round(ROW_PX * lowest))
    known = days.filter(pl.col("total_usd").is_not_null())
    for changed, colour in ((False, EARLIER), (True, LATER)):
        measured = known.filter((pl.col("measurement") == changes.height) == changed)
        _bars(figure, measured.filter(pl.col("comparable")), colour, changes, changed)
        _bars(figure, measured.filter(~pl.col("comparable")), colour, changes, changed)
    _labels(figure, days)
    _ranges(figure, days.filter(pl.col("estimate_low_usd").is_not_null() & pl.col("estimate_high_usd").is_not_null()))
    if in_time_order:
        _breaks(figure, days, changes, lowest + 0.6)
    highest = max(days.select(pl.max("total_usd", "estimate_high_usd").fill_null(0)).row(0))
    ticks = [
        f"<b>{escape(title)}</b>" if day == chosen else escape(title)
        for day, title in days.select("crash_day", "title").iter_rows()
    ]
    figure.update_layout(
        barmode="overlay",
        hovermode="closest",
        xaxis={"title": {"text": "USD billion"}, "range": [0, 1.2 * highest / 1e9], "showgrid": True},
        yaxis={"range": [lowest + 0.6, -0.6], "tickvals": days["row"].to_list(), "ticktext": ticks},
    )
    return figure


def _bars(figure: go.Figure, days: pl.DataFrame, colour: str, changes: pl.DataFrame, changed: bool) -> None:
    if days.is_empty():
        return
    solid = bool(days["comparable"][0])
    figure.add_bar(
        x=(days["total_usd"] / 1e9).to_list(),
        y=days["row"].to_list(),
        width=0.62,
        orientation="h",
        name=_legend(solid, changes, changed),
        marker={"color": colour if solid else "rgba(0,0,0,0)", "line": {"color": colour, "width": 1.5}},
        customdata=[
            [escape(text or "not stated") for text in row]
            for row in days.select("title", "origin", "window_label", "confidence").iter_rows()
        ],
        hovertemplate=(
            "<b>%{customdata[0]}</b>: at least $%{x:,.3f} bn<br>%{customdata[1]}, %{customdata[2]}"
            "<br>confidence: %{customdata[3]}<extra></extra>"
        ),
    )


def _legend(solid: bool, changes: pl.DataFrame, changed: bool) -> str:
    kind = "in one list" if solid else "another reading"
    if changes.is_empty():
        return kind
    return f"{kind}, {'after' if changed else 'before'} the change"


def _labels(figure: go.Figure, days: pl.DataFrame) -> None:
    figure.add_scatter(
        x=(days["total_usd"].fill_null(0) / 1e9).to_list(),
        y=days["row"].to_list(),
        mode="text",
        text=[f" {usd(total)}" for total in days["total_usd"]],
        textposition="middle right",
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )


def _ranges(figure: go.Figure, days: pl.DataFrame) -> None:
    ranges = days.select("row", "estimate_low_usd", "estimate_high_usd", "estimate_origin")
    for position, (row, low, high, origin) in enumerate(ranges.iter_rows()):
        figure.add_scatter(
            x=[low / 1e9, high / 1e9],
            y=[row, row],
            mode="lines+markers+text",
            line={"color": theme.SHORT, "width": 3, "dash": "dot"},
            marker={"symbol": "line-ns", "size": 13, "line": {"width": 3, "color": theme.SHORT}},
            text=[f"est. {low / 1e9:g}–{high / 1e9:g} bn", ""],
            textposition="bottom right",
            name="estimate, a range",
            legendgroup="estimate",
            showlegend=position == 0,
            hovertemplate=f"estimate: {usd(low)} to {usd(high)}<br>{escape(origin)}<extra></extra>",
        )


def _breaks(figure: go.Figure, days: pl.DataFrame, changes: pl.DataFrame, bottom: float) -> None:
    for change in changes.iter_rows(named=True):
        later = days.filter(pl.col("window_start") >= change["changed_at"]).select(pl.max("row")).item()
        edge = (-1 if later is None else later) + (1 + GAP) / 2
        figure.add_shape(
            type="rect",
            xref="paper",
            x0=0,
            x1=1,
            y0=edge,
            y1=bottom,
            fillcolor=theme.faint(theme.OTHER),
            line={"width": 0},
            layer="below",
        )
        figure.add_hline(y=edge, line={"width": 2, "color": theme.EVENT, "dash": "dash"})
        since = f"{escape(change['name'])}'s feed {change['after']} from {change['changed_at']:%b %-d, %Y}"
        for text, anchor in ((f"▲ {since}", "bottom"), (f"▼ {change['before']}: measured differently", "top")):
            figure.add_annotation(
                x=1, xref="paper", xanchor="right", y=edge, yanchor=anchor, showarrow=False, text=text
            )
