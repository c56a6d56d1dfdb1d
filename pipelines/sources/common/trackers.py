"""Liquidations as a tracker adds them up per exchange and window: published figures, one board a window.

What a tracker can sum is what the venue's feed lets through, so a figure is a floor unless the feed is known to carry
every liquidation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

COMPLETE_SINCE = {"bybit": datetime(2025, 2, 21, tzinfo=UTC), "deribit": datetime(2018, 1, 1, tzinfo=UTC)}
"""From which UTC day on a venue's feed carries every liquidation, as in data/reference/feed_regimes.csv."""
FEEDS = {
    "binance": "The feed shows at most one order per symbol per second: the real total is higher.",
    "okx": "The feed carries a part of the liquidations: the real total is higher.",
    "aster": "The feed shows at most one order per symbol per second: the real total is higher.",
    "hyperliquid": "How the tracker gets this venue's liquidations is not stated.",
}
COMPLETE = "The feed carries every liquidation; that the tracker recorded all of it is not proven."
UNKNOWN = "How complete the feed is is not known."


@dataclass(frozen=True)
class Window:
    """What a tracker states for one exchange, one asset and one window, in USD of the positions closed."""

    venue: str
    asset: str
    start: datetime
    end: datetime
    long_usd: float
    short_usd: float
    summed: str
    """Which markets were added up."""
    whole: bool = True
    """Whether these are all that the tracker lists there."""


def reports(windows: list[Window], origin: str, universe: str, label: str) -> pl.DataFrame:
    """Rows of `liquidation_reports`, two a window. `label` is a strftime pattern that words a window by its start."""
    return pl.DataFrame([_report(one, side, origin, universe, label) for one in windows for side in ("long", "short")])


def _report(one: Window, side: str, origin: str, universe: str, label: str) -> dict[str, object]:
    since = COMPLETE_SINCE.get(one.venue)
    complete = one.whole and since is not None and one.start >= since
    worded = f"{one.start:{label}}"
    return {
        "metric": "liquidations",
        "value": one.long_usd if side == "long" else one.short_usd,
        "unit": "USD",
        "board": f"{origin}|{one.asset} {universe}|{worded}".lower(),
        "window_label": worded,
        "window_start": one.start,
        "window_end": one.end,
        "as_of_precision": "unknown",
        "origin": origin,
        "universe": f"{one.asset} {universe}",
        "confidence": "medium",
        "second_hand": False,
        "note": f"{one.summed} {COMPLETE if complete else FEEDS.get(one.venue, UNKNOWN)}",
        "venue": one.venue,
        "asset": one.asset,
        "side": side,
        "phase": "day",
        "counting": "complete" if complete else "floor",
    }
