"""Bitget liquidations of all USDT-margined futures, of the last three days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl

from pipelines.source import Ask, CheckFailed, Fault, Frames, Piece, Reach, Refused, Request, Source
from pipelines.sources.common import liquidations
from pipelines.sources.common.json import error_number, loaded

BASE = "https://api.bitget.com/api/v3/market"
SOURCE = Source(
    id="bitget_liquidations",
    publisher="Bitget",
    dataset="Liquidations of USDT-margined futures (market/liquidations)",
    url="https://www.bitget.com/docs/catalog/market/derivatives",
    licence="Bitget market data; Bitget's terms apply",
    method=(
        "Every row the endpoint shows. Side is the position's; the price is about the bankruptcy price, not a fill. "
        "The documents do not state the unit of the amount (those of the stream say USDT, others read it as the base "
        "asset), so it is told by the bytes: in contracts traded in whole coins a quantity has no decimals and a sum "
        "of money has. Rows have no number: those alike in everything count once. USDT is taken as USD."
    ),
    tables=("liquidations",),
    span="the last 3 days",
    resolution="event",
    reach=Reach(days=3),
    limits=(
        "What is not fetched within three days is lost; data may be late. All contracts come together, whatever "
        "symbols are asked for. Completeness is not stated; "
        "the stream of the same name shows one liquidation a second, side and contract."
    ),
    requests_per_second=4,
    accumulates=True,
)
LIQUIDATIONS = f"{BASE}/liquidations"
CATEGORY = {"category": "USDT-FUTURES"}
KEPT = timedelta(days=3)
POSITIONS = {"buy": "long", "sell": "short"}
BUSY = {"429", "1001", "30014", "30026", "50009"}


def plan(ask: Ask) -> Iterable[Piece]:
    if ask.end > ask.now - KEPT:
        yield Piece(
            f"{ask.now:%Y-%m-%dT%H:%M}",
            (Request(f"{BASE}/instruments", CATEGORY), Request(LIQUIDATIONS, {**CATEGORY, "limit": 100})),
            final_at=ask.now,
        )


def fault(body: bytes) -> Fault | None:
    """Errors come as a code that is not 00000, whatever the status."""
    try:
        reply = loaded(body, "Bitget's reply")
    except Refused as refused:
        return Fault(str(refused), again=True)
    code = str(reply.get("code"))
    return None if code == "00000" else Fault(f"Bitget answers {error_number(code)}", again=code in BUSY)


def follow(body: bytes, request: Request) -> Request | None:
    if request.url != LIQUIDATIONS:
        return None
    page = loaded(body, "the page")["data"]
    cursor = page.get("cursor")
    if not page["list"] or not cursor or cursor == request.params.get("cursor"):
        return None
    return replace(request, params={**request.params, "cursor": cursor})


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    listed = {one["symbol"]: one for one in loaded(bodies[0], piece.name)["data"]}
    rows = [row for body in bodies[1:] for row in loaded(body, piece.name)["data"]["list"]]
    in_coins = not rows or _counts_coins(rows, listed, piece.name)
    return {"liquidations": liquidations.frame(_row(row, listed.get(row["symbol"]), in_coins) for row in rows)}


def check(frames: Frames, piece: Piece) -> None:
    """Three days without a liquidation of any contract are not to be believed, nor liquidations of pennies."""
    found = frames["liquidations"]
    if found.is_empty():
        raise CheckFailed(f"{piece.name} holds no liquidation at all.")
    if found.select(pl.median("notional_usd")).item() < 1:
        raise CheckFailed(
            f"{piece.name}: half of its liquidations are below 1 USD. The unit of the amount is not known."
        )


def _counts_coins(rows: list[dict[str, Any]], listed: Mapping[str, Mapping[str, str]], name: str) -> bool:
    """Whether `amount` is a quantity of coins rather than a sum of USDT. Raises Refused where it cannot be told.

    Contracts traded in whole coins tell: their quantities are multiples of the step, sums of money are not.
    """
    steps = {native: float(one.get("quantityMultiplier") or 0) for native, one in listed.items()}
    lots = [float(row["amount"]) / steps[row["symbol"]] for row in rows if steps.get(row["symbol"], 0) >= 1]
    whole = sum(abs(lot - round(lot)) < 1e-6 for lot in lots)
    if not lots or 0.5 < whole / len(lots) < 0.95:
        raise Refused(
            name,
            f"the unit of the amount cannot be told ({whole} of {len(lots)} are whole lots)",
            "Nothing is guessed; the next refresh may show more rows.",
        )
    return whole / len(lots) >= 0.95


def _row(row: Mapping[str, str], listed: Mapping[str, str] | None, in_coins: bool) -> dict[str, object]:
    """One liquidation. A contract Bitget no longer lists has no symbol here, and the loader refuses its row."""
    amount, price = float(row["amount"]), float(row["price"])
    return {
        "venue": "bitget",
        "market": "perp",
        "symbol": f"{listed['baseCoin']}/{listed['quoteCoin']}:{listed['quoteCoin']}" if listed else None,
        "event_id": ":".join(row[part] for part in ("symbol", "ts", "side", "price", "amount")),
        "ts": int(row["ts"]),
        "liquidated_side": POSITIONS.get(row["side"].lower(), "unknown"),
        "price": price,
        "price_kind": "bankruptcy",
        "quantity_base": amount if in_coins else amount / price,
        "notional_usd": amount * price if in_coins else amount,
        "mechanism": "liquidation",
        "feed": "market/liquidations",
    }
