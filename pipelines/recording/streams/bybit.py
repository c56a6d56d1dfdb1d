"""Bybit liquidations of linear contracts, a topic per contract."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pipelines.recording.streams import Answer, Denied, Heard, Reader, Row, Stream
from pipelines.recording.streams._rows import numbered, row
from pipelines.source import NOW, Request, Source
from pipelines.sources.common import bybit
from pipelines.sources.common.json import loaded

SOURCE = Source(
    id="recorded_bybit",
    publisher="Bybit",
    dataset="Live liquidations of linear contracts (allLiquidation), as recorded here",
    url="https://bybit-exchange.github.io/docs/v5/websocket/public/all-liquidation",
    licence=bybit.LICENCE,
    method=(
        "Every message the recorder received. `S` is the side of the position that was closed; the price is the "
        "bankruptcy price, not a fill; quantities are in the base asset. Liquidations have no number: two alike in "
        "contract, millisecond, side, size and price count once unless one message has both. USDT and USDC are taken "
        "as USD."
    ),
    tables=("liquidations", "feed_coverage"),
    span="while the recorder runs",
    resolution="event, pushed every 500 ms",
    reach=NOW,
    group="fast",
    limits=(
        "Linear contracts only; contracts on stocks (TSLA) are among them and carry no mark. A contract listed while "
        "the recorder runs is subscribed to within the hour. All contracts share one connection: where Bybit refuses "
        "a part of them, nothing counts as recorded. Moments in which nobody listened, or the line delivered nothing,"
        " are rows of feed_coverage."
    ),
    accumulates=True,
    live=True,
    default=False,
)
STREAM = Stream(
    SOURCE,
    "bybit",
    "allLiquidation",
    "wss://stream.bybit.com/v5/public/linear",
    # Pushed every 100 ms: https://bybit-exchange.github.io/docs/v5/websocket/public/ticker
    control="tickers.BTCUSDT",
    listing=Request(f"{bybit.API}/v5/market/instruments-info", {"category": "linear", "limit": 1000}),
    ping='{"op":"ping"}',
)
BATCH = 100
"""Topics a message: some 2,700 characters of `args`, which may have 21,000 for "one public connection".

Bybit does not say whether that counts a message or all of a connection; all contracts, some 800, come to about as much.
https://bybit-exchange.github.io/docs/v5/ws/connect
"""
TOPIC = "allLiquidation."

fault = bybit.fault


def follow(body: bytes, request: Request) -> Request | None:
    """The next page of the list of contracts."""
    cursor = loaded(body, "the list of contracts")["result"].get("nextPageCursor")
    return replace(request, params={**request.params, "cursor": cursor}) if cursor else None


def topics(listing: list[bytes]) -> list[str]:
    trading = [TOPIC + contract["symbol"] for contract in _contracts(listing) if contract["status"] == "Trading"]
    return [STREAM.control, *trading]


def subscribe(topics: list[str]) -> list[str]:
    batches = [topics[first : first + BATCH] for first in range(0, len(topics), BATCH)]
    return [json.dumps({"op": "subscribe", "args": batch}) for batch in batches]


def heard(message: bytes) -> Heard | Answer | Denied:
    if TOPIC.encode() in message[:60]:
        return Heard.KEPT
    if STREAM.control.encode() in message[:60]:
        return Heard.CONTROL
    match loaded(message, "Bybit's message"):
        case {"op": "subscribe", "success": True}:
            return Heard.CONFIRMED
        case {"op": "subscribe", "ret_msg": words}:
            return Denied(f"Bybit answers {words}")
        case _:
            return Heard.NOTHING


def reader(listing: list[bytes]) -> Reader:
    symbols = {contract["symbol"]: _symbol(contract) for contract in _contracts(listing)}
    return partial(rows, symbols)


def rows(symbols: Mapping[str, tuple[str, str]], message: Mapping[str, Any]) -> Iterator[Row]:
    """The liquidations of a message. One of a contract that is not listed has no symbol, and the loader refuses it."""
    events = ((":".join(str(one[part]) for part in ("s", "T", "S", "v", "p")), one) for one in message["data"])
    for event_id, one in numbered(events):
        symbol, market = symbols.get(one["s"], (None, "unknown"))
        quantity, price = float(one["v"]), float(one["p"])
        yield row(
            STREAM,
            symbol=symbol,
            market=market,
            event_id=event_id,
            ts=one["T"],
            liquidated_side={"Buy": "long", "Sell": "short"}.get(one["S"], "unknown"),
            price=price,
            price_kind="bankruptcy",
            quantity_base=quantity,
            notional_usd=quantity * price,
        )


def _contracts(listing: list[bytes]) -> Iterator[Mapping[str, Any]]:
    for body in listing:
        yield from loaded(body, "the list of contracts")["result"]["list"]


def _symbol(contract: Mapping[str, Any]) -> tuple[str, str]:
    """BTC/USDT:USDT, or BTC/USDT:USDT-251226 where the contract has an end."""
    symbol = f"{contract['baseCoin']}/{contract['quoteCoin']}:{contract['settleCoin']}"
    if "Perpetual" in contract["contractType"]:
        return symbol, "perp"
    expiry = datetime.fromtimestamp(int(contract["deliveryTime"]) / 1000, UTC)
    return f"{symbol}-{expiry:%y%m%d}", "future"
