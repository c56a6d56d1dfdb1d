"""CoinGecko's list of derivatives exchanges: open interest and trailing volume."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.source import NOW, Ask, CheckFailed, Frames, Piece, Source
from pipelines.sources.common import coingecko

SOURCE = Source(
    id="coingecko_derivatives",
    publisher="CoinGecko",
    dataset="Derivatives exchanges: open interest, trailing 24 h volume",
    url="https://docs.coingecko.com/reference/derivatives-exchanges",
    licence=coingecko.LICENCE,
    method=(
        "Open interest in BTC and trailing 24 h volume in BTC as CoinGecko states them; the volume in USD at the price "
        "of bitcoin asked for in the same reading. CoinGecko ranks these exchanges by no score of its own."
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
    return [coingecko.reading("derivatives", ask, coingecko.PRICE, coingecko.page("derivatives/exchanges"))]


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    return {"exchange_ranks": coingecko.ranks(bodies, piece, "futures")}


def check(frames: Frames, piece: Piece) -> None:
    found = frames["exchange_ranks"]
    if found["open_interest_btc"].drop_nulls().is_empty():
        raise CheckFailed(f"{piece.name} lists {found.height} exchanges, none with open interest.")
