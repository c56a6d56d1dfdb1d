"""OKX liquidation orders of swaps, as far as the public channel shows them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pipelines.recording.streams import Answer, Denied, Heard, Reader, Row, Stream
from pipelines.recording.streams._rows import DOLLARS, row
from pipelines.source import NOW, Request, Source
from pipelines.sources.common import okx
from pipelines.sources.common.json import loaded

SOURCE = Source(
    id="recorded_okx",
    publisher="OKX",
    dataset="Live liquidation orders of swaps (liquidation-orders), as recorded here",
    url=f"{okx.BASE}/docs-v5/en/#public-data-websocket-liquidation-orders-channel",
    licence=okx.LICENCE,
    method=(
        "Every message the recorder received. Side is the position's; contracts are converted by the size OKX lists "
        "at the time; the price is the bankruptcy price, not a fill. Rows have no number: two alike in swap, "
        "millisecond, side, size and price count once. USDT and USDC are taken as USD."
    ),
    tables=("liquidations", "feed_coverage"),
    span="while the recorder runs",
    resolution="event",
    reach=NOW,
    group="fast",
    limits=(
        "OKX says the feed does not stand for the total. The same liquidations may be in okx_liquidations (under the "
        "same event_id): count one feed. Moments in which nobody listened, or the line delivered nothing, are rows of"
        " feed_coverage."
    ),
    accumulates=True,
    live=True,
    default=False,
)
STREAM = Stream(
    SOURCE,
    "okx",
    "liquidation-orders (stream)",
    "wss://ws.okx.com:8443/ws/v5/public",
    # Pushed when it changes, and every 10 seconds when it does not:
    # https://www.okx.com/docs-v5/en/#public-data-websocket-mark-price-channel
    control="mark-price",
    listing=Request(f"{okx.BASE}/api/v5/public/instruments", {"instType": "SWAP"}),
    ping="ping",
)
TOPICS = {STREAM.control: {"instId": "BTC-USDT-SWAP"}, "liquidation-orders": {"instType": "SWAP"}}
POSITIONS = {("net", "sell"): "long", ("net", "buy"): "short"}
"""`posSide` is the position; where it is net, the order that closes a long sells."""

fault = okx.fault


def topics(_: list[bytes]) -> list[str]:
    return list(TOPICS)


def subscribe(topics: list[str]) -> list[str]:
    """A message a channel: OKX confirms each channel for itself."""
    return [json.dumps({"op": "subscribe", "args": [{"channel": name, **TOPICS[name]}]}) for name in topics]


def heard(message: bytes) -> Heard | Answer | Denied:
    if b'"details"' in message:
        return Heard.KEPT
    if message == b"pong":
        return Heard.NOTHING
    match loaded(message, "OKX's message"):
        case {"event": "subscribe"}:
            return Heard.CONFIRMED
        case {"event": "error", "code": code, "msg": words}:
            return Denied(f"OKX answers {code}, {words}")
        case {"arg": {"channel": STREAM.control}, "data": _}:
            return Heard.CONTROL
        case _:
            return Heard.NOTHING


def reader(listing: list[bytes]) -> Reader:
    contracts = {one["instId"]: one for body in listing for one in okx.data(body, "the list of swaps")}
    return partial(rows, contracts)


def rows(contracts: Mapping[str, Mapping[str, str]], message: Mapping[str, Any]) -> Iterator[Row]:
    """The liquidations of a message. Of a swap that is not listed, nothing can be converted, and the loader refuses
    it."""
    for group in message["data"]:
        native = group["instId"]
        for one in group["details"]:
            price = float(one["bkPx"])
            quantity, usd = _converted(float(one["sz"]), price, contracts.get(native))
            yield row(
                STREAM,
                symbol=okx.unified(native),
                market="perp",
                event_id=":".join((native, *(one[part] for part in ("ts", "posSide", "side", "sz", "bkPx")))),
                ts=int(one["ts"]),
                liquidated_side=POSITIONS.get((one["posSide"], one["side"]), one["posSide"]),
                price=price,
                price_kind="bankruptcy",
                quantity_base=quantity,
                notional_usd=usd,
            )


def _converted(number: float, price: float, contract: Mapping[str, str] | None) -> tuple[float | None, float | None]:
    """Contracts as base asset and USD; not known where the size is not listed or is counted in something else."""
    if contract is None:
        return None, None
    face, base, quote, *_ = float(contract["ctVal"]) * float(contract["ctMult"]), *contract["instId"].split("-")
    if contract["ctType"] == "inverse" and contract["ctValCcy"] == "USD":
        return number * face / price, number * face
    if contract["ctType"] == "linear" and contract["ctValCcy"] == base and quote in DOLLARS:
        return number * face, number * face * price
    return None, None
