"""Binance price bars of one second from its public archive: spot markets only,
of pegged coins unless others are named."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pipelines.source import Ask, Piece, Reach, Source
from pipelines.sources.common import binance
from pipelines.sources.common.binance_bars import check, parse
from pipelines.sources.common.spans import past_days, wanted

__all__ = ["SOURCE", "check", "parse", "plan"]

SOURCE = Source(
    id="binance_seconds",
    publisher="Binance",
    dataset="Price bars (data.binance.vision): 1 second",
    url=binance.BASE,
    licence=binance.LICENCE,
    method="Venue's own bars.",
    tables=("bars",),
    span="2019 to yesterday",
    resolution="1 second",
    reach=Reach(first=date(2020, 1, 1)),
    requests_per_second=binance.PACE,
    limits="Spot markets only.",
    crash_days_only=True,
)
SYMBOLS = ("USDE/USDT", "WBETH/USDT", "BNSOL/USDT")
"""They left their pegs for minutes, which bars of a minute hide."""
FORMS = ("BASE/QUOTE",)


def plan(ask: Ask) -> Iterable[Piece]:
    return [
        binance.archive("klines", symbol, day, interval="1s")
        for symbol in wanted(SYMBOLS, ask.symbols, FORMS)
        for day in past_days(ask)
    ]
