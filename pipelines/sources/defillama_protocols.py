"""DefiLlama: the daily value of issuers' tokens (TVL) and the volume of their mints and redemptions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import polars as pl

from pipelines.source import Ask, CheckFailed, Frames, Piece, Refused, Request, Source
from pipelines.sources.common.json import loaded

SOURCE = Source(
    id="defillama_protocols",
    publisher="DefiLlama",
    dataset="Issuers of tokenized stocks: daily TVL, daily volume",
    url="https://api-docs.defillama.com/",
    licence="DefiLlama, free API; attribution asked for",
    method=(
        "DefiLlama's daily series. What TVL counts differs from issuer to issuer: for xStocks the issuer's own stock "
        "of tokens is subtracted, for Ondo the total supply is counted, for Superstate funds are in it. Volume is what "
        "DefiLlama's adapter adds up on chain."
    ),
    tables=("tokenized_metrics",),
    span="since each issuer's start",
    resolution="1 day",
    group="daily",
    limits=(
        "The series should reach Oct. 2025; that was not proven for the value, and was seen by others for the volume. "
        "Issuers count differently: their figures do not add up."
    ),
    requests_per_second=2,
)
API = "https://api.llama.fi"
ISSUERS = {
    "xstocks": ("xstocks", "Tokens in circulation: the issuer's own are subtracted by DefiLlama's adapter."),
    "ondo-global-markets": ("ondo-stocks", "Total supply, with what was minted ahead."),
    "dinari": ("dinari-dshares", "Total supply, as DefiLlama's adapter counts it."),
    "superstate": (None, "Superstate's funds and shares together: not a figure of tokenized stocks."),
}
"""Slug -> product, and what DefiLlama's adapter counts."""
WITH_VOLUME = ("ondo-global-markets", "dinari")


def plan(ask: Ask) -> Iterable[Piece]:
    values = [Piece(f"tvl/{slug}", (Request(f"{API}/protocol/{slug}"),), {"slug": slug}) for slug in ISSUERS]
    parameters = {"excludeTotalDataChartBreakdown": "true"}
    return values + [
        Piece(f"volume/{slug}", (Request(f"{API}/summary/dexs/{slug}", parameters),), {"slug": slug})
        for slug in WITH_VOLUME
    ]


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    reply, slug = loaded(bodies[0], piece.name), piece.facts["slug"]
    traded = piece.name.startswith("volume/")
    try:
        points = (
            [(second, float(usd)) for second, usd in reply["totalDataChart"]]
            if traded
            else [(point["date"], float(point["totalLiquidityUSD"])) for point in reply["tvl"]]
        )
        days = _by_day(points)
        name = str(reply["name"])
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(
            piece.name,
            f"a field is missing or no number ({type(error).__name__})",
            "The source may have changed: the parser needs a look.",
        ) from None
    metric = "daily_volume" if traded else "tvl"
    product, counted = ISSUERS[slug]
    rows = [
        {
            "row_id": f"defillama-{slug}-{metric}-{day:%Y-%m-%d}",
            "as_of": day,
            "as_of_precision": "day",
            "subject": name,
            "subject_kind": "issuer",
            "product_id": product,
            "metric": metric,
            "value": value,
            "unit": "USD",
            # Each issuer is a scope of its own: they are counted in different ways, so that no two of them add up.
            "scope": f"{slug} on DefiLlama",
            "origin": "DefiLlama",
            "confidence": "medium",
            "second_hand": False,
            "note": "As DefiLlama's adapter adds it up on chain." if traded else counted,
        }
        for day, value in days.items()
    ]
    return {"tokenized_metrics": pl.DataFrame(rows, infer_schema_length=None)}


def check(frames: Frames, piece: Piece) -> None:
    if frames["tokenized_metrics"].is_empty():
        raise CheckFailed(f"{piece.name} has no points.")


def _by_day(points: list[tuple[int, float]]) -> dict[datetime, float]:
    """The first point of each UTC day: the last one of a series is of this very moment and moves on until the day is
    over."""
    days: dict[datetime, float] = {}
    for second, value in points:
        day = datetime.fromtimestamp(int(second), UTC).replace(hour=0, minute=0, second=0)
        days.setdefault(day, value)
    return days
