"""Coinalyze: liquidations and open interest per exchange and day, the one free tracker that splits them by exchange."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from pipelines.source import Ask, CheckFailed, Fault, Frames, Piece, Reach, Refused, Request, Source
from pipelines.sources.common.json import loaded
from pipelines.sources.common.spans import bases, midnight, utc_months
from pipelines.sources.common.trackers import Window, reports
from pipelines.sources.common.venues import venue_of

SOURCE = Source(
    id="coinalyze",
    publisher="Coinalyze",
    dataset="Liquidations and open interest of perpetuals, per exchange and UTC day",
    url="https://api.coinalyze.net/v1/doc/",
    licence="Coinalyze; free with attribution and a link to coinalyze.net",
    method=(
        "Daily sums in USD of the perpetuals of one asset on one exchange; long and short are the positions that were "
        "closed. Open interest is the last value of a day, put at its end. Which exchange a code stands for, and which "
        "markets are listed, is read from Coinalyze's own lists."
    ),
    tables=("liquidation_reports", "open_interest"),
    span="daily values are kept for good",
    resolution="1 day",
    reach=Reach(first=date(2025, 10, 10)),  # proven for that day; daily values are kept for good
    group="daily",
    limits=(
        "Free key; each symbol counts as one of 40 calls a minute. Intraday values reach back 1,500 to 2,000 points "
        "only and are not fetched. Funding is left out: a daily value of a rate is not a payment, and neither its "
        "interval nor its unit is stated."
    ),
    key_header="api_key",
    requests_per_second=0.2,
)
API = "https://api.coinalyze.net/v1"
ASSETS = ("BTC", "ETH", "SOL")
FORMS = ("BASE",)
MARKETS = {
    "binance": ("{0}USDT_PERP.A", "{0}USDC_PERP.A", "{0}USD_PERP.A"),
    "bybit": ("{0}USDT.6", "{0}PERP.6", "{0}USD.6"),
    "okx": ("{0}USDT_PERP.3", "{0}USDC_PERP.3", "{0}USD_PERP.3"),
    "htx": ("{0}USDT_PERP.4", "{0}USD_PERP.4"),
    "gate": ("{0}_USDT.Y", "{0}_USD.Y"),
    "deribit": ("{0}-PERPETUAL.2", "{0}_USDC-PERPETUAL.2"),
    "bitfinex": ("{0}USDT_PERP.F",),
    "kraken": ("{0}USD_PERP.K",),
    "hyperliquid": ("{0}.H",),
    "dydx": ("{0}-USD.8",),
}
"""Coinalyze's symbols per venue, at most three a request: that, and the pace above, keeps to 40 calls a minute."""
IN_USDC = ("hyperliquid", "dydx")
"""Venues that quote in USD and settle in USDC."""
DAY = timedelta(days=1)
CHANGED = "The source may have changed: the parser needs a look."


def plan(ask: Ask) -> Iterable[Piece]:
    """A piece for each asset, venue and month: the lists of exchanges and of markets, then the two histories."""
    return [
        _piece(asset, venue, month, ask.now)
        for asset in bases(ASSETS, ask.symbols)
        for venue in MARKETS
        for month in utc_months(ask)
        if midnight(month) + DAY <= ask.now
    ]


def _piece(asset: str, venue: str, month: date, now: datetime) -> Piece:
    start, end = midnight(month), midnight((month + timedelta(days=31)).replace(day=1))
    over = min(end, now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0))
    symbols = ",".join(market.format(asset) for market in MARKETS[venue])
    # Seconds: with milliseconds the answer is an empty list and status 200. The day that is not over is not asked for.
    history: dict[str, str | int] = {
        "symbols": symbols,
        "interval": "daily",
        "from": int(start.timestamp()),
        "to": int(over.timestamp()) - 1,
        "convert_to_usd": "true",
    }
    return Piece(
        f"{venue}/{asset}-{month:%Y-%m}",
        (
            Request(f"{API}/exchanges"),
            Request(f"{API}/future-markets"),
            Request(f"{API}/liquidation-history", history),
            Request(f"{API}/open-interest-history", history),
        ),
        {"venue": venue, "asset": asset, "symbols": symbols, "month": f"{month:%Y-%m}"},
        final_at=end + 2 * DAY,
    )


def fault(body: bytes) -> Fault | None:
    """Coinalyze's answers are lists; an object carries a message."""
    return Fault("Coinalyze answers an error") if body[:1] == b"{" else None


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    exchanges, markets, liquidations, interest = (loaded(body, piece.name) for body in bodies)
    try:
        listed = _listed(exchanges, markets, piece)
        windows = list(_days(_histories(liquidations, listed, "liquidation-history", piece), listed, piece))
        observed = _observations(_histories(interest, listed, "open-interest-history", piece), listed, piece)
    except (KeyError, TypeError, AttributeError) as error:
        raise Refused(piece.name, f"a field is missing ({type(error).__name__})", CHANGED) from None
    day = "UTC day %Y-%m-%d"
    return {
        "liquidation_reports": reports(windows, SOURCE.publisher, "perpetuals listed by Coinalyze", day),
        "open_interest": pl.DataFrame(observed),
    }


def check(frames: Frames, piece: Piece) -> None:
    starts = frames["liquidation_reports"]["window_start"]
    if (starts.dt.strftime("%Y-%m") != piece.facts["month"]).any() or (starts.dt.truncate("1d") != starts).any():
        raise CheckFailed(f"{piece.name} holds days of another month: its times may have changed unit.")


def _listed(exchanges: list[Any], markets: list[Any], piece: Piece) -> dict[str, dict[str, Any]]:
    """The asked markets that Coinalyze lists, by symbol. Raises Refused where a code stands for another exchange,
    or none is listed."""
    names = {exchange["code"]: exchange["name"] for exchange in exchanges}
    asked = piece.facts["symbols"].split(",")
    listed = {market["symbol"]: market for market in markets if market["symbol"] in asked and market["is_perpetual"]}
    if not listed:
        raise Refused(
            piece.name,
            f"Coinalyze lists none of {', '.join(asked)}",
            "Leave this asset out, or mend MARKETS in coinalyze.py.",
        )
    for market in listed.values():
        name = names.get(market["exchange"], "no exchange")
        if venue_of(name, name) != piece.facts["venue"]:
            raise Refused(piece.name, "its code stands for another exchange now", "Mend MARKETS in coinalyze.py.")
    return listed


def _histories(
    reply: list[Any], listed: dict[str, dict[str, Any]], what: str, piece: Piece
) -> dict[str, list[dict[str, float]]]:
    """The points of the listed markets that have some. Raises Refused where none has: that is no answer,
    and no zero."""
    points = {row["symbol"]: row["history"] for row in reply if row["symbol"] in listed and row["history"]}
    if not points:
        raise Refused(
            piece.name,
            f"{what} is empty for {', '.join(listed)}, which Coinalyze lists",
            "An empty answer is no zero; where it stays so, Coinalyze has no such data for these markets.",
        )
    return points


def _days(
    histories: dict[str, list[dict[str, float]]], listed: dict[str, dict[str, Any]], piece: Piece
) -> Iterator[Window]:
    """Each day's sums over the markets that have a point on it; those that have none are named, and are no zero."""
    for second in sorted({point["t"] for points in histories.values() for point in points}):
        start = datetime.fromtimestamp(second, UTC)
        found = {s: point for s, points in histories.items() for point in points if point["t"] == second}
        missing = [symbol for symbol in listed if symbol not in found]
        without = f" Not in it, for Coinalyze lists but does not answer them: {', '.join(missing)}." if missing else ""
        yield Window(
            piece.facts["venue"],
            piece.facts["asset"],
            start,
            start + DAY,
            float(sum(point["l"] for point in found.values())),
            float(sum(point["s"] for point in found.values())),
            f"Sum of {', '.join(found)}.{without}",
            whole=not missing,
        )


def _observations(
    histories: dict[str, list[dict[str, float]]], listed: dict[str, dict[str, Any]], piece: Piece
) -> list[dict[str, object]]:
    return [
        {
            "venue": piece.facts["venue"],
            "symbol": _unified(listed[symbol], piece.facts["venue"]),
            "ts": datetime.fromtimestamp(point["t"], UTC) + DAY,
            "precision": "hour",
            "open_interest_usd": float(point["c"]),
            "sides": "unknown",
        }
        for symbol, points in histories.items()
        for point in points
    ]


def _unified(market: dict[str, Any], venue: str) -> str:
    """BTC/USDT:USDT for a contract margined in its quote currency, BTC/USD:BTC for one margined in the coin."""
    base, quote = market["base_asset"], "USDC" if venue in IN_USDC else market["quote_asset"]
    return f"{base}/{quote}:{base if market['margined'] == 'COIN' else quote}"
