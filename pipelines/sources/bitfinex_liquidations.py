"""Bitfinex liquidations of all markets from its public history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from pipelines.source import Ask, Fault, Frames, Piece, Refused, Request, Source
from pipelines.sources.common import liquidations
from pipelines.sources.common.json import error_number, known_shape, loaded
from pipelines.sources.common.spans import midnight, milliseconds, of_day, utc_days

URL = "https://api-pub.bitfinex.com/v2/liquidations/hist"
SOURCE = Source(
    id="bitfinex_liquidations",
    publisher="Bitfinex",
    dataset="Liquidation history",
    url="https://docs.bitfinex.com/reference/rest-public-liquidations",
    licence="Bitfinex market data; Bitfinex's terms apply",
    method=(
        "Executions only (IS_MATCH = 1), at the price they were executed at: a position's first row (IS_MATCH = 0) "
        "announces the same amount and would count it twice. Executions sold in the market are liquidations, those the "
        "system took over are insurance. The sign of the amount is the position's side. Only markets quoted in USD, "
        "USDT or USDC, taken as USD; paper markets are left out. Rows alike in every field count once."
    ),
    tables=("liquidations",),
    span="not known; start and end are accepted",
    resolution="event",
    limits=(
        "3 requests a minute, 500 rows each: a busy day takes several minutes. All markets come together, whatever "
        "symbols are asked for. Completeness is not stated."
    ),
    requests_per_second=0.04,
)
LIMIT = 500
POSITION, TIME, MARKET, AMOUNT, IS_MATCH, IS_SOLD, PRICE = 1, 2, 4, 5, 8, 9, 11
QUOTES = {"USD": "USD", "UST": "USDT", "UDC": "USDC"}
BASES = {"ALG": "ALGO", "ATO": "ATOM", "BCHN": "BCH", "DSH": "DASH", "IOT": "IOTA", "LUNA": "LUNC", "LUNA2": "LUNA"}
BUSY = (11010, "ERR_RATE_LIMIT", "ratelimit")


def plan(ask: Ask) -> Iterable[Piece]:
    return [_day(day, ask.now) for day in utc_days(ask)]


def fault(body: bytes) -> Fault | None:
    """Errors are `["error", code, message]` or `{"error": code}`, whatever the status."""
    try:
        reply = loaded(body, "Bitfinex's reply")
    except Refused as refused:
        return Fault(str(refused), again=True)
    if isinstance(reply, dict):
        return Fault(f"Bitfinex answers {error_number(reply.get('error'))}", again=reply.get("error") in BUSY)
    if isinstance(reply, list) and reply[:1] == ["error"]:
        return Fault(f"Bitfinex answers {error_number(*reply[1:2])}", again=any(part in BUSY for part in reply[1:]))
    return None


def follow(body: bytes, request: Request) -> Request | None:
    """From the last row's millisecond on, until a page brings nothing newer:
    its first rows come twice and count once."""
    newest = max((row[TIME] for row in _entries(body, "The page")), default=0)
    return (
        replace(request, params={**request.params, "start": newest}) if newest > int(request.params["start"]) else None
    )


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    pages = [_entries(body, piece.name) for body in bodies]
    if any(page != sorted(page, key=lambda row: row[TIME]) for page in pages):
        raise Refused(piece.name, "its rows are not in order of time", "Pages cannot be joined: rows may be missing.")
    if len(pages[-1]) >= LIMIT:
        raise Refused(piece.name, f"one millisecond has {LIMIT} rows or more", "Rows may be missing.")
    rows = [row for page in pages for row in page]
    if not rows and piece.facts["over"] == "yes":
        raise Refused(piece.name, "it holds no liquidation at all", "The history may not reach this day.")
    with known_shape(piece.name):
        executed = [row for row in rows if row[IS_MATCH] == 1 and unified(row[MARKET])]
        return {"liquidations": liquidations.frame(map(_event, executed))}


def check(frames: Frames, piece: Piece) -> None:
    of_day(frames["liquidations"]["ts"], piece, "events")


def unified(market: str) -> str | None:
    """tBTCF0:USTF0 -> BTC/USDT:USDT, tBTCUSD -> BTC/USD, tDUSK:USD -> DUSK/USD;
    None for paper markets and other quotes."""
    name = market.removeprefix("t")
    base, _, quote = name.partition(":") if ":" in name else (name[:-3], "", name[-3:])
    derivative = base.endswith("F0") and quote.endswith("F0")
    if derivative:
        base, quote = base.removesuffix("F0"), quote.removesuffix("F0")
    if base.startswith("TEST") or quote not in QUOTES:
        return None
    pair = f"{BASES.get(base, base)}/{QUOTES[quote]}"
    return f"{pair}:{QUOTES[quote]}" if derivative else pair


def _day(day: date, now: datetime) -> Piece:
    start, end = midnight(day), midnight(day) + timedelta(days=1)
    span = {"start": milliseconds(start), "end": milliseconds(end) - 1}
    return Piece(
        f"liquidations/{day}",
        (Request(URL, {**span, "sort": 1, "limit": LIMIT}),),
        {"day": str(day), "over": "yes" if end <= now else "no"},
        final_at=end + timedelta(hours=1),
    )


def _entries(body: bytes, name: str) -> list[list[Any]]:
    """The rows of a page: each stands in a list of its own. Raises Refused."""
    with known_shape(name):
        rows = [row for outer in loaded(body, name) for row in outer]
        if any(row[0] != "pos" or not isinstance(row[TIME], int) or len(row) <= PRICE for row in rows):
            raise Refused(name, "its rows are not positions", "The parser needs a look.")
    return rows


def _event(row: list[Any]) -> dict[str, object]:
    """An execution. Without a price it goes to quarantine: the entry price beside it is no substitute."""
    price, amount, symbol = row[PRICE], abs(float(row[AMOUNT])), unified(row[MARKET]) or ""
    return {
        "venue": "bitfinex",
        # Margin positions are closed in the spot books.
        "market": "perp" if ":" in symbol else "spot",
        "symbol": symbol,
        "event_id": f"{row[POSITION]}:{row[TIME]}:{row[AMOUNT]}:{price}:{row[IS_SOLD]}",
        "ts": row[TIME],
        "liquidated_side": "long" if row[AMOUNT] > 0 else "short",
        "price": None if price is None else float(price),
        "price_kind": "fill",
        "quantity_base": amount,
        "notional_usd": None if price is None else amount * price,
        "mechanism": "liquidation" if row[IS_SOLD] == 1 else "insurance",
        "feed": "liquidations/hist",
    }
