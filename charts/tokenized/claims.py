"""Quoted shares beside what the readings give."""

from __future__ import annotations

from html import escape
from itertools import cycle

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.words import percent, utc


def beside_readings(checked: pl.DataFrame) -> go.Figure:
    """One line per claim (`analytics.tokenized.claims.checked`): the claim as an open diamond, the share in each
    reading as a dot with its date."""
    claims = checked.unique(subset="claim_id", keep="first", maintain_order=True)
    rows = {claim: -place for place, claim in enumerate(claims["claim_id"])}
    figure = theme.figure(64 * len(rows) + 90)
    readings = checked.sort("as_of", "origin", maintain_order=True).partition_by(
        "as_of", "as_of_precision", "origin", maintain_order=True
    )
    for reading, colour in zip(readings, cycle(theme.CLASSES), strict=False):
        when, precision, origin = reading.select("as_of", "as_of_precision", "origin").row(0)
        figure.add_scatter(
            x=reading["share_pct"].to_list(),
            y=[rows[claim] for claim in reading["claim_id"]],
            mode="markers",
            name=escape(f"{utc(when, precision)}, {origin}"),
            marker={"size": 11, "color": colour},
            hovertemplate="%{x:.1f} %",
        )
    _claims(figure, claims, rows)
    figure.update_layout(
        hovermode="closest",
        xaxis={"range": [0, 103], "title": {"text": "Share, %"}, "showgrid": True},
        yaxis={"visible": False, "range": [0.5 - len(rows), 0.8]},
    )
    return figure


def _claims(figure: go.Figure, claims: pl.DataFrame, rows: dict[str, int]) -> None:
    figure.add_scatter(
        x=claims["claim_pct"].to_list(),
        y=list(rows.values()),
        mode="markers",
        name="claimed",
        marker={"size": 13, "symbol": "diamond-open", "color": theme.SHORT, "line": {"width": 3}},
        customdata=[
            escape(f"{percent(pct, 0)} claimed by {origin}")
            for pct, origin in claims.select("claim_pct", "claim_origin").iter_rows()
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure.add_scatter(
        x=[0] * len(rows),
        y=[row + 0.17 for row in rows.values()],
        mode="text",
        text=[
            escape(f"{subject} {percent(pct, 0)} of {scope}: {origin}")
            for subject, pct, scope, origin in claims.select(
                "subject", "claim_pct", "claim_scope", "claim_origin"
            ).iter_rows()
        ],
        textposition="top right",
        hoverinfo="skip",
        showlegend=False,
    )
