"""Kraken Futures open interest from its public analytics."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import polars as pl

from pipelines.source import Ask, CheckFailed, Fault, Frames, Piece, Refused, Request, Source
from pipelines.sources._json import known_shape, loaded
from pipelines.sources._spans import midnight, milliseconds, past_days, wanted

URL = "https://futures.kraken.com/api/charts/v1/analytics"
SOURCE = Source(
    id="kraken_futures",
    publisher="Kraken Futures",
    dataset="Analytics, open interest: 5 minutes",
    url="https://docs.kraken.com/api/docs/futures-api/charts/",
    licence="Kraken market data; Kraken's terms apply",
    method="The close of each 5-minute bucket, dated at the bucket's end. Multi-collateral contracts (PF) count the base asset, inverse ones (PI) count USD.",
    tables=("open_interest",),
    span="March 2023 to yesterday",
    resolution="5 minutes",
    reaches_oct_2025=None,
    limits="Finished UTC days only; 5-minute buckets of October 2025 are not proven to be kept. The same analytics' liquidation-volume is left out: it has no long and short, and its unit is not documented.",
    requests_per_second=2,
)
SYMBOLS = ("BTC/USD:USD", "ETH/USD:USD", "SOL/USD:USD", "BTC/USD:BTC", "ETH/USD:ETH")
INTERVAL = timedelta(minutes=5)
MILLISECONDS_FROM = 10**12
"""Times from here on are milliseconds: some series of this API have them, open interest has seconds."""


def plan(ask: Ask) -> Iterable[Piece]:
    # A bucket that is still filling looks like a finished one, so a day is asked for when it is over.
    return [_day(symbol, day) for symbol in wanted(SYMBOLS, ask.symbols) for day in past_days(ask)]


def fault(body: bytes) -> Fault | None:
    """Errors come as a list beside the result, with status 200."""
    try:
        reply = loaded(body, "Kraken's reply")
    except Refused as refused:
        return Fault(str(refused), again=True)
    errors = reply.get("errors") if isinstance(reply, dict) else None
    return Fault(f"Kraken answers {errors}") if errors else None


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    with known_shape(piece.name):
        result = loaded(bodies[0], piece.name)["result"]
        # A bucket is open, high, low, close.
        buckets = [
            {"time": time, "close": None if close is None else float(close)}
            for time, (_, _, _, close) in zip(result["timestamp"], result["data"], strict=True)
        ]
        found = pl.DataFrame(buckets, schema={"time": pl.Int64, "close": pl.Float64})
    if result.get("more"):
        raise Refused(piece.name, "it is only a part of the day", "The next refresh fetches it again.")
    start = pl.when(pl.col("time") >= MILLISECONDS_FROM).then("time").otherwise(pl.col("time") * 1000)
    unit = "open_interest_usd" if is_inverse(piece.facts["symbol"]) else "open_interest_base"
    rows = (
        found.filter(pl.col("close").is_not_null())
        .select(((start * 1000).cast(pl.Datetime("us", "UTC")) + INTERVAL).alias("ts"), pl.col("close").alias(unit))
        # The span's end may be answered with the next day's first bucket.
        .filter(pl.col("ts") <= midnight(date.fromisoformat(piece.facts["day"])) + timedelta(days=1))
    )
    labels = {"venue": "kraken", "symbol": piece.facts["symbol"], "precision": "minute", "sides": "unknown"}
    return {"open_interest": rows.with_columns(pl.lit(value).alias(name) for name, value in labels.items())}


def check(frames: Frames, piece: Piece) -> None:
    rows, start = frames["open_interest"], midnight(date.fromisoformat(piece.facts["day"]))
    if rows.is_empty():
        raise CheckFailed(f"Kraken has no open interest for {piece.name}: it may not keep that day.")
    if not rows["ts"].is_between(start + INTERVAL, start + timedelta(days=1)).all():
        raise CheckFailed(f"{piece.name} holds another day: Kraken did not keep to the span it was asked for.")


def native(symbol: str) -> str:
    """BTC/USD:USD -> PF_XBTUSD, BTC/USD:BTC -> PI_XBTUSD."""
    base = symbol.partition("/")[0]
    return f"{'PI' if is_inverse(symbol) else 'PF'}_{'XBT' if base == 'BTC' else base}USD"


def is_inverse(symbol: str) -> bool:
    return not symbol.endswith(":USD")


def _day(symbol: str, day: date) -> Piece:
    start = milliseconds(midnight(day)) // 1000
    return Piece(
        f"open-interest/{native(symbol)}/{day}",
        (
            Request(
                f"{URL}/{native(symbol)}/open-interest",
                {"since": start, "to": start + 86_400, "interval": int(INTERVAL.total_seconds())},
            ),
        ),
        {"symbol": symbol, "day": str(day)},
        final_at=midnight(day) + timedelta(days=1, hours=1),
    )
