"""The unified name of a market, taken apart once."""

from __future__ import annotations

from typing import NamedTuple

DOLLAR_COINS = ("USDT", "USDC")


class Symbol(NamedTuple):
    """A market: `BASE/QUOTE` spot, `BASE/QUOTE:SETTLE` a contract and what it is settled in."""

    base: str
    quote: str
    settle: str = ""

    @classmethod
    def of(cls, unified: str) -> Symbol:
        pair, _, settle = unified.partition(":")
        base, _, quote = pair.partition("/")
        return cls(base, quote, settle)

    def __str__(self) -> str:
        return f"{self.base}/{self.quote}" + (f":{self.settle}" if self.settle else "")

    @property
    def is_contract(self) -> bool:
        return bool(self.settle)

    @property
    def is_linear(self) -> bool:
        """Settled in a dollar coin."""
        return self.settle in DOLLAR_COINS

    def pair(self, between: str = "") -> str:
        """Base and quote as venues write them: BTCUSDT, BTC-USDT."""
        return between.join(part for part in (self.base, self.quote) if part)
