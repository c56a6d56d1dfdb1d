"""How far every market had fallen by a moment: drawn as of then, and played on from there."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any

import plotly.graph_objects as go
import polars as pl

from charts import theme
from charts.lines import gridded, milliseconds, time_axis
from charts.market.price import label

SPEEDS = {"Play": 160, "Faster": 40}
"""Milliseconds a frame stands."""
MARKET = ["venue", "market", "symbol", "kind", "interval"]
NOT_YET = "rgba(125,132,141,0.30)"


def falls(track: pl.DataFrame, fills: pl.DataFrame, start: datetime, end: datetime, at: datetime) -> go.Figure:
    """Each market's fall (`analytics.market.playback.track`) and the deleveraging so far
    (`analytics.market.playback.fills`), veiled after `at`.

    The buttons move the veil through the frames of the track in the reader's browser; nothing is asked of the server.
    Raises ValueError when fills of several venues are mixed: their feeds do not compare.
    """
    if fills["venue"].n_unique() > 1:
        raise ValueError("Fills of different venues may not share an axis.")
    figure = theme.figure(560 if fills.height else 420, alt_axis="% from the price at T0")
    markets = track.partition_by(MARKET, maintain_order=True)
    _lines(figure, markets, set(track.filter((pl.col("market") == "perp") & (pl.col("kind") == "trade"))["venue"]))
    _fills(figure, fills)
    standing = [_Standing.of(market) for market in markets]
    figure.add_scatter(
        **_dots(standing, at),
        mode="markers",
        marker={"size": 9, "color": [market.colour for market in standing]},
        showlegend=False,
        hoverinfo="skip",
    )
    figure.update_layout(
        hovermode="closest",
        xaxis=time_axis(start, end, anchor="y2" if fills.height else "y"),
        shapes=_veil(at, end),
        uirevision=f"{start}{end}",
        updatemenus=[_buttons()],
        margin={"t": 48},
        legend={"y": -0.12, "yanchor": "top"},
    )
    moments = [moment for moment in sorted(track["close_at"].unique().to_list()) if moment >= at]
    figure.frames = [_frame(standing, moment, end, len(figure.data) - 1) for moment in moments]
    return figure


def _frame(standing: list[_Standing], moment: datetime, end: datetime, dots: int) -> dict[str, Any]:
    """What moves as the chart plays: the veil, and the trace of `dots`."""
    return {
        "name": f"{moment:%Y-%m-%d %H:%M:%S}",
        "data": [{"type": "scatter", **_dots(standing, moment)}],
        "traces": [dots],
        "layout": {"shapes": _veil(moment, end)},
    }


def _lines(figure: go.Figure, markets: list[pl.DataFrame], perpetuals: set[str]) -> None:
    for market in markets:
        first = market.row(0, named=True)
        figure.add_scatter(
            **gridded(market["close_at"], market["drawdown_pct"], _length(market).total_seconds()),
            mode="lines",
            name=label(first),
            line={"width": 1.8, "color": theme.venue_colour(first["venue"]), "dash": _dash(first, perpetuals)},
            hovertemplate=f"<b>{label(first)}</b><br>%{{x|%H:%M:%S}} UTC: %{{y:.2f}} %<extra></extra>",
        )


def _fills(figure: go.Figure, fills: pl.DataFrame) -> None:
    if fills.is_empty():
        return
    name = f"{escape(fills['name'][0])} ADL fills so far"
    figure.add_scatter(
        x=fills["ts"].dt.epoch("ms").to_list(),
        y=fills["fills_so_far"].to_list(),
        mode="lines",
        name=name,
        yaxis="y2",
        line={"width": 1.8, "color": theme.venue_colour(fills["venue"][0]), "shape": "hv"},
        fill="tozeroy",
        fillcolor=theme.faint(theme.venue_colour(fills["venue"][0])),
        hovertemplate=f"<b>{name}</b><br>%{{x|%H:%M:%S}} UTC: %{{y:,}}<extra></extra>",
    )
    second = {"domain": [0, 0.24], "automargin": True, "zeroline": False, "title": {"text": "ADL fills", "standoff": 8}}
    figure.update_layout(yaxis={"domain": [0.32, 1]}, yaxis2=second)


@dataclass(frozen=True)
class _Standing:
    """One market's closes as plain lists: a frame looks up one of them,
    and a query for each would take longer than the page."""

    closes: list[datetime]
    fallen: list[float | None]
    length: timedelta
    colour: str

    @classmethod
    def of(cls, market: pl.DataFrame) -> _Standing:
        closes, fallen = market["close_at"].to_list(), market["drawdown_pct"].round(3).to_list()
        return cls(closes, fallen, _length(market), theme.venue_colour(market["venue"][0]))

    def at(self, moment: datetime) -> float | None:
        """The last close by a moment, as long as the next bar is not overdue."""
        place = bisect_right(self.closes, moment) - 1
        return self.fallen[place] if place >= 0 and self.closes[place] > moment - 2 * self.length else None


def _dots(standing: list[_Standing], at: datetime) -> dict[str, Any]:
    """Where each market stands at a moment; null where that is not known."""
    return {"x": [milliseconds(at)] * len(standing), "y": [market.at(at) for market in standing]}


def _veil(at: datetime, end: datetime) -> list[dict[str, Any]]:
    """What lies after a moment stands behind a veil: it had not happened."""
    now = milliseconds(at)
    whole = {"xref": "x", "yref": "paper", "y0": 0, "y1": 1}
    return [
        {"type": "rect", **whole, "x0": now, "x1": milliseconds(end), "fillcolor": NOT_YET, "line": {"width": 0}},
        {"type": "line", **whole, "x0": now, "x1": now, "line": {"width": 1.5, "color": theme.ACCENT}},
    ]


def _buttons() -> dict[str, Any]:
    play = [
        {
            "label": f"{name} ▶",
            "method": "animate",
            "args": [
                None,
                {"frame": {"duration": pause, "redraw": True}, "fromcurrent": True, "transition": {"duration": 0}},
            ],
        }
        for name, pause in SPEEDS.items()
    ]
    stop = {
        "label": "Pause",
        "method": "animate",
        "args": [[None], {"mode": "immediate", "frame": {"duration": 0, "redraw": True}}],
    }
    place = {"x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "direction": "right", "showactive": False}
    look = {"bgcolor": "rgba(0,0,0,0)", "bordercolor": theme.OTHER, "borderwidth": 1, "font": {"color": theme.OTHER}}
    return {"type": "buttons", **place, **look, "buttons": [*play, stop], "pad": {"b": 4}}


def _dash(market: dict[str, Any], perpetuals: set[str]) -> str:
    """Solid for trades and pools, dotted for spot beside a perpetual of the same venue,
    dashed for prices nobody traded at."""
    if market["kind"] not in ("trade", "pool"):
        return "dash"
    return "dot" if market["market"] == "spot" and market["venue"] in perpetuals else "solid"


def _length(market: pl.DataFrame) -> timedelta:
    return market.select(pl.col("close_at").diff().min()).item() or timedelta(seconds=1)
