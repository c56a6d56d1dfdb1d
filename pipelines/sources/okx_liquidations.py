"""OKX liquidations of swaps, as far as its public endpoint shows them: a part, about one day back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from pipelines.source import Ask, CheckFailed, Frames, Piece, Reach, Refused, Request, Source
from pipelines.sources.common import liquidations, okx
from pipelines.sources.common.json import known_shape
from pipelines.sources.common.spans import wanted

SOURCE = Source(
    id="okx_liquidations",
    publisher="OKX",
    dataset="Liquidation orders of swaps (public/liquidation-orders)",
    url=f"{okx.BASE}/docs-v5/en/",
    licence=okx.LICENCE,
    method=(
        "Every row the endpoint shows. Side is the position's; contracts are converted by the contract size OKX lists "
        "at the same time; the price is the bankruptcy price, not a fill. Rows have no number: two alike in swap, "
        "millisecond, side, size and price count once."
    ),
    tables=("liquidations",),
    span="the last day or so",
    resolution="event",
    reach=Reach(days=1),
    group="hourly",
    limits=(
        "OKX says the feed does not stand for the total. The endpoint is no longer documented. "
        "What is not fetched within a day is lost."
    ),
    requests_per_second=2,
    accumulates=True,
)
SYMBOLS = (
    "BTC/USDT:USDT",
    "ETH/USDT:USDT",
    "SOL/USDT:USDT",
    "XRP/USDT:USDT",
    "DOGE/USDT:USDT",
    "BTC/USD:BTC",
    "ETH/USD:ETH",
)
FORMS = ("BASE/USDT:USDT", "BASE/USDC:USDC", "BASE/USD:BASE")
ORDERS = f"{okx.BASE}/api/v5/public/liquidation-orders"

fault = okx.fault


def plan(ask: Ask) -> Iterable[Piece]:
    for symbol in wanted(SYMBOLS, ask.symbols, FORMS):
        orders: dict[str, str | int] = {
            "instType": "SWAP",
            "instFamily": okx.family(symbol),
            "state": "filled",
            "limit": 100,
        }
        yield Piece(
            f"liquidations/{okx.native(symbol)}/{ask.now:%Y-%m-%dT%H:%M}",
            (okx.instrument(symbol), Request(ORDERS, orders)),
            {"symbol": symbol},
            final_at=ask.now,
        )


def follow(body: bytes, request: Request) -> Request | None:
    """The page before this one; `after` asks for rows OLDER than it, so one millisecond is asked for twice."""
    if request.url != ORDERS:
        return None
    with known_shape("The page"):
        times = [int(row["ts"]) for row in _details(body, "The page")]
    asked = int(request.params.get("after", max(times, default=0) + 2))
    if not times or min(times) >= asked:
        return None
    return replace(request, params={**request.params, "after": min(min(times) + 1, asked - 1)})


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    symbol = piece.facts["symbol"]
    contract = okx.contract(bodies[0], symbol)
    with known_shape(piece.name):
        rows = [row for body in bodies[1:] for row in _details(body, piece.name)]
        found = liquidations.frame(
            _event(row, symbol, piece.name) for row in rows if row["instId"] == okx.native(symbol)
        )
    price, contracts = pl.col("price"), pl.col("quantity_base")
    converted = {"quantity_base": contract.base(contracts, price), "notional_usd": contract.usd(contracts, price)}
    return {"liquidations": found.with_columns(**converted)}


def check(frames: Frames, piece: Piece) -> None:
    """No rows is a fair answer: a small market may have no liquidation in a day."""
    if (frames["liquidations"]["symbol"] != piece.facts["symbol"]).any():
        raise CheckFailed(f"{piece.name} holds liquidations of another swap.")


def _details(body: bytes, name: str) -> Iterator[dict[str, Any]]:
    """The liquidations of a page, each with the swap it belongs to."""
    for group in okx.data(body, name):
        for detail in group["details"]:
            yield {**detail, "instId": group["instId"]}


def _event(row: Mapping[str, str], symbol: str, name: str) -> dict[str, object]:
    """One liquidation, its size still in contracts."""
    return {
        "venue": "okx",
        "market": "perp",
        "symbol": symbol,
        "event_id": ":".join(row[part] for part in ("instId", "ts", "posSide", "side", "sz", "bkPx")),
        "ts": int(row["ts"]),
        "liquidated_side": _position(row, name),
        "price": float(row["bkPx"]),
        "price_kind": "bankruptcy",
        "quantity_base": float(row["sz"]),
        "mechanism": "liquidation",
        "feed": "liquidation-orders (REST)",
    }


def _position(row: Mapping[str, str], name: str) -> str:
    """`posSide` is the position; where it is net, the order that closes a long sells. Raises Refused."""
    match row["posSide"], row["side"]:
        case ("long", _) | ("net", "sell"):
            return "long"
        case ("short", _) | ("net", "buy"):
            return "short"
        case _:
            raise Refused(name, "it holds a side that is not known", "The parser needs a look.")
