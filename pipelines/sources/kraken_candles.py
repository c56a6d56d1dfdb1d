"""Kraken price bars: the most recent candles of its spot markets and of the tokenized stocks it lists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

import polars as pl

from pipelines.source import Ask, CheckFailed, Fault, Frames, Piece, Reach, Refused, Request, Source
from pipelines.sources.common import candles
from pipelines.sources.common.json import loaded
from pipelines.sources.common.spans import wanted
from pipelines.sources.common.symbols import Symbol

SOURCE = Source(
    id="kraken_candles",
    publisher="Kraken",
    dataset="Price bars (spot OHLC): 1 minute and 1 day",
    url="https://docs.kraken.com/api-reference/market-data/get-ohlc-data",
    licence="Kraken market data; Kraken's terms apply",
    method=(
        "Venue's own bars. The last row of a reply is still forming and is left out, and so is a bar nobody traded in."
    ),
    tables=("bars",),
    span="the last 720 bars: 12 hours of minutes, about two years of days",
    resolution="1 minute for the last 12 hours, 1 day before",
    reach=Reach(days=720),  # of daily bars; of minutes twelve hours
    group="hourly",
    limits=(
        "Oct. 10, 2025 is reached by day bars only, until October 2027; its minutes cannot be had here, whatever is "
        "asked for. Tokenized stocks are not served everywhere."
    ),
    requests_per_second=1,
    accumulates=True,
)
SYMBOLS = ("BTC/USD", "ETH/USD", "SOL/USD", "USDT/USD", "AAPLx/USD", "TSLAx/USD", "NVDAx/USD", "SPYx/USD")
FORMS = ("BASE/QUOTE",)
INTERVALS = {"1m": 1, "1d": 1440}
XSTOCK = re.compile(r"[A-Z.]+x/")
URL = "https://api.kraken.com/0/public/OHLC"
AGAIN = ("Rate limit", "Too many requests", "Throttled", "Unavailable", "Busy", "Temporary lockout")
COLUMNS = ("time", "open", "high", "low", "close", "vwap", "volume", "count")


def plan(ask: Ask) -> Iterable[Piece]:
    """A piece a fetch for minutes and a piece a day for days:
    what it brings of bars that are there already is not loaded twice."""
    today = ask.now.replace(hour=0, minute=0, second=0, microsecond=0)
    times = {"1m": ask.now, "1d": today}
    return [
        Piece(
            f"{_pair(symbol)}-{interval}-{times[interval]:%Y-%m-%dT%H:%M}",
            (Request(URL, {"pair": _pair(symbol), "interval": minutes, **_asset_class(symbol)}),),
            {"symbol": symbol, "interval": interval},
            final_at=times[interval],
        )
        for symbol in wanted(SYMBOLS, ask.symbols, FORMS)
        for interval, minutes in INTERVALS.items()
    ]


def fault(body: bytes) -> Fault | None:
    """Kraken's errors come with status 200, as words in `error`."""
    try:
        reply = loaded(body, URL)
    except Refused:
        return None
    errors = reply.get("error") if isinstance(reply, dict) else None
    message = ", ".join(errors or [])
    return Fault("Kraken answers an error", again=any(word in message for word in AGAIN)) if message else None


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    rows = _rows(bodies[0], piece)[:-1]
    text = pl.DataFrame(
        [[str(cell) for cell in row] for row in rows], schema=dict.fromkeys(COLUMNS, pl.String), orient="row"
    )
    bars = text.select(
        (pl.col("time").cast(pl.Int64) * 1_000_000).cast(pl.Datetime("us", "UTC")).alias("ts"),
        *(pl.col(name).cast(pl.Float64) for name in ("open", "high", "low", "close")),
        volume_base=pl.col("volume").cast(pl.Float64),
        trades=pl.col("count").cast(pl.Int64),
    )
    return candles.traded(bars, "kraken", piece.facts["symbol"], piece.facts["interval"])


def check(frames: Frames, piece: Piece) -> None:
    """Bars start on whole intervals; a market nobody traded in for 12 hours has none, which is an answer."""
    length = timedelta(minutes=INTERVALS[piece.facts["interval"]])
    if (frames["bars"]["ts"].dt.truncate(length) != frames["bars"]["ts"]).any():
        raise CheckFailed(
            f"{piece.name} holds bars that do not start on whole intervals: its times may have changed unit."
        )


def _rows(body: bytes, piece: Piece) -> list[list[object]]:
    """The candles of the only pair in a reply, which Kraken may spell differently (XBTUSD is answered as XXBTZUSD)."""
    reply = loaded(body, piece.name)
    try:
        (rows,) = (rows for name, rows in reply["result"].items() if name != "last")
        fits = len(rows) > 0 and all(len(row) == len(COLUMNS) for row in rows)
    except (KeyError, TypeError, AttributeError, ValueError):
        fits = False
    if not fits:
        raise Refused(
            piece.name,
            f"the reply is not rows of {', '.join(COLUMNS)}",
            "The pair may be unknown, or the format changed.",
        )
    return rows


def _pair(symbol: str) -> str:
    """BTC/USD -> XBTUSD, AAPLx/USD -> AAPLxUSD."""
    base, quote, _ = Symbol.of(symbol)
    return ("XBT" if base == "BTC" else base) + quote


def _asset_class(symbol: str) -> dict[str, str]:
    return {"asset_class": "tokenized_asset"} if XSTOCK.match(symbol) else {}
