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


def first_and_last_share() -> tuple[float, float]:
    rows = facts.table("venue_shares")
    rows = rows[(rows.venue == "binance") & (rows.market == "spot") & (rows.period_kind == "month")]
    rows = rows[rows.origin == "CoinGecko"].sort_values("period_start").share_pct
    return rows.iloc[-1], rows.iloc[0]


def places_of_ftx() -> list[float]:
    rows = facts.table("exchange_ranks")
    return list(rows[(rows.venue == "ftx") & rows.ranked_by.notna()].sort_values("as_of")["rank"])


over_time = on("exchange", tab="Shares over time")
FIGURES = [
    over_time("Binance had {} % in April 2025, {} % in March 2024", first_and_last_share),
    over_time("FTX stood at place {} by trust in September 2021 (CoinGecko) and {} by score", places_of_ftx),
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
