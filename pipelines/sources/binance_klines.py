"""Binance price bars from its public archive: spot, USD-M and COIN-M trades, and mark,
index and premium prices of futures."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pipelines.source import Ask, Piece, Reach, Source
from pipelines.sources.common import binance
from pipelines.sources.common.binance_bars import KINDS, check, parse
from pipelines.sources.common.spans import past_days, wanted

__all__ = ["SOURCE", "check", "parse", "plan"]

SOURCE = Source(
    id="binance_klines",
    publisher="Binance",
    dataset="Price bars (data.binance.vision): 1 and 5 minutes",
    url=binance.BASE,
    licence=binance.LICENCE,
    method=(
        "Venue's own bars. COIN-M volumes are converted from contracts to the base asset by the archive's own base "
        "column. Mark, index and premium bars carry no volume."
    ),
    tables=("bars",),
    span="2019 to yesterday",
    resolution="1 minute; 5 minutes of symbols asked for by name",
    reach=Reach(first=date(2020, 1, 1)),
    requests_per_second=binance.PACE,
)
SYMBOLS = (
    "BTC/USDT",
    "ETH/USDT",
    "SOL/USDT",
    "USDE/USDT",
    "WBETH/USDT",
    "BNSOL/USDT",
    "BTC/USDT:USDT",
    "ETH/USDT:USDT",
    "SOL/USDT:USDT",
    "BTC/USD:BTC",
)
FORMS = ("BASE/QUOTE", "BASE/USDT:USDT", "BASE/USDC:USDC", "BASE/USD:BASE")


def plan(ask: Ask) -> Iterable[Piece]:
    return [
        binance.archive(kind, symbol, day, interval=interval)
        for symbol in wanted(SYMBOLS, ask.symbols, FORMS)
        for kind in (("klines",) if binance.market_of(symbol) == binance.SPOT else KINDS)
        for interval in (("1m", "5m") if ask.symbols else ("1m",))
        for day in past_days(ask)
    ]
