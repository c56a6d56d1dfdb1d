"""CoinGecko's real-world assets: what the tokens of stocks and ETFs are worth and how much of them trades,
in all and for some issuers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import polars as pl

from pipelines.source import NOW, Ask, CheckFailed, Frames, Piece, Refused, Request, Source
from pipelines.sources.common import coingecko
from pipelines.sources.common.json import loaded

SOURCE = Source(
    id="coingecko_rwas",
    publisher="CoinGecko",
    dataset="Tokenized stocks and ETFs: market value and volume, in all and for some issuers",
    url="https://docs.coingecko.com/reference/rwas-markets",
    licence=coingecko.LICENCE,
    method=(
        "Market value and trailing 24 h volume of the tokens of stocks and of ETFs, added up over all that state them; "
        "and the same of all tokens of an issuer as CoinGecko adds them up. The two scopes differ: "
        "an issuer's tokens may be of other assets too."
    ),
    tables=("tokenized_metrics",),
    span="now; history grows with each refresh",
    resolution="as often as it is refreshed",
    reach=NOW,
    group="daily",
    limits=(
        f"{coingecko.LIMITS} These lists were answered to others without a key on 2026-09-02; "
        "the history of a token needs a paid plan (401)."
    ),
    requests_per_second=coingecko.PACE,
    accumulates=True,
    key_header="x-cg-demo-api-key",
    key_optional=True,
)
KINDS = {"stock": "tokenized stocks", "etf": "tokenized ETFs"}
ISSUERS = {
    "xstocks": "xstocks",
    "ondo": "ondo-stocks",
    "backpack securities": "backpack-securities",
    "coinbase": "coinbase-b20",
}
"""Issuers by a word of their name, as ids differ; with the product that is theirs."""
LIST = f"{coingecko.API}/rwas/issuers/list"

fault = coingecko.fault


def plan(ask: Ask) -> Iterable[Piece]:
    wanted = {kind: coingecko.page("rwas/markets", asset_type=kind) for kind in KINDS}
    # The part after # is not sent: it says which entry of the list is wanted.
    wanted |= {issuer: Request(f"{LIST}#{issuer}") for issuer in ISSUERS}
    return [
        Piece(f"{what}-{ask.now:%Y-%m-%dT%H:%M}", (request,), {"what": what}, final_at=ask.now)
        for what, request in wanted.items()
    ]


def follow(body: bytes, request: Request) -> Request | None:
    """The next page of markets; after the list of issuers, the one wanted."""
    url, _, issuer = request.url.partition("#")
    if url != LIST:
        return coingecko.next_page(body, request)
    for row in coingecko.rows(body, url):
        if issuer in str(row.get("name")).lower():
            return Request(f"{coingecko.API}/rwas/issuers/{row.get('id')}")
    return None


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    what = piece.facts["what"]
    if what in ISSUERS and len(bodies) == 1:
        raise Refused(piece.name, f"no issuer in CoinGecko's list is called {what}", "It may have been renamed there.")
    try:
        metrics = _of_kind(bodies, piece) if what in KINDS else _of_issuer(bodies[1], piece)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Refused(
            piece.name, f"a figure is no number, or not there ({type(error).__name__})", coingecko.CHANGED
        ) from None
    return {
        "tokenized_metrics": pl.DataFrame(
            [row for row in metrics if row["value"] is not None], infer_schema_length=None
        )
    }


def check(frames: Frames, piece: Piece) -> None:
    if frames["tokenized_metrics"].is_empty():
        raise CheckFailed(f"{piece.name} states neither value nor volume.")


def _of_kind(bodies: list[bytes], piece: Piece) -> list[dict[str, object]]:
    """Sums over all stocks, or all ETFs; what an asset does not state is not counted as zero but named."""
    assets = [row["tokenized_market_data"] or {} for body in bodies for row in coingecko.rows(body, piece.name)]
    when = max(datetime.fromisoformat(asset["last_updated"]) for asset in assets if asset.get("last_updated"))
    figures = {
        metric: [value for asset in assets if (value := coingecko.number(asset.get(field))) is not None]
        for metric, field in (("market_cap", "market_cap"), ("volume_24h", "total_volume"))
    }
    kind = KINDS[piece.facts["what"]]
    return [
        _metric(piece, metric, sum(stated) if stated else None, when)
        | {
            "subject": "all",
            "subject_kind": "market",
            "scope": f"{kind} on CoinGecko",
            "note": (
                f"Sum over {len(stated)} of {len(assets)} {kind}; the others state none. "
                "Tokens of one asset by all issuers together."
            ),
        }
        for metric, stated in figures.items()
    ]


def _of_issuer(body: bytes, piece: Piece) -> list[dict[str, object]]:
    issuer: dict[str, Any] = loaded(body, piece.name)
    when = datetime.fromisoformat(issuer["updated_at"])
    return [
        _metric(piece, metric, coingecko.number(issuer[metric]), when)
        | {
            "subject": issuer["name"],
            "subject_kind": "issuer",
            "product_id": ISSUERS[piece.facts["what"]],
            "scope": "all tokens of the issuer on CoinGecko",
        }
        for metric in ("market_cap", "volume_24h")
    ]


def _metric(piece: Piece, metric: str, value: float | None, when: datetime) -> dict[str, object]:
    return {
        "row_id": f"coingecko-{piece.facts['what'].replace(' ', '-')}-{metric}-{when:%Y-%m-%dT%H:%M:%SZ}",
        "as_of": when,
        "as_of_precision": "minute",
        "metric": metric,
        "value": value,
        "unit": "USD",
        "origin": "CoinGecko",
        "confidence": "medium",
        "second_hand": False,
    }
