"""Numbered moments over a line: what happened when, told below the chart by the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import polars as pl

from charts import theme


def numbered(moments: pl.DataFrame, heights: Sequence[float]) -> dict[str, Any]:
    """The trace of moments (`ts title number`): a disc with its number each, at a height of the axis."""
    return {
        "x": moments["ts"].to_list(),
        "y": list(heights),
        "mode": "markers+text",
        "text": [str(number) for number in moments["number"]],
        "textposition": "middle center",
        "marker": {"size": 19, "color": theme.EVENT},
        "textfont": {"color": "#ffffff", "size": 11},
        "customdata": [escape(title) for title in moments["title"]],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
