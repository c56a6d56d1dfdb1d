"""What Bybit's v5 API and its public archive have in common. Map: https://bybit-exchange.github.io/docs/v5/intro"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from pipelines.source import Fault, Piece, Refused, Request
from pipelines.sources.common.json import error_number, loaded
from pipelines.sources.common.spans import milliseconds, windows
from pipelines.sources.common.symbols import Symbol

API = "https://api.bybit.com"
ARCHIVE = "https://public.bybit.com"
LICENCE = "Bybit market data; Bybit's terms apply"
SPOT, LINEAR, INVERSE = "spot", "linear", "inverse"
PASSING = {10000, 10006, 10016, 10018}
"""Codes that say: not now. Timeout, rate limit, internal error, rate limit of the address."""
CHANGED = "The source may have changed: the parser needs a look."


def category_of(symbol: str) -> str:
    """Bybit's product type of a unified symbol: spot,
    linear (settled in a dollar coin) or inverse (settled in the base asset)."""
    market = Symbol.of(symbol)
    return SPOT if not market.is_contract else LINEAR if market.is_linear else INVERSE


def market_of(symbol: str) -> str:
    return "spot" if category_of(symbol) == SPOT else "perp"


def native(symbol: str) -> str:
    """BTC/USDT and BTC/USDT:USDT -> BTCUSDT, BTC/USD:BTC -> BTCUSD, BTC/USDC:USDC -> BTCPERP."""
    market = Symbol.of(symbol)
    return f"{market.base}PERP" if market.settle == "USDC" else market.pair()


def asked(
    path: str, symbol: str, span: tuple[datetime, datetime], names: tuple[str, str], **more: str | int
) -> Request:
    """One request for a half-open span; `names` are the endpoint's words for its first and last millisecond."""
    start, end = span
    times = {names[0]: milliseconds(start), names[1]: milliseconds(end) - 1}
    return Request(
        f"{API}/v5/market/{path}", {"category": category_of(symbol), "symbol": native(symbol), **more, **times}
    )


def begun(start: datetime, end: datetime, length: timedelta, now: datetime) -> list[tuple[datetime, datetime]]:
    """The windows of a span that have begun by `now`."""
    return [window for window in windows(start, end, length) if window[0] <= now]


def fault(body: bytes) -> Fault | None:
    """Bybit answers errors with status 200 and a `retCode` that is not 0."""
    try:
        reply = loaded(body, "Bybit's reply")
    except Refused:
        return None
    code = reply.get("retCode", 0) if isinstance(reply, dict) else 0
    return Fault(f"Bybit answers {error_number(code)}", again=code in PASSING) if code else None


def answered(body: bytes, piece: Piece) -> tuple[list[Any], int]:
    """The rows of a reply, newest first as Bybit gives them, and the millisecond it was given. Raises Refused."""
    reply = loaded(body, piece.name)
    try:
        result, time = reply["result"], int(reply["time"])
        rows, symbol = list(result["list"]), result.get("symbol")
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Refused(piece.name, "the reply has no list of rows", CHANGED) from None
    only_about({symbol} - {None}, piece)
    return rows, time


def only_about(symbols: Iterable[str], piece: Piece) -> None:
    """Raises Refused where the reply names another symbol than the one asked for."""
    if set(symbols) - {native(piece.facts["symbol"])}:
        raise Refused(piece.name, "the reply is about something else", CHANGED)


def typed(rows: list[Any], columns: Mapping[str, type[pl.DataType]], piece: Piece) -> pl.DataFrame:
    """Rows of text, lists or objects, as a frame of numbers; text that is empty or not there is null.
    Raises Refused."""
    cells = [[row.get(name) for name in columns] if isinstance(row, dict) else row for row in rows]
    try:
        text = pl.DataFrame(cells, schema=dict.fromkeys(columns, pl.String), orient="row")
        return text.with_columns(pl.all().replace("", None)).cast({name: dtype for name, dtype in columns.items()})
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise Refused(piece.name, f"a row is not {', '.join(columns)} ({type(error).__name__})", CHANGED) from None


def utc(column: str) -> pl.Expr:
    """A column of milliseconds as a UTC moment."""
    return (pl.col(column) * 1000).cast(pl.Datetime("us", "UTC"))
