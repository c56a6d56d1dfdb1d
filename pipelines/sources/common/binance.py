"""What the files of data.binance.vision have in common. Map: https://github.com/binance/binance-public-data"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from datetime import date, timedelta
from typing import BinaryIO, cast

import polars as pl

from pipelines.source import Piece, Refused, Request
from pipelines.sources.common.archives import csv_blocks, read_block
from pipelines.sources.common.spans import midnight
from pipelines.sources.common.symbols import Symbol

BASE = "https://data.binance.vision"
LICENCE = "Binance market data; Binance's terms apply"
PACE = 20
"""Requests a second: files on a content network, where no limit is stated; a day of a symbol is two of them."""
SPOT, USD_M, COIN_M = "spot", "futures/um", "futures/cm"
YEAR_MICROSECONDS = 10**15
"""Times from here on are microseconds: spot files switched on 2025-01-01, futures files did not."""


def market_of(symbol: str) -> str:
    """The archive's folder for a unified symbol: spot, USD-M or COIN-M."""
    market = Symbol.of(symbol)
    return SPOT if not market.is_contract else USD_M if market.is_linear else COIN_M


def native(symbol: str) -> str:
    """BTC/USDT -> BTCUSDT, BTC/USDT:USDT -> BTCUSDT, BTC/USD:BTC -> BTCUSD_PERP."""
    return Symbol.of(symbol).pair() + ("_PERP" if market_of(symbol) == COIN_M else "")


def filed_under(kind: str, symbol: str) -> str:
    """The archive's name for a symbol: index prices are filed by their pair, which has no _PERP."""
    return Symbol.of(symbol).pair() if kind == "indexPriceKlines" else native(symbol)


def contract_usd(symbol: str) -> float:
    """Face value of a COIN-M contract: 100 USD for BTC, 10 USD for the others."""
    return 100.0 if symbol.startswith("BTC/") else 10.0


def archive(kind: str, symbol: str, day: date, *, interval: str = "", monthly: bool = False) -> Piece:
    """One archive and its CHECKSUM file. `kind` is the archive's own word, e.g. aggTrades."""
    filed = filed_under(kind, symbol)
    name = f"{filed}-{interval or kind}-{day:%Y-%m}" + ("" if monthly else f"-{day:%d}")
    folder = "/".join(
        filter(None, ("data", market_of(symbol), "monthly" if monthly else "daily", kind, filed, interval))
    )
    url = f"{BASE}/{folder}/{name}.zip"
    return Piece(
        f"{market_of(symbol)}/{kind}/{name}",
        (Request(url), Request(f"{url}.CHECKSUM")),
        {"symbol": symbol, "kind": kind, "interval": interval, "file": f"{name}.zip", "day": f"{day:%Y-%m-%d}"},
        final_at=midnight(day) + timedelta(days=40 if monthly else 4),
    )


def unpacked(bodies: list[bytes], piece: Piece) -> list[bytes]:
    """The CSV of a small archive whose checksum holds. Raises Refused."""
    return list(csv_blocks(verified([io.BytesIO(body) for body in bodies], piece), piece.facts["file"]))


def verified(bodies: Sequence[BinaryIO], piece: Piece) -> BinaryIO:
    """The archive, if it is the one its CHECKSUM file names. Raises Refused."""
    archive, checksum = bodies
    stated = checksum.read().decode("ascii", "replace").split()
    if len(stated) != 2 or stated[1] != piece.facts["file"]:
        raise Refused(piece.facts["file"], "its CHECKSUM file does not name it", "The next refresh fetches both again.")
    received = (
        piece.hashes[0] if piece.hashes else hashlib.file_digest(cast(io.BufferedReader, archive), "sha256").hexdigest()
    )
    if received != stated[0]:
        raise Refused(
            piece.facts["file"],
            "its sha256 is not the one in its CHECKSUM file",
            "The download was altered on the way; the next refresh fetches it again.",
        )
    return archive


def table(bodies: list[bytes], piece: Piece, columns: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    """A small archive as a frame with our column names, header or none. Raises Refused."""
    return read_block(b"".join(unpacked(bodies, piece)), True, columns)


def utc(column: str) -> pl.Expr:
    """A column of milliseconds or microseconds, told apart by size, as a UTC moment; null where it is before 1970."""
    value = pl.col(column)
    micros = pl.when(value >= YEAR_MICROSECONDS).then(value).when(value >= 0).then(value * 1000)
    return micros.cast(pl.Datetime("us", "UTC"))
