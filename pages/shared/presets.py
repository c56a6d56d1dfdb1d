"""The ranges of time a reader may want at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from analytics.market import prices
from charts.words import clock
from pages.shared.ask import ask
from pages.shared.time_range import Range

AROUND = timedelta(minutes=10)
"""How much before and after the lowest bar one preset shows."""


def presets(day: dict[str, Any]) -> dict[str, Range]:
    """The day, its focus window, and the minutes around the lowest bar of Bitcoin, as far as they are known
    and differ."""
    window, focus = (day["window_start"], day["window_end"]), (day["focus_start"], day["focus_end"])
    ranges = {f"All, {window[0]:%b} {window[0].day} to {window[1]:%b} {window[1].day}": window}
    if focus != window:
        ranges[f"Focus, {clock(focus[0])}–{clock(focus[1])}"] = focus
    bitcoin = ask(prices.bitcoin, start=focus[0], end=focus[1])
    if bitcoin.height:
        low = bitcoin["ts"][int(bitcoin["low"].arg_min() or 0)]
        around = (max(low - AROUND, window[0]), min(low + AROUND, window[1]))
        ranges[f"Around the low, {clock(around[0])}–{clock(around[1])}"] = around
    return ranges
