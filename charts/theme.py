"""One look: the colour of every venue, of long and short, and the bare figure all charts start from.

One colour serves both themes, so each has at least 3:1 contrast against white and against the dark background, and the
pairs that meet on a chart stay apart under simulated deuteranopia (tests/charts/test_theme.py).
"""

from __future__ import annotations

import plotly.graph_objects as go

LIGHT_BACKGROUND, DARK_BACKGROUND = "#ffffff", "#0f1318"

VENUES = {
    "binance": "#b07800",
    "bybit": "#aa4444",
    "okx": "#556688",
    "hyperliquid": "#3f9a86",
    "coinbase": "#0066ee",
    "gemini": "#e81fd9",
    "kraken": "#90449c",
    "uniswap": "#dd6699",
}
OTHER = "#7d848d"
LONG, SHORT = "#0e8fb0", "#e2571c"
MARK, EVENT, ACCENT = "#7d848d", "#7d848d", "#0b6bcb"
CLASSES = ("#0b6bcb", "#b07800", "#3f9a86", "#8866bb", "#aa4444", "#7d848d")
"""Colours of classes that are not venues, in the order they are listed."""


def venue_colour(venue: str) -> str:
    """The venue's colour on every page; venues without one of their own share a grey."""
    return VENUES.get(venue, OTHER)


def figure(height: int = 360, *, alt_axis: str = "", legend: bool = True) -> go.Figure:
    """A bare figure in our look: no title (the card has it), thin grid, one hover line for all series."""
    return go.Figure(
        layout={
            "height": height,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "hovermode": "x unified",
            "showlegend": legend,
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": {"text": ""}},
            "xaxis": {"automargin": True, "showgrid": False},
            "yaxis": {"automargin": True, "title": {"text": alt_axis, "standoff": 8}, "zeroline": False},
            "uirevision": "keep",
            "bargap": 0.18,
        }
    )


def faint(colour: str) -> str:
    """The colour as a fill behind lines."""
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.22)"
