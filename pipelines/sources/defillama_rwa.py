"""DefiLlama's pages on real-world assets: the value of tokenized stocks and ETFs, and the perpetuals on stocks.

These addresses serve DefiLlama's own site and are documented nowhere. They may move or close any day: then this source
says so, and what it brought before stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import polars as pl

from pipelines.source import Ask, CheckFailed, Frames, Piece, Refused, Request, Source
from pipelines.sources.common.json import loaded

SOURCE = Source(
    id="defillama_rwa",
    publisher="DefiLlama",
    dataset="Tokenized stocks and stock perpetuals by day (undocumented)",
    url="https://defillama.com/rwa",
    licence="DefiLlama, free API; attribution asked for",
    method=(
        "DefiLlama's daily series of the asset groups whose name speaks of stocks or equities. Tokens and perpetuals "
        "are two scopes that are never added: a perpetual holds no share."
    ),
    tables=("tokenized_metrics",),
    span="as far as DefiLlama's charts go",
    resolution="1 day",
    group="daily",
    limits=(
        "Undocumented addresses of DefiLlama's site, seen to fail at times: not part of a plain refresh; "
        "ask for it by name."
    ),
    requests_per_second=1,
    default=False,
)
API = "https://api.llama.fi"
SERIES = {
    "active_market_cap": ("rwa/chart/assetGroup-breakdown", {"key": "activeMcap"}, "tokens"),
    "onchain_market_cap": ("rwa/chart/assetGroup-breakdown", {"key": "onChainMcap"}, "tokens"),
    "perps_open_interest": (
        "rwa-perps/chart/overview-breakdown",
        {"breakdown": "assetGroup", "key": "openInterest"},
        "perpetuals",
    ),
    "perps_volume_24h": (
        "rwa-perps/chart/overview-breakdown",
        {"breakdown": "assetGroup", "key": "volume24h"},
        "perpetuals",
    ),
}
STOCKS = ("stock", "equit")
LEAST_SECONDS_IN_MS = 10**11
NOTES = {
    "active_market_cap": "Value of the tokens DefiLlama holds to be in use.",
    "onchain_market_cap": "Value of all minted tokens.",
    "perps_open_interest": "Synthetic: no share stands behind it. Never added to the value of tokens.",
    "perps_volume_24h": "Synthetic: no share stands behind it. Never added to the volume of tokens.",
}


def plan(ask: Ask) -> Iterable[Piece]:
    return [
        Piece(metric, (Request(f"{API}/{path}", parameters),), {"metric": metric})
        for metric, (path, parameters, _) in SERIES.items()
    ]


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    metric = piece.facts["metric"]
    points = loaded(bodies[0], piece.name)
    try:
        days = {_day(point["timestamp"]): point for point in reversed(points)}
        groups = sorted({name for point in points for name in point} - {"timestamp"})
        wanted = [name for name in groups if any(word in name.lower() for word in STOCKS)]
        rows = [
            _row(metric, group, day, float(point[group]))
            for day, point in sorted(days.items())
            for group in wanted
            if point.get(group) is not None
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(
            piece.name,
            f"a field is missing or no number ({type(error).__name__})",
            "The undocumented format may have changed.",
        ) from None
    if not wanted:
        raise Refused(piece.name, f"none of {len(groups)} groups speaks of stocks", "Mend STOCKS in defillama_rwa.py.")
    return {"tokenized_metrics": pl.DataFrame(rows)}


def check(frames: Frames, piece: Piece) -> None:
    if frames["tokenized_metrics"].is_empty():
        raise CheckFailed(f"{piece.name} has no points.")


def _day(stamp: float) -> datetime:
    """The UTC day of a time in seconds, or in milliseconds: DefiLlama's own site expects both."""
    seconds = stamp / 1000 if stamp >= LEAST_SECONDS_IN_MS else stamp
    return datetime.fromtimestamp(seconds, UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _row(metric: str, group: str, day: datetime, value: float) -> dict[str, object]:
    return {
        "row_id": f"defillama-rwa-{metric}-{group}-{day:%Y-%m-%d}",
        "as_of": day,
        "as_of_precision": "day",
        "subject": "all",
        "subject_kind": "market",
        "metric": metric,
        "value": value,
        "unit": "USD",
        "scope": f"{SERIES[metric][2]}, group {group} on DefiLlama",
        "origin": "DefiLlama",
        "confidence": "medium",
        "second_hand": False,
        "note": NOTES[metric],
    }
