"""Binance USD-M liquidation orders, all contracts on one stream."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.source import Source
from pipelines.streams import Answer, Denied, Heard, Reader, Row, Stream
from pipelines.streams._rows import DOLLARS, row

SOURCE = Source(
    id="recorded_binance",
    publisher="Binance",
    dataset="Live liquidation orders of USD-M futures (forceOrder), as recorded here",
    url="https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams",
    licence="Binance market data; Binance's terms apply",
    method="Every message the recorder received. `S` is the order's side: an order that sells closes a long. The price is the average fill price, the quantity what was filled. Orders have no number: two alike in contract, millisecond, side, size and prices count once. USDT and USDC are taken as USD.",
    tables=("liquidations", "feed_coverage"),
    span="while the recorder runs",
    resolution="at most one order per symbol and second",
    reaches_oct_2025=False,
    group="fast",
    limits="Binance publishes one order per symbol and second and no history: totals are a floor. Moments in which nobody listened are rows of feed_coverage.",
    accumulates=True,
    live=True,
    default=False,
)
STREAM = Stream(
    SOURCE, "binance", "forceOrder (USD-M)", "wss://fstream.binance.com/market/stream?streams=!forceOrder@arr"
)
NATIVE = re.compile(r"(?P<base>.+)(?P<quote>USDT|USDC|BUSD|USD1|BTC)(_(?P<expiry>\d{6}))?")


def topics(_: list[bytes]) -> list[str]:
    """None: the address itself names the stream."""
    return []


def subscribe(_: list[str]) -> list[str]:
    return []


def heard(message: bytes) -> Heard | Answer | Denied:
    return Heard.KEPT if b'"forceOrder"' in message else Heard.NOTHING


def reader(_: list[bytes]) -> Reader:
    return rows


def rows(message: Mapping[str, Any]) -> Iterator[Row]:
    """The order of a message, with or without the wrapper of combined streams."""
    order = message.get("data", message)["o"]
    symbol, market = _symbol(order["s"])
    quantity, price = float(order["z"]), float(order["ap"])
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
        notional_usd=quantity * price if symbol and symbol.split(":")[1].split("-")[0] in DOLLARS else None,
    )


def _symbol(native: str) -> tuple[str | None, str]:
    """BTCUSDT -> BTC/USDT:USDT, a perpetual; BTCUSDT_260327 -> BTC/USDT:USDT-260327, a dated future."""
    found = NATIVE.fullmatch(native)
    if not found:
        return None, "unknown"
    symbol = f"{found['base']}/{found['quote']}:{found['quote']}"
    return (f"{symbol}-{found['expiry']}", "future") if found["expiry"] else (symbol, "perp")
