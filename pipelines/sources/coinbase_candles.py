"""Coinbase price bars from its Exchange API: one-minute candles of spot markets."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import polars as pl

from pipelines.source import SINCE_LAUNCH, Ask, Fault, Frames, Piece, Refused, Request, Source
from pipelines.sources.common import candles
from pipelines.sources.common.json import loaded
from pipelines.sources.common.spans import midnight, utc_days, wanted, windows

SOURCE = Source(
    id="coinbase_candles",
    publisher="Coinbase",
    dataset="Price bars (Exchange API): 1 minute",
    url="https://docs.cdp.coinbase.com/exchange/reference/exchangerestapi_getproductcandles",
    licence="Coinbase market data; Coinbase's terms apply",
    method=(
        "Venue's own bars, minutes that were over when asked for. A minute nobody traded in has no bar. Coinbase "
        "states no quote volume and no number of trades here."
    ),
    tables=("bars",),
    span="since the market's launch",
    resolution="1 minute",
    reach=SINCE_LAUNCH,
    group="hourly",
    limits="300 bars a request, 10 requests a second.",
    requests_per_second=5,
)
SYMBOLS = ("BTC/USD", "ETH/USD", "SOL/USD", "USDT/USD")
FORMS = ("BASE/QUOTE",)
API = "https://api.exchange.coinbase.com"
BARS = 288
"""Five requests a day. Both ends count, and a span of more than 300 bars is rejected."""
COLUMNS = ("time", "low", "high", "open", "close", "volume")


def plan(ask: Ask) -> Iterable[Piece]:
    for symbol in wanted(SYMBOLS, ask.symbols, FORMS):
        product = symbol.replace("/", "-")
        for day in utc_days(ask):
            start, end = candles.finished_part(day, ask.now)
            spans = list(windows(start, end, BARS * candles.MINUTE))
            if spans:
                yield Piece(
                    f"{product}-{day}",
                    tuple(
                        Request(
                            f"{API}/products/{product}/candles",
                            {
                                "granularity": 60,
                                "start": f"{first:%Y-%m-%dT%H:%M:%SZ}",
                                "end": f"{after - candles.MINUTE:%Y-%m-%dT%H:%M:%SZ}",
                            },
                        )
                        for first, after in spans
                    ),
                    {"symbol": symbol, "day": f"{day}"},
                    final_at=midnight(day) + timedelta(days=1) + candles.SETTLED,
                )


def fault(body: bytes) -> Fault | None:
    """Coinbase's errors are objects with a message; candles are lists."""
    return Fault("Coinbase answers an error") if body[:1] == b"{" else None


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    rows = [row for body in bodies for row in _rows(body, piece)]
    table = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.Float64), orient="row", strict=False)
    bars = table.select(
        ts=(pl.col("time") * 1_000_000).cast(pl.Int64).cast(pl.Datetime("us", "UTC")),
        open="open",
        high="high",
        low="low",
        close="close",
        volume_base="volume",
    )
    return candles.traded(bars, "coinbase", piece.facts["symbol"])


check = candles.check_day


def _rows(body: bytes, piece: Piece) -> list[list[float]]:
    rows = loaded(body, piece.name)
    if not isinstance(rows, list) or any(not isinstance(row, list) or len(row) != len(COLUMNS) for row in rows):
        raise Refused(
            piece.name,
            f"the reply is not rows of {', '.join(COLUMNS)}",
            "The source may have changed: the parser needs a look.",
        )
    return rows
