"""CoinGecko's ranking of spot exchanges: place, trust score, trailing volume.
Backpack is found through the list like any other."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.source import NOW, Ask, CheckFailed, Frames, Piece, Source
from pipelines.sources.common import coingecko

SOURCE = Source(
    id="coingecko_exchanges",
    publisher="CoinGecko",
    dataset="Exchanges: rank, trust score, trailing 24 h volume",
    url="https://docs.coingecko.com/reference/exchanges",
    licence=coingecko.LICENCE,
    method=(
        "Rank and score are CoinGecko's. Volume is its trailing 24 h volume in BTC, in USD at the price of bitcoin "
        "asked for in the same reading. An exchange without a score has none here."
    ),
    tables=("exchange_ranks",),
    span="now; history grows with each refresh",
    resolution="as often as it is refreshed",
    reach=NOW,
    group="hourly",
    limits=coingecko.LIMITS,
    requests_per_second=coingecko.PACE,
    accumulates=True,
    key_header="x-cg-demo-api-key",
    key_optional=True,
)

fault = coingecko.fault
follow = coingecko.next_page


def plan(ask: Ask) -> Iterable[Piece]:
    return [coingecko.reading("exchanges", ask, coingecko.PRICE, coingecko.page("exchanges"))]


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    return {"exchange_ranks": coingecko.ranks(bodies, piece, "spot")}


def check(frames: Frames, piece: Piece) -> None:
    ranks = frames["exchange_ranks"]
    if "binance" not in ranks["venue"] or ranks["volume_24h_btc"].drop_nulls().is_empty():
        raise CheckFailed(f"{piece.name} lists {ranks.height} exchanges, but not Binance or no volume at all.")
