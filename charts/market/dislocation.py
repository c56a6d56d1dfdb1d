"""Every venue against the composite of all, and a market against its sibling."""

from __future__ import annotations

from datetime import datetime
from html import escape

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.lines import gridded, scattered, time_axis

MARKET = ["venue", "market", "symbol", "interval"]
DASHES = {"mark − last": "solid", "perpetual − spot": "dot"}


def deviations(rows: pl.DataFrame, names: dict[str, str], limit: float, start: datetime, end: datetime) -> go.Figure:
    """How far each venue stood from the composite (`analytics.market.dislocation.deviations`),
    with the distance from which it has left.

    Raises ValueError when bars of different lengths are mixed.
    """
    if rows["interval"].n_unique() > 1:
        raise ValueError("Bars of different lengths may not share a composite.")
    figure = theme.figure(400, alt_axis="% from the composite")
    for line in rows.partition_by(MARKET, maintain_order=True):
        venue = line["venue"][0]
        name = escape(
            f"{names.get(venue, venue)} {line['symbol'][0].split(':')[0]}"
            + (" perp" if line["market"][0] == "perp" else "")
        )
        figure.add_scatter(
            **scattered(line["ts"], line["deviation_pct"]),
            mode="lines+markers" if _sparse(line["deviation_pct"]) else "lines",
            name=name,
            connectgaps=False,
            line={"width": 1.6, "color": theme.venue_colour(venue)},
            marker={"size": 3, "color": theme.venue_colour(venue)},
            hovertemplate=f"<b>{name}</b><br>%{{x|%H:%M:%S}} UTC: %{{y:+.2f}} %<extra></extra>",
        )
    for edge in (-limit, limit):
        figure.add_hline(y=edge, line={"width": 1, "dash": "dot", "color": theme.EVENT})
    figure.update_layout(hovermode="closest", xaxis=time_axis(start, end), uirevision=f"{start}{end}")
    figure.update_yaxes(zeroline=True, zerolinecolor=theme.EVENT, zerolinewidth=1)
    return figure


def gap(rows: pl.DataFrame, names: dict[str, str], start: datetime, end: datetime) -> go.Figure:
    """How far one of two venues stood above the other (`analytics.market.dislocation.gap`): one line, for their
    deviations mirror each other."""
    first = rows.row(0, named=True)
    one, other = (escape(names.get(first[side], first[side])) for side in ("venue", "other_venue"))
    figure = theme.figure(340, alt_axis=f"% {one} above {other}", legend=False)
    figure.add_scatter(
        **scattered(rows["ts"], rows["gap_pct"]),
        mode="lines+markers" if _sparse(rows["gap_pct"]) else "lines",
        connectgaps=False,
        line={"width": 1.6, "color": theme.ACCENT},
        marker={"size": 3, "color": theme.ACCENT},
        hovertemplate=f"%{{x|%H:%M:%S}} UTC: {one} %{{y:+.2f}} % against {other}<extra></extra>",
    )
    figure.update_layout(hovermode="closest", xaxis=time_axis(start, end), uirevision=f"{start}{end}")
    figure.update_yaxes(zeroline=True, zerolinecolor=theme.EVENT, zerolinewidth=1)
    return figure


def basis(rows: pl.DataFrame, start: datetime, end: datetime) -> go.Figure:
    """What a price was worth against its sibling, bar by bar (`analytics.market.basis.paths`),
    at the close of each bar."""
    figure = theme.figure(320, alt_axis="% of the other price")
    for line in rows.partition_by("basis", "venue", maintain_order=True):
        first = line.row(0, named=True)
        name = escape(f"{first['name']} {first['basis']}, {first['interval']}")
        figure.add_scatter(
            **gridded(line["close_at"], line["basis_pct"], (first["close_at"] - first["ts"]).total_seconds()),
            mode="lines",
            name=name,
            line={
                "width": 1.8,
                "color": theme.venue_colour(first["venue"]),
                "dash": DASHES.get(first["basis"], "dash"),
            },
            hovertemplate=f"<b>{name}</b><br>%{{x|%H:%M:%S}} UTC: %{{y:+.3f}} %<extra></extra>",
        )
    figure.update_layout(hovermode="closest", xaxis=time_axis(start, end), uirevision=f"{start}{end}")
    figure.update_yaxes(zeroline=True, zerolinecolor=theme.EVENT, zerolinewidth=1)
    return figure


def _sparse(values: pl.Series) -> bool:
    """Whether a line is broken so often that single points would not show."""
    known = values.is_not_null()
    return bool((known & ~known.shift(1, fill_value=False) & ~known.shift(-1, fill_value=False)).any())
