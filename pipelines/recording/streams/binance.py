"""Binance USD-M liquidation orders, all contracts on one stream.

The stream of all symbols was seen to carry contracts of COIN-M too (2026-09-18, BTCUSD_PERP): their quantities count
contracts of 100 or 10 USD.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.recording.streams import Answer, Denied, Heard, Reader, Row, Stream
from pipelines.recording.streams._rows import DOLLARS, row
from pipelines.source import NOW, Source
from pipelines.sources.common import binance
from pipelines.sources.common.symbols import Symbol

SOURCE = Source(
    id="recorded_binance",
    publisher="Binance",
    dataset="Live liquidation orders of USD-M futures (forceOrder), as recorded here",
    url="https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams",
    licence="Binance market data; Binance's terms apply",
    method=(
        "Every message the recorder received. `S` is the order's side: an order that sells closes a long. The price "
        "is the average fill price, the quantity what was filled; the quantity of a COIN-M contract counts contracts "
        "of 100 USD (BTC) or 10 USD and is divided by that price. Orders have no number: two alike in contract, "
        "millisecond, side, size and prices count once. USDT and USDC are taken as USD."
    ),
    tables=("liquidations", "feed_coverage"),
    span="while the recorder runs",
    resolution="at most one order per symbol and second",
    reach=NOW,
    group="fast",
    limits=(
        "Binance publishes one order per symbol and second and no history: totals are a floor. Moments in which "
        "nobody listened, or the line delivered nothing, are rows of feed_coverage."
    ),
    accumulates=True,
    live=True,
    default=False,
)
CONTROL = "btcusdt@markPrice@1s"
"""https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/Mark-Price-Stream"""
STREAM = Stream(
    SOURCE,
    "binance",
    "forceOrder (USD-M)",
    f"wss://fstream.binance.com/market/stream?streams=!forceOrder@arr/{CONTROL}",
    control=CONTROL,
)
USD_M = re.compile(r"(?P<base>.+)(?P<quote>USDT|USDC|USD1|BTC)(_(?P<expiry>\d{6}))?")
COIN_M = re.compile(r"(?P<base>.+)USD_(?P<expiry>PERP|\d{6})")


def topics(_: list[bytes]) -> list[str]:
    """None: the address itself names the stream."""
    return []


def subscribe(_: list[str]) -> list[str]:
    return []


def heard(message: bytes) -> Heard | Answer | Denied:
    if b'"forceOrder"' in message:
        return Heard.KEPT
    return Heard.CONTROL if CONTROL.encode() in message[:60] else Heard.NOTHING


def reader(_: list[bytes]) -> Reader:
    return rows


def rows(message: Mapping[str, Any]) -> Iterator[Row]:
    """The order of a message, with or without the wrapper of combined streams."""
    order = message.get("data", message)["o"]
    symbol, market = _symbol(order["s"])
    price = float(order["ap"])
    quantity, usd = _converted(float(order["z"]), price, symbol)
    yield row(
        STREAM,
        symbol=symbol,
        market=market,
        event_id=":".join(str(order[part]) for part in ("s", "T", "S", "q", "p", "ap", "z")),
        ts=order["T"],
        liquidated_side={"SELL": "long", "BUY": "short"}.get(order["S"], "unknown"),
        price=price,
        price_kind="fill",
        quantity_base=quantity,
        notional_usd=usd,
    )


def _converted(filled: float, price: float, symbol: str | None) -> tuple[float | None, float | None]:
    """What was filled, in the base asset and in USD; None where the one or the other is not known."""
    if symbol is None:
        return filled, None
    _, quote, settle = Symbol.of(symbol.partition("-")[0])
    if quote == "USD" and settle != quote:
        usd = filled * binance.contract_usd(symbol)
        return (usd / price if price else None), usd
    return filled, filled * price if quote in DOLLARS else None


def _symbol(native: str) -> tuple[str | None, str]:
    """BTCUSDT -> BTC/USDT:USDT, BTCUSDT_260327 -> BTC/USDT:USDT-260327, BTCUSD_PERP -> BTC/USD:BTC; perp or future."""
    if found := COIN_M.fullmatch(native):
        symbol, expiry = f"{found['base']}/USD:{found['base']}", found["expiry"].replace("PERP", "")
    elif found := USD_M.fullmatch(native):
        symbol, expiry = f"{found['base']}/{found['quote']}:{found['quote']}", found["expiry"]
    else:
        return None, "unknown"
    return (f"{symbol}-{expiry}", "future") if expiry else (symbol, "perp")
