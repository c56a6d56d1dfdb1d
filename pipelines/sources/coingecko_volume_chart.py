"""CoinGecko's history of exchanges' trailing volume:
how each venue's 24 hours grew and shrank over the last year at most."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import polars as pl

from pipelines.source import Ask, CheckFailed, Frames, Piece, Reach, Refused, Request, Source
from pipelines.sources.common import coingecko
from pipelines.sources.common.json import loaded
from pipelines.sources.common.venues import venue_of

SOURCE = Source(
    id="coingecko_volume_chart",
    publisher="CoinGecko",
    dataset="Exchanges: history of trailing 24 h volume",
    url="https://docs.coingecko.com/reference/exchanges-id-volume-chart",
    licence=coingecko.LICENCE,
    method=(
        "Trailing 24 h volume in BTC at each point, as CoinGecko states it. It is not turned into USD: the price of "
        "each past instant is not in the reply. Each point is a sum over the 24 hours before it, "
        "so points closer than a day overlap."
    ),
    tables=("exchange_ranks",),
    span="the last 365 days at most",
    resolution="10 minutes to 1 day, coarser the longer the span",
    reach=Reach(days=365),
    group="daily",
    limits=f"{coingecko.LIMITS} Without a paid plan 365 days back at most: Oct. 10, 2025 is out of reach.",
    requests_per_second=coingecko.PACE,
    accumulates=True,
    key_header="x-cg-demo-api-key",
    key_optional=True,
)
SPANS = (1, 7, 14, 30, 90, 180, 365)
EXCHANGES = {
    "spot": ("binance", "gdax", "okex", "bybit_spot", "kraken", "kucoin", "bitget", "bitfinex", "upbit"),
    "futures": ("binance_futures", "okex_swap", "bybit", "hyperliquid", "deribit"),
}
"""CoinGecko's ids. Backpack's are looked up in its lists by name."""
NAMED = {
    "gdax": "coinbase",
    "okex": "okx",
    "okex_swap": "okx",
    "bybit_spot": "bybit",
    "binance_futures": "binance",
}
LISTS = {"spot": "exchanges/list", "futures": "derivatives/exchanges/list"}
LOOKED_UP = "backpack"

fault = coingecko.fault


def plan(ask: Ask) -> Iterable[Piece]:
    if ask.end <= ask.now - timedelta(days=SPANS[-1]):
        return []
    days = next((days for days in SPANS if ask.now - ask.start <= timedelta(days=days)), SPANS[-1])
    charts = [
        (NAMED.get(exchange, exchange), market, f"exchanges/{exchange}/volume_chart")
        for market, exchanges in EXCHANGES.items()
        for exchange in exchanges
    ]
    # The part after # is not sent: it is the span to ask for once the id is known.
    wanted = [(venue, market, Request(f"{coingecko.API}/{path}", {"days": days})) for venue, market, path in charts]
    wanted += [(LOOKED_UP, market, Request(f"{coingecko.API}/{path}#{days}")) for market, path in LISTS.items()]
    return [
        Piece(
            f"{market}/{venue}-{days}d-{ask.now:%Y-%m-%dT%H:%M}",
            (request,),
            {"venue": venue, "market": market},
            final_at=ask.now,
        )
        for venue, market, request in wanted
    ]


def follow(body: bytes, request: Request) -> Request | None:
    """After a list of exchanges, the chart of the one that is looked up in it."""
    url, _, days = request.url.partition("#")
    if url.endswith("/list"):
        for row in coingecko.rows(body, url):
            if venue_of(str(row.get("name")), "") == LOOKED_UP:
                return Request(f"{coingecko.API}/exchanges/{row.get('id')}/volume_chart", {"days": int(days)})
    return None


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    if len(bodies) == 1 and piece.facts["venue"] == LOOKED_UP:
        raise Refused(piece.name, "no exchange of that name is in CoinGecko's list", "It may have been renamed there.")
    try:
        points = [
            (datetime.fromtimestamp(int(time) / 1000, UTC), float(volume))
            for time, volume in loaded(bodies[-1], piece.name)
        ]
    except (TypeError, ValueError) as error:
        raise Refused(
            piece.name, f"the reply is not points of time and volume ({type(error).__name__})", coingecko.CHANGED
        ) from None
    table = pl.DataFrame(points, schema={"as_of": pl.Datetime("us", "UTC"), "volume_24h_btc": pl.Float64}, orient="row")
    labels = {"venue": piece.facts["venue"], "market": piece.facts["market"], "as_of_precision": "minute"}
    return {
        "exchange_ranks": table.with_columns(
            origin=pl.lit("CoinGecko volume chart"), **{name: pl.lit(value) for name, value in labels.items()}
        )
    }


def check(frames: Frames, piece: Piece) -> None:
    if frames["exchange_ranks"].is_empty():
        raise CheckFailed(f"{piece.name} has no points.")
