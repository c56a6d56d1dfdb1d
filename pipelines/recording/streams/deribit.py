"""Deribit futures: the trades in which a side was liquidated."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pipelines.recording.streams import Answer, Denied, Heard, Reader, Row, Stream
from pipelines.recording.streams._rows import row
from pipelines.source import NOW, Source
from pipelines.sources.common.json import loaded

SOURCE = Source(
    id="recorded_deribit",
    publisher="Deribit",
    dataset="Live trades of futures with a liquidation mark, as recorded here",
    url="https://docs.deribit.com/subscriptions/trades/tradeskindcurrencyinterval",
    licence="Deribit market data; Deribit's terms apply",
    method=(
        "Only messages that hold a liquidated side are kept. One row a liquidated side: a taker who sells closes a "
        "long, so does a maker who is bought from. Amounts of inverse contracts are USD and are divided by the price;"
        " those of USDC and USDT contracts are in the base asset, with both taken as USD."
    ),
    tables=("liquidations", "feed_coverage"),
    span="while the recorder runs",
    resolution="trade, pushed every 100 ms",
    reach=NOW,
    group="fast",
    limits=(
        "The same trades are in deribit_trades (under the same event_id), where their numbers prove that none is "
        "missing: count one feed. Moments in which nobody listened, or the line delivered nothing, are rows of "
        "feed_coverage."
    ),
    accumulates=True,
    live=True,
    default=False,
)
STREAM = Stream(
    SOURCE,
    "deribit",
    "trades (stream)",
    "wss://www.deribit.com/ws/api/v2",
    # https://docs.deribit.com/subscriptions/market-data/tickerinstrument_nameinterval
    control="ticker.BTC-PERPETUAL.100ms",
)
CURRENCIES = ("BTC", "ETH", "USDC", "USDT")
BEAT_SECONDS = 30
HEARTBEAT = json.dumps(
    {"jsonrpc": "2.0", "id": 1, "method": "public/set_heartbeat", "params": {"interval": BEAT_SECONDS}}
)
HERE = json.dumps({"jsonrpc": "2.0", "id": 2, "method": "public/test", "params": {}})
LIQUIDATED = {"T": ("taker",), "M": ("maker",), "MT": ("maker", "taker")}


def topics(_: list[bytes]) -> list[str]:
    return [STREAM.control, *(f"trades.future.{currency}.100ms" for currency in CURRENCIES)]


def subscribe(topics: list[str]) -> list[str]:
    """A heartbeat, or Deribit hangs up on a quiet line, and the channels: two confirmations."""
    channels = {"jsonrpc": "2.0", "id": 3, "method": "public/subscribe", "params": {"channels": topics}}
    return [HEARTBEAT, json.dumps(channels)] if topics else []


def heard(message: bytes) -> Heard | Answer | Denied:
    if b'"subscription"' in message:
        # A trade without a liquidation is of the feed, and proves as much as the control.
        return Heard.KEPT if b'"liquidation"' in message else Heard.CONTROL
    match loaded(message, "Deribit's message"):
        case {"method": "heartbeat", "params": {"type": "test_request"}}:
            return Answer(HERE)
        case {"error": {"code": code, "message": words}}:
            return Denied(f"Deribit answers {code}, {words}")
        case {"id": 1 | 3, "result": _}:
            return Heard.CONFIRMED
        case _:
            return Heard.NOTHING


def reader(_: list[bytes]) -> Reader:
    return rows


def rows(message: Mapping[str, Any]) -> Iterator[Row]:
    for trade in message["params"]["data"]:
        for role in LIQUIDATED[trade["liquidation"]] if "liquidation" in trade else ():
            symbol, market, inverse = _symbol(trade["instrument_name"])
            sold = (trade["direction"] == "sell") == (role == "taker")
            amount, price = float(trade["amount"]), float(trade["price"])
            yield row(
                STREAM,
                symbol=symbol,
                market=market,
                event_id=f"{trade['trade_id']}:{role}",
                ts=trade["timestamp"],
                liquidated_side="long" if sold else "short",
                price=price,
                price_kind="fill",
                quantity_base=amount / price if inverse else amount,
                notional_usd=amount if inverse else amount * price,
            )


def _symbol(native: str) -> tuple[str, str, bool]:
    """BTC-PERPETUAL -> BTC/USD:BTC, inverse; SOL_USDC-27MAR26 -> SOL/USDC:USDC-260327."""
    pair, _, end = native.partition("-")
    base, _, quote = pair.partition("_")
    symbol = f"{base}/{quote}:{quote}" if quote else f"{base}/USD:{base}"
    if end == "PERPETUAL":
        return symbol, "perp", not quote
    return f"{symbol}-{datetime.strptime(end, '%d%b%y').replace(tzinfo=UTC):%y%m%d}", "future", not quote
