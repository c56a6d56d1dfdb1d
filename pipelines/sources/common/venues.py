"""Venues under the one name all tables use, from the names trackers and rankings give them.

Ids differ from tracker to tracker and keep dead names (CoinGecko's id for Coinbase is gdax), so a venue is recognised
by its name for people. One that is not in data/reference/venues.csv keeps a slug of its id.
"""

from __future__ import annotations

import re

MARKET_WORDS = re.compile(r"[\s(]+(exchange|futures|derivatives?|perpetuals?|perps?|spot)\)?$")
KNOWN = {
    **{
        name: name
        for name in (
            "aster",
            "backpack",
            "binance",
            "bitfinex",
            "bitget",
            "bithumb",
            "bitmex",
            "bitstamp",
            "bitvavo",
            "bybit",
            "coinbase",
            "crypto.com",
            "deribit",
            "dydx",
            "gate",
            "gemini",
            "htx",
            "hyperliquid",
            "kraken",
            "kucoin",
            "lighter",
            "okx",
            "upbit",
        )
    },
    "dydx chain": "dydx",
    "gate.io": "gate",
    "huobi": "htx",
    "probit global": "probit",
}


def venue_of(name: str, identifier: str) -> str:
    """'Backpack Exchange ' -> backpack, 'Bybit (Futures)' -> bybit; 'Binance US' is another company:
    its id as a slug."""
    stem = name.strip().lower()
    while (shorter := MARKET_WORDS.sub("", stem)) != stem:
        stem = shorter
    return KNOWN.get(stem) or re.sub(r"[^a-z0-9.]+", "-", identifier.lower()).strip("-")
