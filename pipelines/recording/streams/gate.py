"""Gate liquidation orders of USDT-margined perpetuals, all of them on one channel."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pipelines.recording.streams import Answer, Denied, Heard, Reader, Row, Stream
from pipelines.recording.streams._rows import numbered, row
from pipelines.source import NOW, Refused, Request, Source
from pipelines.sources import gate_liquidations
from pipelines.sources.common.json import loaded

SOURCE = Source(
    id="recorded_gate",
    publisher="Gate",
    dataset="Live liquidation orders of USDT-margined perpetuals (futures.public_liquidates), as recorded here",
    url="https://www.gate.com/docs/developers/futures/ws/en/",
    licence=gate_liquidations.SOURCE.licence,
    method=(
        "Every message the recorder received. `size` is the order's: a negative one sells and closes a long (in "
        "liq_orders of the REST interface the sign is the position's). The price is the order's, not a fill. "
        "Contracts are converted by the size Gate lists at the time (quanto_multiplier). Orders have no number: two "
        "alike in contract, millisecond, size and price count once unless one message has both. USDT is taken as USD."
    ),
    tables=("liquidations", "feed_coverage"),
    span="while the recorder runs",
    resolution="event, pushed once a second and contract",
    reach=NOW,
    group="fast",
    limits=(
        "Until Aug. 20, 2026 Gate pushed one order per contract and second; since then it says that it pushes all of "
        "them. Gate's text does not say what the sign of `size` means: that a negative one closes a long is how "
        "others read the feed. An order is counted whole, filled or not. The same liquidations are in "
        "gate_liquidations, at their fill prices: count one feed. Moments in which nobody listened, or the line "
        "delivered nothing, are rows of feed_coverage."
    ),
    accumulates=True,
    live=True,
    default=False,
)
STREAM = Stream(
    SOURCE,
    "gate",
    "public_liquidates (stream)",
    "wss://fx-ws.gateio.ws/v4/ws/usdt",
    # https://www.gate.com/docs/developers/futures/ws/en/#tickers-api
    control="futures.tickers",
    listing=Request(f"{gate_liquidations.BASE}/contracts"),
    headers=gate_liquidations.DECIMAL_SIZES,
)
CHANNEL = "futures.public_liquidates"
TOPICS = {STREAM.control: ["BTC_USDT"], CHANNEL: ["!all"]}
MILLISECONDS = 10**12
"""The least time that can be in milliseconds: until August 2026 the field could be in seconds."""

fault = gate_liquidations.fault


def topics(_: list[bytes]) -> list[str]:
    return list(TOPICS)


def subscribe(topics: list[str]) -> list[str]:
    return [
        json.dumps({"time": int(time.time()), "channel": channel, "event": "subscribe", "payload": TOPICS[channel]})
        for channel in topics
    ]


def heard(message: bytes) -> Heard | Answer | Denied:
    match loaded(message, "Gate's message"):
        case {"error": {"code": code, "message": words}}:
            return Denied(f"Gate answers {code}, {words}")
        case {"channel": "futures.public_liquidates", "event": "update"}:
            return Heard.KEPT
        case {"channel": STREAM.control, "event": "update"}:
            return Heard.CONTROL
        case {"channel": STREAM.control | "futures.public_liquidates", "event": "subscribe"}:
            return Heard.CONFIRMED
        case _:
            return Heard.NOTHING


def reader(listing: list[bytes]) -> Reader:
    contracts = [contract for body in listing for contract in loaded(body, "the list of contracts")]
    return partial(rows, {contract["name"]: float(contract["quanto_multiplier"]) for contract in contracts})


def rows(multipliers: Mapping[str, float], message: Mapping[str, Any]) -> Iterator[Row]:
    """The orders of a message. Those of a contract that is not listed cannot be converted, and the loader refuses
    them."""
    parts = ("contract", "time", "size", "price")
    for event_id, order in numbered((":".join(str(one[part]) for part in parts), one) for one in message["result"]):
        if order["time"] < MILLISECONDS:
            raise Refused(
                SOURCE.id,
                "the time of an order is not in milliseconds",
                "Gate may have changed its message: the parser needs a look.",
            )
        size, price, multiplier = float(order["size"]), float(order["price"]), multipliers.get(order["contract"])
        quantity = abs(size) * multiplier if multiplier else None
        yield row(
            STREAM,
            symbol=f"{order['contract'].replace('_', '/')}:USDT",
            market="perp",
            event_id=event_id,
            ts=order["time"],
            liquidated_side="long" if size < 0 else "short",
            price=price,
            price_kind="order",
            quantity_base=quantity,
            notional_usd=quantity and quantity * price,
        )
