"""One exchange, and the league of all."""

from __future__ import annotations

from tests.figures import facts
from tests.figures.views import on

BILLION = 1e9
VENUES = ("hyperliquid", "bybit")


def spread(venue: str) -> tuple[float, float]:
    known = facts.readings(venue)
    return known.min() / BILLION, known.max() / BILLION


def figures(venue: str) -> int:
    """One row a board and asset."""
    rows = facts.reports(venue=venue, asset=None, side=None)
    return len(rows.drop_duplicates(["board", "asset", "phase", "counting", "confidence"]))


def window(venue: str, market: str) -> float:
    rows = facts.table("venue_volumes")
    return rows[(rows.venue == venue) & (rows.market == market)].volume_usd.sum() / BILLION


FIGURES = [
    *(
        on("exchange", venue=venue)(
            "Oct. 10, 2025: ${} bn to ${} bn reported liquidated (trailing 24h)", lambda venue=venue: spread(venue)
        )
        for venue in VENUES
    ),
    *(
        on("exchange", venue=venue)(f"{{}} figures of {name}:", lambda venue=venue: figures(venue))
        for venue, name in (("hyperliquid", "Hyperliquid"), ("binance", "Binance"), ("okx", "OKX"))
    ),
    *(
        on("exchange", venue=venue)(
            "In the published window it traded ${} bn on futures and ${} bn on spot",
            lambda venue=venue: (window(venue, "futures"), window(venue, "spot")),
        )
        for venue in ("binance", "bybit", "okx")
    ),
    on("exchange", tab="League table")("can be set against volume for Bybit, Binance and OKX only", lambda: ()),
]
