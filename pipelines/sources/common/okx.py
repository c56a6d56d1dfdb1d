"""What OKX's endpoints and archives have in common. Documentation: https://www.okx.com/docs-v5/en/"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from pipelines.source import Ask, Fault, Refused, Request
from pipelines.sources.common.json import error_number, known_shape, loaded
from pipelines.sources.common.spans import midnight, milliseconds, utc_days
from pipelines.sources.common.symbols import Symbol

BASE = "https://www.okx.com"
LISTING = f"{BASE}/api/v5/public/market-data-history"
ARCHIVE_HOST = "static.okx.com"
ARCHIVES = f"https://{ARCHIVE_HOST}/"
LICENCE = "OKX market data; OKX's terms apply"
AHEAD_OF_UTC = timedelta(hours=8)
"""An archive's day is a day in UTC+8: it starts at 16:00 UTC of the day before."""
PUBLISHED_AFTER = timedelta(days=2)
BUSY = {"50001", "50004", "50011", "50013", "50026"}
TRADES, FUNDING = "1", "3"
ZIP = b"PK"


def native(symbol: str) -> str:
    """BTC/USDT -> BTC-USDT, BTC/USDT:USDT -> BTC-USDT-SWAP."""
    return family(symbol) + ("-SWAP" if is_swap(symbol) else "")


def family(symbol: str) -> str:
    """BTC/USDT:USDT -> BTC-USDT."""
    return Symbol.of(symbol).pair("-")


def is_swap(symbol: str) -> bool:
    return Symbol.of(symbol).is_contract


def unified(swap: str) -> str | None:
    """BTC-USDT-SWAP -> BTC/USDT:USDT, BTC-USD-SWAP -> BTC/USD:BTC; None for a swap of another form."""
    match swap.split("-"):
        case [base, "USD", "SWAP"]:
            return f"{base}/USD:{base}"
        case [base, "USDT" | "USDC" as quote, "SWAP"]:
            return f"{base}/{quote}:{quote}"
        case _:
            return None


def utc(column: str) -> pl.Expr:
    """Milliseconds, as text or number, as a UTC moment."""
    return (pl.col(column).cast(pl.Int64) * 1000).cast(pl.Datetime("us", "UTC"))


def fault(body: bytes) -> Fault | None:
    """OKX says what is wrong in `code`, with status 200 (50011: too many requests).
    Archives are no JSON and are let pass."""
    if body.startswith(ZIP):
        return None
    try:
        reply = loaded(body, "OKX's reply")
    except Refused as refused:
        return Fault(str(refused), again=True)
    if not isinstance(reply, dict):
        return Fault("OKX's reply is not an object")
    code = str(reply.get("code"))
    return None if code == "0" else Fault(f"OKX answers {error_number(code)}", again=code in BUSY)


def data(body: bytes, name: str) -> list[Any]:
    """The rows of a reply. Raises Refused."""
    reply = loaded(body, name)
    if not isinstance(reply, dict) or not isinstance(reply.get("data"), list):
        raise Refused(name, "it has no list `data`", "OKX may have changed its format: the parser needs a look.")
    return reply["data"]


@dataclass(frozen=True)
class Contract:
    """What one contract of a swap is worth: an amount of the base asset, or of USD where it is inverse."""

    face: float
    inverse: bool

    def base(self, contracts: pl.Expr, price: pl.Expr) -> pl.Expr:
        return contracts * self.face / price if self.inverse else contracts * self.face

    def usd(self, contracts: pl.Expr, price: pl.Expr) -> pl.Expr:
        return contracts * self.face if self.inverse else contracts * self.face * price


def instrument(symbol: str) -> Request:
    """The request for a swap's contract size, kept beside the rows it converts."""
    return Request(f"{BASE}/api/v5/public/instruments", {"instType": "SWAP", "instId": native(symbol)})


def contract(body: bytes, symbol: str) -> Contract:
    """The swap's contract as the list of instruments states it. Raises Refused."""
    name = f"The instruments reply for {native(symbol)}"
    with known_shape(name):
        found = [row for row in data(body, name) if row["instId"] == native(symbol)]
        if not found:
            raise Refused(name, "it does not list the swap", "Without a contract size nothing can be converted.")
        row, inverse = found[0], found[0]["ctType"] == "inverse"
        if row["ctValCcy"] != ("USD" if inverse else Symbol.of(symbol).base):
            raise Refused(name, "its contracts are counted in another coin", "The conversion needs a look.")
        return Contract(float(row["ctVal"]) * float(row["ctMult"]), inverse)


def archive_days(ask: Ask) -> Iterator[date]:
    """The days in UTC+8 the span touches, those that are published by now."""
    shifted = Ask(ask.start + AHEAD_OF_UTC, ask.end + AHEAD_OF_UTC, ask.now)
    return (day for day in utc_days(shifted) if begins(day) + PUBLISHED_AFTER <= ask.now)


def begins(day: date) -> datetime:
    """The moment a day in UTC+8 starts."""
    return midnight(day) - AHEAD_OF_UTC


def listing(module: str, symbol: str, day: date, file: str) -> Request:
    """Ask which archives there are for one day in UTC+8; `follow` then asks for `file`. `symbol` is a symbol,
    or ANY."""
    which = "instFamilyList" if is_swap(symbol) or symbol == "ANY" else "instIdList"
    return Request(
        LISTING,
        {
            "module": module,
            "instType": "SPOT" if which == "instIdList" else "SWAP",
            which: family(symbol),
            "dateAggrType": "daily",
            "begin": milliseconds(begins(day)),
            "end": milliseconds(begins(day)),
        },
        facts={"file": file},
    )


def follow(body: bytes, request: Request) -> Request | None:
    """The archive a listing names, at OKX's own archive host and nowhere else; None where it names none."""
    if request.url != LISTING:
        return None
    name = request.facts["file"]
    with known_shape(f"The listing of {name}"):
        files = [file for part in data(body, name) for group in part["details"] for file in group["groupDetails"]]
        urls = [file["url"] for file in files if file["filename"] == name and file["url"].startswith(ARCHIVES)]
    return Request(urls[0]) if urls else None


def archives(bodies: list[bytes]) -> list[bytes]:
    """Of a piece's replies, the archives."""
    return [body for body in bodies if body.startswith(ZIP)]


def plain_header(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks of a CSV, the names in its first line without the Chinese word that old files add after a slash."""
    line, newline, rest = next(blocks, b"").partition(b"\n")
    names = [name.partition("/")[0].strip() for name in line.decode("utf-8-sig", "replace").split(",")]
    yield ",".join(names).encode() + newline + rest
    yield from blocks
