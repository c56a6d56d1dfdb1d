"""Gate liquidation orders of all USDT-margined perpetuals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from pipelines.source import Ask, CheckFailed, Fault, Frames, Piece, Refused, Request, Source
from pipelines.sources.common import liquidations
from pipelines.sources.common.json import loaded
from pipelines.sources.common.spans import midnight, of_day, utc_days, windows

BASE = "https://api.gateio.ws/api/v4/futures/usdt"
SOURCE = Source(
    id="gate_liquidations",
    publisher="Gate",
    dataset="Liquidation orders of USDT-margined perpetuals (liq_orders)",
    url="https://www.gate.com/docs/developers/apiv4/",
    licence="Gate market data; Gate's terms apply",
    method=(
        "Every liquidation order, the part of it that was filled, at its average fill price. The sign of `size` is the "
        "position's side. Contracts are converted by the size Gate lists on the day of the fetch (quanto_multiplier). "
        "Orders without any fill are left out. USDT is taken as USD."
    ),
    tables=("liquidations",),
    span="not proven how far back",
    resolution="1 second",
    group="hourly",
    limits=(
        "1,000 orders a request and one hour a window. All contracts come together, whatever symbols are asked for. "
        "Completeness is not stated; a contract Gate no longer lists cannot be converted and is refused."
    ),
    requests_per_second=10,
)
ORDERS = f"{BASE}/liq_orders"
LIMIT = 1_000
DECIMAL_SIZES = {"X-Gate-Size-Decimal": "1"}
"""Without it, sizes of contracts that trade in fractions come rounded."""


def plan(ask: Ask) -> Iterable[Piece]:
    return [_day(day, ask.now) for day in utc_days(ask)]


def fault(body: bytes) -> Fault | None:
    """Errors are `{label, message}` where an answer is a list."""
    try:
        reply = loaded(body, "Gate's reply")
    except Refused as refused:
        return Fault(str(refused), again=True)
    if isinstance(reply, dict):
        return Fault(
            "Gate answers an error",
            again=reply.get("label") == "TOO_MANY_REQUESTS",
        )
    return None


def follow(body: bytes, request: Request) -> Request | None:
    """The page before this one: up to its oldest second, which may not be whole on this page."""
    if request.url != ORDERS:
        return None
    times = [order["time"] for order in loaded(body, "the page")]
    if len(times) < LIMIT or min(times) == max(times):
        return None
    return replace(request, params={**request.params, "to": min(times)})


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    sizes = {one["name"]: float(one["quanto_multiplier"]) for one in loaded(bodies[0], piece.name)}
    orders = [order for body in bodies[1:] for order in _page(body, piece.name)]
    return {"liquidations": liquidations.frame(_rows(orders, sizes))}


def check(frames: Frames, piece: Piece) -> None:
    found = frames["liquidations"]
    if found.is_empty() and piece.facts["over"] == "yes":
        raise CheckFailed(
            f"{piece.name}: no liquidation of any contract in a whole day. Gate does not keep this day any more."
        )
    of_day(found["ts"], piece, "liquidations")


def _day(day: date, now: datetime) -> Piece:
    end = midnight(day) + timedelta(days=1)
    hours = [
        Request(
            ORDERS,
            {"from": int(start.timestamp()), "to": int(stop.timestamp()) - 1, "limit": LIMIT},
            headers=DECIMAL_SIZES,
        )
        for start, stop in windows(midnight(day), end, timedelta(hours=1))
        if start <= now
    ]
    facts = {"day": str(day), "over": "yes" if end <= now else "no"}
    return Piece(f"usdt/{day}", (Request(f"{BASE}/contracts"), *hours), facts, final_at=end + timedelta(hours=1))


def _page(body: bytes, name: str) -> list[dict[str, Any]]:
    """The orders of a page that are whole on it: a full page may end within a second, which the next page has whole."""
    orders = loaded(body, name)
    times = [order["time"] for order in orders]
    if len(orders) < LIMIT:
        return orders
    if times != sorted(times, reverse=True):
        raise Refused(name, "its orders are not newest first", "Pages cannot be joined: orders may be missing.")
    if times[0] == times[-1]:
        raise Refused(
            name,
            f"{LIMIT:,} orders or more are of one second, and no more can be asked for",
            "The day cannot be had whole.",
        )
    return [order for order in orders if order["time"] > times[-1]]


def _rows(orders: list[dict[str, Any]], sizes: dict[str, float]) -> Iterator[dict[str, object]]:
    """Orders have no number: those alike in everything are told apart by a count, for a second may hold several."""
    seen: Counter[tuple[object, ...]] = Counter()
    for order in orders:
        filled = abs(float(order.get("order_size", order["size"]))) - abs(float(order.get("left", 0)))
        if filled <= 0:
            continue
        alike = tuple(order[part] for part in ("contract", "time", "size", "order_price", "fill_price"))
        seen[alike] += 1
        price, multiplier = float(order["fill_price"]), sizes.get(order["contract"])
        quantity = filled * multiplier if multiplier else None
        yield {
            "venue": "gate",
            "market": "perp",
            "symbol": f"{order['contract'].replace('_', '/')}:USDT",
            "event_id": ":".join(map(str, (*alike, seen[alike]))),
            "ts": order["time"] * 1000,
            "liquidated_side": "long" if float(order["size"]) > 0 else "short",
            "price": price,
            "price_kind": "fill",
            "quantity_base": quantity,
            "notional_usd": quantity and quantity * price,
            "mechanism": "liquidation",
            "feed": "liq_orders",
        }
