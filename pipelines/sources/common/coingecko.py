"""What CoinGecko's sources have in common: its terms, its errors, its pages,
and the price of a bitcoin at the instant of a reading.

Volumes and open interest are stated in BTC. They are turned into USD with the price asked for in the same piece and
with no other: today's price on yesterday's volume would be wrong by the move between them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

from pipelines.source import Ask, Fault, Piece, Refused, Request
from pipelines.sources.common.json import error_number, loaded
from pipelines.sources.common.venues import venue_of

API = "https://api.coingecko.com/api/v3"
LICENCE = "CoinGecko API terms: powered by CoinGecko, https://www.coingecko.com"
PACE = 0.1
"""Requests a second: without a key about ten a minute are answered."""
LIMITS = "No key needed; without one CoinGecko answers few requests a minute and says 429 beyond."
PER_PAGE = 250
PRICE = Request(f"{API}/simple/price", {"ids": "bitcoin", "vs_currencies": "usd", "include_last_updated_at": "true"})
FIGURES = {
    "rank": "trust_score_rank",
    "trust_score": "trust_score",
    "volume_24h_btc": "trade_volume_24h_btc",
    "open_interest_btc": "open_interest_btc",
}
CHANGED = "The source may have changed: the parser needs a look."


def reading(name: str, ask: Ask, *requests: Request) -> Piece:
    """A snapshot of now: each fetch is a piece of its own."""
    return Piece(f"{name}-{ask.now:%Y-%m-%dT%H:%M}", requests, final_at=ask.now)


def page(path: str, number: int = 1, **more: str | int) -> Request:
    return Request(f"{API}/{path}", {**more, "per_page": PER_PAGE, "page": number})


def next_page(body: bytes, request: Request) -> Request | None:
    """The page after a full one; None after the last, and for what has no pages."""
    if "page" not in request.params or len(rows(body, request.url)) < PER_PAGE:
        return None
    return Request(request.url, {**request.params, "page": int(request.params["page"]) + 1})


def fault(body: bytes) -> Fault | None:
    """CoinGecko's errors are objects with a `status` or an `error`."""
    try:
        reply = loaded(body, API)
    except Refused:
        return None
    status = reply.get("status", reply.get("error")) if isinstance(reply, dict) else None
    if not status:
        return None
    code = status.get("error_code") if isinstance(status, dict) else None
    return Fault(f"CoinGecko answers {error_number(code)}", again="429" in str(status))


def rows(body: bytes, name: str) -> list[dict[str, Any]]:
    """A list of objects. Raises Refused."""
    reply = loaded(body, name)
    if not isinstance(reply, list) or not all(isinstance(row, dict) for row in reply):
        raise Refused(name, "the reply is not a list of objects", CHANGED)
    return reply


def bitcoin(body: bytes, name: str) -> tuple[float, datetime]:
    """USD for a bitcoin, and when. Raises Refused."""
    try:
        price = loaded(body, name)["bitcoin"]
        return float(price["usd"]), datetime.fromtimestamp(price["last_updated_at"], UTC)
    except (KeyError, TypeError, ValueError):
        raise Refused(name, "there is no price of bitcoin with its time", CHANGED) from None


def ranks(bodies: list[bytes], piece: Piece, market: str) -> pl.DataFrame:
    """Rows of `exchange_ranks` from the price of bitcoin and the pages of a list of exchanges. Raises Refused.

    Derivatives exchanges have no rank and no score, and state their volume as text; any of the figures may be missing.
    """
    price, when = bitcoin(bodies[0], piece.name)
    listed = [row for body in bodies[1:] for row in rows(body, piece.name)]
    try:
        table = pl.DataFrame(
            [
                (
                    venue_of(str(row.get("name")), str(row.get("id"))),
                    venue_of("", str(row.get("id"))),
                    *(number(row.get(figure)) for figure in FIGURES.values()),
                )
                for row in listed
            ],
            schema={"venue": pl.String, "identifier": pl.String} | dict.fromkeys(FIGURES, pl.Float64),
            orient="row",
        )
    except ValueError as error:
        raise Refused(piece.name, f"a figure is no number ({type(error).__name__})", CHANGED) from None
    return table.select(
        # Two exchanges that share a name are still two exchanges: then each goes by its id.
        venue=pl.when(pl.col("venue").is_duplicated()).then("identifier").otherwise("venue"),
        market=pl.lit(market),
        as_of=pl.lit(when, dtype=pl.Datetime("us", "UTC")),
        as_of_precision=pl.lit("minute"),
        origin=pl.lit("CoinGecko"),
        rank=pl.col("rank").cast(pl.Int64),
        trust_score="trust_score",
        volume_24h_btc="volume_24h_btc",
        volume_24h_usd=pl.col("volume_24h_btc") * price,
        open_interest_btc="open_interest_btc",
    )


def number(value: object) -> float | None:
    """A figure that may come as a number, as text, or not at all."""
    return None if value in (None, "") else float(str(value))
