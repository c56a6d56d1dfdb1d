"""The two assets of a unified symbol, for axes and labels."""

from __future__ import annotations


def base(symbol: str) -> str:
    """What is traded: BTC of `BTC/USDT:USDT`."""
    return symbol.split("/")[0]


def quote(symbol: str) -> str:
    """What it is priced in: USDT of `BTC/USDT:USDT`."""
    return symbol.split("/")[1].split(":")[0]
