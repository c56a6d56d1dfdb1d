"""Exchanges with what was reported, what it bounds, and how far the truth may reach."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.words import percent, usd

ROW_PX = 46


def ladder(ranked: pl.DataFrame) -> go.Figure:
    """One board's exchanges (`analytics.rank.with_doubt`): a bar up to the bound, and a mark at what the board reports.

    Where the feed hides liquidations, the bar is open: a dotted line goes as far as the scenario, and on with an arrow.
    Raises ValueError when exchanges of several boards are mixed.
    """
    if ranked["board"].n_unique() != 1:
        raise ValueError("Exchanges of different boards may not share an axis.")
    figure = theme.figure(90 + ROW_PX * ranked.height)
    rows = ranked.with_row_index("row")
    reach = max(rows.select(pl.max_horizontal("bound_usd", "high_usd", "scenario_high_usd").max()).item() or 0, 1)
    unit, scale = ("billion", 1e9) if reach >= 1e9 else ("million", 1e6)
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
        hovertemplate="<b>%{customdata[0]}</b><br>at least by: %{customdata[1]}<br>feed: %{customdata[2]}<extra></extra>",
    )
    _open_ends(figure, rows.filter(pl.col("high_usd").is_null()), scale, 1.12 * reach)
    figure.add_scatter(
        x=(rows["reported_usd"] / scale).to_list(),
        y=rows["row"].to_list(),
        mode="markers",
        name="reported on the board",
        marker={"symbol": "line-ns", "size": 24, "line": {"width": 3, "color": theme.SHORT}},
        customdata=[usd(value) for value in rows["reported_usd"]],
        hovertemplate="reported: %{customdata}<extra></extra>",
    )
    figure.update_layout(
        hovermode="closest",
        legend={"traceorder": "normal"},
        xaxis={"title": {"text": f"USD {unit}"}, "range": [0, 1.16 * reach / scale]},
        yaxis={
            "range": [rows.height - 0.4, -0.7],
            "tickvals": rows["row"].to_list(),
            "ticktext": [_tick(row) for row in rows.iter_rows(named=True)],
        },
    )
    return figure


def odds(places: pl.DataFrame) -> go.Figure:
    """How likely each exchange of one board holds each place under the scenario (`analytics.rank.probabilities`).

    Raises ValueError when places of several boards are mixed.
    """
    if places["board"].n_unique() != 1:
        raise ValueError("Places on different boards may not share an axis.")
    names = places["name"].unique(maintain_order=True).to_list()
    table = places.pivot("place", index="name", values="probability_pct", maintain_order=True).drop("name")
    figure = theme.figure(70 + 40 * len(names), legend=False)
    values = [list(row) for row in table.iter_rows()]
    figure.add_heatmap(
        x=[f"{column}." for column in table.columns],
        y=[escape(name) for name in names],
        z=[[value or None for value in row] for row in values],
        zmin=0,
        zmax=100,
        colorscale=[[0, theme.OTHER], [1, theme.ACCENT]],
        showscale=False,
        xgap=2,
        ygap=2,
        text=[["" if value == 0 else percent(value, 0) if value >= 1 else "< 1 %" for value in row] for row in values],
        texttemplate="%{text}",
        textfont={"color": "#ffffff"},
        hoverongaps=False,
        hovertemplate="%{y}, place %{x} %{z:.1f} %<extra></extra>",
    )
    figure.update_layout(
        hovermode="closest",
        xaxis={"title": {"text": "Place"}, "type": "category"},
        yaxis={"autorange": "reversed", "showgrid": False},
    )
    return figure


def _open_ends(figure: go.Figure, rows: pl.DataFrame, scale: float, edge: float) -> None:
    for position, (row, start, end) in enumerate(rows.select("row", "bound_usd", "scenario_high_usd").iter_rows()):
        if end is not None:
            figure.add_scatter(
                x=[start / scale, end / scale],
                y=[row, row],
                mode="lines",
                line={"width": 3, "dash": "dot", "color": theme.OTHER},
                name="as far as the scenario goes",
                legendgroup="scenario",
                showlegend=position == 0,
                hoverinfo="skip",
            )
        figure.add_annotation(
            x=edge / scale,
            ax=(end or start) / scale,
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


def _tick(row: dict[str, object]) -> str:
    places = (
        f"{row['best_place']}."
        if row["best_place"] == row["worst_place"]
        else f"{row['best_place']}.–{row['worst_place']}."
    )
    return f"<b>{escape(str(row['name']))}</b><br>place {places}"
