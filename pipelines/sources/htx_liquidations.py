"""HTX liquidation orders of USDT-margined swaps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from pipelines.source import Ask, Fault, Frames, Piece, Reach, Refused, Request, Source
from pipelines.sources.common import liquidations
from pipelines.sources.common.json import error_number, loaded
from pipelines.sources.common.spans import midnight, milliseconds, of_day, utc_days, wanted, windows
from pipelines.sources.common.symbols import Symbol

URL = "https://api.hbdm.com/linear-swap-api/v3/swap_liquidation_orders"
SOURCE = Source(
    id="htx_liquidations",
    publisher="HTX",
    dataset="Liquidation orders of USDT-margined swaps",
    url="https://www.htx.com/en-us/opend/newApiPages/",
    licence="HTX market data; HTX's terms apply",
    method=(
        "Every order the endpoint shows. `direction` is the order's side: an order that sells closes a long. The price "
        "is the bankruptcy price, not a fill; USD is the turnover HTX states, with USDT taken as USD. v3 states the "
        "amount in the base asset; v5 calls contracts `amount`, so there the quantity is turnover over price."
    ),
    tables=("liquidations",),
    span="the last 90 days",
    resolution="event",
    reach=Reach(days=90),
    group="hourly",
    limits=(
        "Windows of two hours, one contract a request; only the contracts listed or asked for. "
        "Completeness is not stated."
    ),
    requests_per_second=10,
)
SYMBOLS = tuple(f"{base}/USDT:USDT" for base in ("BTC", "ETH", "SOL", "XRP", "DOGE"))
FORMS = ("BASE/USDT:USDT",)
KEPT = timedelta(days=90)
BUSY = {"1032", "429"}
OK = {"200", "ok"}
POSITIONS = {"sell": "long", "buy": "short"}


def plan(ask: Ask) -> Iterable[Piece]:
    for symbol in wanted(SYMBOLS, ask.symbols, FORMS):
        for day in utc_days(ask):
            if midnight(day) >= ask.now - KEPT:
                yield _day(symbol, day, ask.now)


def fault(body: bytes) -> Fault | None:
    """Errors come with status 200, as a code that is not 200 or as a status that is not ok."""
    try:
        reply = loaded(body, "HTX's reply")
    except Refused as refused:
        return Fault(str(refused), again=True)
    code = str(reply.get("err_code") or reply.get("err-code") or reply.get("code") or reply.get("status"))
    return None if code in OK else Fault(f"HTX answers {error_number(code)}", again=code in BUSY)


def follow(body: bytes, request: Request) -> Request | None:
    """From the last order's number on, until a page brings no later one: how many a page holds is not documented."""
    newest = max((order["query_id"] for order in loaded(body, "the page")["data"]), default=0)
    return (
        replace(request, params={**request.params, "from_id": newest})
        if newest > int(request.params.get("from_id", 0))
        else None
    )


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    orders = [order for body in bodies for order in loaded(body, piece.name)["data"]]
    # Two hours, or a day, without a liquidation of one contract are a fair answer.
    return {"liquidations": liquidations.frame(_row(order, piece.name) for order in orders)}


def check(frames: Frames, piece: Piece) -> None:
    of_day(frames["liquidations"]["ts"], piece, "liquidations")


def _day(symbol: str, day: date, now: datetime) -> Piece:
    contract, end = Symbol.of(symbol).pair("-"), midnight(day) + timedelta(days=1)
    requests = (
        Request(
            URL,
            {
                "contract": contract,
                "trade_type": 0,
                "start_time": milliseconds(start),
                "end_time": milliseconds(min(stop, now)) - 1,
                "direct": "next",
            },
        )
        for start, stop in windows(midnight(day), end, timedelta(hours=2))
        if start < now
    )
    return Piece(f"{contract}/{day}", tuple(requests), {"day": str(day)}, final_at=end + timedelta(hours=1))


def _row(order: dict[str, Any], name: str) -> dict[str, object]:
    """An order as v3 or v5 words it: told by the fields."""
    v5 = "bankrupt_price" in order
    price, turnover = float(order["bankrupt_price" if v5 else "price"]), float(order["trade_turnover"])
    quantity = turnover / price if v5 else float(order["amount"])
    if abs(quantity * price - turnover) > turnover / 100:
        raise Refused(
            name,
            "amount times price is not the turnover of an order",
            "HTX may have changed the unit: the parser needs a look.",
        )
    symbol, market = _contract(order["contract_code"])
    return {
        "venue": "htx",
        "market": market,
        "symbol": symbol,
        "event_id": str(order["id" if v5 else "query_id"]),
        "ts": int(order["liquidation_time" if v5 else "created_at"]),
        "liquidated_side": order["position_side"] if v5 else POSITIONS.get(order["direction"], "unknown"),
        "price": price,
        "price_kind": "bankruptcy",
        "quantity_base": quantity,
        "notional_usd": turnover,
        "mechanism": "liquidation",
        "feed": "swap_liquidation_orders",
    }


def _contract(code: str) -> tuple[str, str]:
    """BTC-USDT -> BTC/USDT:USDT, a swap; BTC-USDT-211210 -> BTC/USDT:USDT-211210, a dated future."""
    base, quote, *expiry = code.split("-")
    return "-".join((f"{base}/{quote}:{quote}", *expiry)), "future" if expiry else "perp"
