"""Deribit liquidations: the trades of its perpetuals that say which side was liquidated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from pipelines.source import Ask, Fault, Frames, Piece, Reach, Refused, Request, Source
from pipelines.sources.common import liquidations
from pipelines.sources.common.json import error_number, known_shape, loaded
from pipelines.sources.common.spans import midnight, milliseconds, of_day, utc_days, wanted
from pipelines.sources.common.symbols import Symbol

URL = "https://history.deribit.com/api/v2/public/get_last_trades_by_instrument_and_time"
SOURCE = Source(
    id="deribit_trades",
    publisher="Deribit",
    dataset="Trade history with liquidation mark",
    url=URL,
    licence="Deribit market data; Deribit's terms apply",
    method=(
        "Every trade of the perpetuals is fetched and their numbers are checked to be without a gap; only trades in "
        "which a side was liquidated are kept, one row a liquidated side. Amounts of inverse contracts are USD and are "
        "divided by the price; those of USDC contracts are in the base asset, with USDC taken as USD."
    ),
    tables=("liquidations",),
    span="2018 to now",
    resolution="trade",
    reach=Reach(first=date(2019, 1, 1)),
    limits="10,000 trades a request. Perpetuals only: dated futures and options are not asked for.",
    requests_per_second=5,
)
SYMBOLS = (
    "BTC/USD:BTC",
    "ETH/USD:ETH",
    "BTC/USDC:USDC",
    "ETH/USDC:USDC",
    "SOL/USDC:USDC",
    "XRP/USDC:USDC",
)
FORMS = ("BASE/USD:BASE", "BASE/USDC:USDC", "BASE/USDT:USDT")
COUNT = 10_000
BUSY = {10028, 10040, 13888}
LIQUIDATED = {"T": ("taker",), "M": ("maker",), "MT": ("maker", "taker")}


def plan(ask: Ask) -> Iterable[Piece]:
    return [_day(symbol, day, ask.now) for symbol in wanted(SYMBOLS, ask.symbols, FORMS) for day in utc_days(ask)]


def fault(body: bytes) -> Fault | None:
    """Deribit's JSON-RPC errors can come with any status."""
    try:
        reply = loaded(body, "Deribit's reply")
    except Refused as refused:
        return Fault(str(refused), again=True)
    error = reply.get("error") if isinstance(reply, dict) else None
    return (
        Fault(f"Deribit answers {error_number(error.get('code'))}", again=error.get("code") in BUSY)
        if isinstance(error, dict)
        else None
    )


def follow(body: bytes, request: Request) -> Request | None:
    """From the last trade's millisecond on, which many trades share: its first trades come twice and count once."""
    with known_shape("The page"):
        result = loaded(body, "The page")["result"]
        last = result["trades"][-1]["timestamp"] if result["has_more"] and result["trades"] else 0
    # A page within one millisecond cannot be paged by time; `parse` refuses it.
    forward = last > int(request.params["start_timestamp"])
    return replace(request, params={**request.params, "start_timestamp": last}) if forward else None


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    numbers: set[int] = set()
    liquidated: list[dict[str, object]] = []
    more = False
    with known_shape(piece.name):
        for body in bodies:
            result = loaded(body, piece.name)["result"]
            trades, more = result["trades"], result["has_more"]
            numbers.update(trade["trade_seq"] for trade in trades)
            marked = (trade for trade in trades if trade.get("liquidation"))
            liquidated += [row for trade in marked for row in _rows(trade, piece.facts["symbol"])]
    if more:
        raise Refused(piece.name, "its last page is not the last one", "The next refresh fetches it again.")
    _refuse_gaps(numbers, piece)
    # A day without a liquidation is a fair answer; a day without a trade is not.
    return {"liquidations": liquidations.frame(liquidated)}


def check(frames: Frames, piece: Piece) -> None:
    of_day(frames["liquidations"]["ts"], piece, "trades")


def native(symbol: str) -> str:
    """BTC/USD:BTC -> BTC-PERPETUAL, BTC/USDC:USDC -> BTC_USDC-PERPETUAL."""
    base, quote, _ = Symbol.of(symbol)
    return f"{base}-PERPETUAL" if quote == "USD" else f"{base}_{quote}-PERPETUAL"


def _day(symbol: str, day: date, now: datetime) -> Piece:
    end = midnight(day) + timedelta(days=1)
    return Piece(
        f"trades/{native(symbol)}/{day}",
        (
            Request(
                URL,
                {
                    "instrument_name": native(symbol),
                    "start_timestamp": milliseconds(midnight(day)),
                    "end_timestamp": milliseconds(end) - 1,
                    "count": COUNT,
                    "sorting": "asc",
                },
            ),
        ),
        {"symbol": symbol, "day": str(day), "over": "yes" if end <= now else "no"},
        final_at=end + timedelta(hours=1),
    )


def _rows(trade: Mapping[str, Any], symbol: str) -> Iterator[dict[str, object]]:
    """A row for each liquidated side. `direction` is the taker's: a taker who sells closes a long,
    so does a maker who is bought from."""
    inverse = Symbol.of(symbol).quote == "USD"
    for role in LIQUIDATED[trade["liquidation"]]:
        sold = (trade["direction"] == "sell") == (role == "taker")
        yield {
            "venue": "deribit",
            "market": "perp",
            "symbol": symbol,
            "event_id": f"{trade['trade_id']}:{role}",
            "ts": trade["timestamp"],
            "liquidated_side": "long" if sold else "short",
            "price": float(trade["price"]),
            "price_kind": "fill",
            "quantity_base": trade["amount"] / trade["price"] if inverse else float(trade["amount"]),
            "notional_usd": float(trade["amount"]) if inverse else trade["amount"] * trade["price"],
            "mechanism": "liquidation",
            "feed": "trades",
        }


def _refuse_gaps(numbers: set[int], piece: Piece) -> None:
    """Trades of an instrument are numbered one by one: a hole in the numbers is a hole in the answer."""
    if not numbers and piece.facts["over"] == "yes":
        raise Refused(piece.name, "it holds no trade at all", "The history may not reach this day.")
    missing = max(numbers) - min(numbers) + 1 - len(numbers) if numbers else 0
    if missing:
        raise Refused(piece.name, f"{missing:,} trades are missing in between", "The next refresh fetches it again.")
