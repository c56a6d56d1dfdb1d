"""dYdX v4 liquidations and deleveragings: the trades of its indexer that are called so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from pipelines.source import Ask, CheckFailed, Fault, Frames, Piece, Refused, Request, Source
from pipelines.sources.common import liquidations
from pipelines.sources.common.json import loaded
from pipelines.sources.common.spans import midnight, utc_days, wanted

URL = "https://indexer.dydx.trade/v4/trades/perpetualMarket"
SOURCE = Source(
    id="dydx_trades",
    publisher="dYdX",
    dataset="v4 indexer, trades by market",
    url="https://docs.dydx.xyz/indexer-client/http",
    licence="Public chain data",
    method=(
        "Every trade of a market's day is fetched; those of type LIQUIDATED (mechanism liquidation) and DELEVERAGED "
        "(mechanism adl) are kept. The side stated is the liquidated account's own, in deleveragings too: there the "
        "winning account is on the other side of the row, unlike Hyperliquid's. USDC is taken as USD."
    ),
    tables=("liquidations",),
    span="as far as the indexer reaches: not proven",
    resolution="trade",
    limits=(
        "1,000 trades a request, newest first. Only the markets listed or asked for. The chain stood still from about "
        "21:35 UTC on Oct. 10, 2025 for some eight hours."
    ),
    requests_per_second=5,
)
SYMBOLS = tuple(f"{base}/USDC:USDC" for base in ("BTC", "ETH", "SOL", "XRP", "DOGE", "AVAX", "LINK", "SUI"))
FORMS = ("BASE/USDC:USDC",)
LIMIT = 1_000
MECHANISMS = {"LIQUIDATED": "liquidation", "DELEVERAGED": "adl"}


def plan(ask: Ask) -> Iterable[Piece]:
    return [_day(symbol, day) for symbol in wanted(SYMBOLS, ask.symbols, FORMS) for day in utc_days(ask)]


def fault(body: bytes) -> Fault | None:
    try:
        reply = loaded(body, "dYdX's reply")
    except Refused as refused:
        return Fault(str(refused), again=True)
    return None if "trades" in reply else Fault("dYdX answers an error")


def follow(body: bytes, request: Request) -> Request | None:
    """The page before this one: from its oldest block on, whose trades come twice and count once,
    back to the day's start."""
    trades = loaded(body, "the page")["trades"]
    if (
        len(trades) < LIMIT
        or _time(trades[-1]) < datetime.fromisoformat(request.facts["start"])
        or _in_one_block(trades)
    ):
        return None
    return replace(request, params={**request.params, "createdBeforeOrAtHeight": int(trades[-1]["createdAtHeight"])})


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    pages = [loaded(body, piece.name)["trades"] for body in bodies]
    _refuse_holes(pages, piece)
    start = datetime.fromisoformat(piece.facts["start"])
    forced = {trade["id"]: trade for page in pages for trade in page if trade["type"] in MECHANISMS}
    # A day without a liquidation is a fair answer of a small market.
    return {
        "liquidations": liquidations.frame(
            _row(trade, piece.facts["symbol"]) for trade in forced.values() if _time(trade) >= start
        )
    }


def check(frames: Frames, piece: Piece) -> None:
    if (frames["liquidations"]["ts"].dt.strftime("%Y-%m-%d") != piece.facts["start"][:10]).any():
        raise CheckFailed(f"{piece.name} holds trades of another day.")


def _day(symbol: str, day: date) -> Piece:
    ticker, facts = f"{symbol.partition('/')[0]}-USD", {"start": midnight(day).isoformat()}
    request = Request(f"{URL}/{ticker}", {"limit": LIMIT, "createdBeforeOrAt": f"{day}T23:59:59.999Z"}, facts=facts)
    # Blocks are indexed within seconds; the chain itself has stood still for hours.
    return Piece(f"{ticker}/{day}", (request,), facts | {"symbol": symbol}, final_at=midnight(day) + timedelta(days=2))


def _refuse_holes(pages: list[list[dict[str, Any]]], piece: Piece) -> None:
    """Pages that do not reach back to the day's start, or a block that has more trades than a page can show."""
    for page in pages:
        if any(int(newer["createdAtHeight"]) < int(older["createdAtHeight"]) for newer, older in pairwise(page)):
            raise Refused(
                piece.name, "its trades are not newest first", "Pages cannot be joined: trades may be missing."
            )
        if len(page) >= LIMIT and _in_one_block(page):
            raise Refused(
                f"{piece.name}, block {page[0]['createdAtHeight']}",
                f"it has {LIMIT:,} trades or more, and no more than that can be asked for",
                "The day cannot be had whole from this indexer.",
            )
    oldest = pages[-1][-1] if pages and pages[-1] else None
    if oldest is None or _time(oldest) >= datetime.fromisoformat(piece.facts["start"]):
        raise Refused(
            piece.name,
            "no trade from before the day's start came back",
            "The indexer does not reach back that far, or the market opened later.",
        )


def _in_one_block(trades: list[dict[str, Any]]) -> bool:
    return trades[0]["createdAtHeight"] == trades[-1]["createdAtHeight"]


def _time(trade: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(trade["createdAt"])


def _row(trade: dict[str, Any], symbol: str) -> dict[str, object]:
    """A trade is the taker's fill, and the taker is the liquidated account: one that sells closes a long."""
    return {
        "venue": "dydx",
        "market": "perp",
        "symbol": symbol,
        "event_id": trade["id"],
        "ts": round(_time(trade).timestamp() * 1000),
        "liquidated_side": "long" if trade["side"] == "SELL" else "short",
        "price": float(trade["price"]),
        "price_kind": "fill",
        "quantity_base": float(trade["size"]),
        "notional_usd": float(trade["price"]) * float(trade["size"]),
        "mechanism": MECHANISMS[trade["type"]],
        "feed": "trades (v4 indexer)",
    }
