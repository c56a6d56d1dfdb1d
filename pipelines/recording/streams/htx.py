"""HTX liquidation orders of USDT-margined contracts, all of them on one topic."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.recording.streams import Answer, Denied, Heard, Reader, Row, Stream
from pipelines.recording.streams._rows import numbered, row
from pipelines.source import NOW, Refused, Source
from pipelines.sources.common.json import loaded

SOURCE = Source(
    id="recorded_htx",
    publisher="HTX",
    dataset="Live liquidation orders of USDT-margined contracts (public liquidation_orders), as recorded here",
    url="https://www.htx.com/en-us/opend/newApiPages/",
    licence="HTX market data; HTX's terms apply",
    method=(
        "Every message the recorder received. `direction` is the order's side: an order that sells closes a long. The"
        " price is the bankruptcy price, not a fill; the quantity is the amount in the base asset, USD the turnover "
        "HTX states, with USDT taken as USD. Orders have no number here: two alike in contract, millisecond, side, "
        "size and price count once unless one message has both."
    ),
    tables=("liquidations", "feed_coverage"),
    span="while the recorder runs",
    resolution="event",
    reach=NOW,
    group="fast",
    limits=(
        "Completeness is not stated. The same liquidations of some contracts are in htx_liquidations: count one feed."
        " Moments in which nobody listened, or the line delivered nothing, are rows of feed_coverage."
    ),
    accumulates=True,
    live=True,
    default=False,
)
STREAM = Stream(
    SOURCE,
    "htx",
    "public liquidation_orders (stream)",
    "wss://api.hbdm.com/linear-swap-notification",
    # Pushed when a rate changes; measured in September 2026, each contract's does about every 5 seconds:
    # https://www.htx.com/en-us/opend/newApiPages/?id=8cb7e3b0-77b5-11ed-9966-0242ac110003
    # https://github.com/nemanull/arbitrage-observatory/blob/main/docs/profiles/htx/websocket.md
    control="public.*.funding_rate",
    packed=True,
)
TOPIC = "public.*.liquidation_orders"


def topics(_: list[bytes]) -> list[str]:
    return [STREAM.control, TOPIC]


def subscribe(topics: list[str]) -> list[str]:
    return [json.dumps({"op": "sub", "cid": "crashday", "topic": topic}) for topic in topics]


def heard(message: bytes) -> Heard | Answer | Denied:
    match loaded(message, "HTX's message"):
        case {"op": "notify", "topic": str(topic)}:
            return Heard.KEPT if topic.endswith(".liquidation_orders") else Heard.CONTROL
        case {"op": "ping", "ts": moment}:
            return Answer(json.dumps({"op": "pong", "ts": moment}))
        case {"op": "sub", "err-code": 0}:
            return Heard.CONFIRMED
        case {"op": "sub" | "error" | "close"} as said:
            return Denied(f"HTX answers {said.get('err-code')}, {said.get('err-msg')}")
        case _:
            return Heard.NOTHING


def reader(_: list[bytes]) -> Reader:
    return rows


def rows(message: Mapping[str, Any]) -> Iterator[Row]:
    """The orders of a message. Raises Refused where the unit of the amount is not what it was."""
    parts = ("contract_code", "created_at", "direction", "volume", "price")
    for event_id, order in numbered((":".join(str(one[part]) for part in parts), one) for one in message["data"]):
        price, quantity, turnover = float(order["price"]), float(order["amount"]), float(order["trade_turnover"])
        if abs(quantity * price - turnover) > turnover / 100:
            raise Refused(
                STREAM.source.id,
                "amount times price is not the turnover of an order",
                "HTX may have changed the unit: the parser needs a look.",
            )
        symbol, market = _symbol(order["contract_code"])
        yield row(
            STREAM,
            symbol=symbol,
            market=market,
            event_id=event_id,
            ts=int(order["created_at"]),
            liquidated_side={"sell": "long", "buy": "short"}.get(order["direction"], "unknown"),
            price=price,
            price_kind="bankruptcy",
            quantity_base=quantity,
            notional_usd=turnover,
        )


def _symbol(code: str) -> tuple[str, str]:
    """BTC-USDT -> BTC/USDT:USDT, a swap; BTC-USDT-211210 -> BTC/USDT:USDT-211210, a dated future."""
    base, quote, *expiry = code.split("-")
    return "-".join((f"{base}/{quote}:{quote}", *expiry)), "future" if expiry else "perp"
