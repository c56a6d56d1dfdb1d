"""Long lines made light: regular grids as a start and a step, values as float32, gaps as gaps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

MILLISECOND = 1000
"""Microseconds of a millisecond: Plotly counts time in milliseconds, the data in microseconds."""


def gridded(ts: pl.Series, values: pl.Series, seconds: float) -> dict[str, Any]:
    """`x0`, `dx` and `y` of a line whose points lie `seconds` apart (`ts` sorted); where a point is missing,
    the line breaks."""
    step = round(seconds * 1e6)
    moments = ts.dt.epoch("us").to_numpy()
    places = (moments - moments[0]) // step if len(moments) else moments
    line = np.full(int(places[-1]) + 1 if len(places) else 0, np.nan, np.float32)
    line[places] = values.cast(pl.Float32).fill_null(np.nan).to_numpy()
    return {"x0": float(moments[0] / MILLISECOND) if len(moments) else 0.0, "dx": step / MILLISECOND, "y": line}


def scattered(ts: pl.Series, values: pl.Series) -> dict[str, Any]:
    """`x` and `y` of a line whose points lie anywhere: times as milliseconds; where a value is missing,
    the line breaks."""
    moments = ts.dt.epoch("us").to_numpy() / MILLISECOND
    return {"x": moments, "y": values.cast(pl.Float32).fill_null(np.nan).to_numpy()}


def milliseconds(moment: datetime) -> float:
    """A time as the numbers of a date axis: since 1970, and so never shifted to the reader's own zone."""
    return moment.timestamp() * 1000


def time_axis(start: datetime, end: datetime, **options: Any) -> dict[str, Any]:
    """A date axis over exactly a range."""
    return {"type": "date", "range": [milliseconds(start), milliseconds(end)], **options}
