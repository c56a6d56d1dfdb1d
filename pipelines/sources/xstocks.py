"""xStocks' public API: supply, proof of reserves, price and multiplier of single tokens,
as their issuer states them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import polars as pl

from pipelines.source import NOW, Ask, CheckFailed, Frames, Piece, Refused, Request, Source
from pipelines.sources.common.json import loaded
from pipelines.sources.common.spans import bases

SOURCE = Source(
    id="xstocks",
    publisher="Backed (xStocks)",
    dataset="xStocks: supply, shares held, price, multiplier of single tokens",
    url="https://docs.xstocks.fi/",
    licence="xStocks public API; the issuer's terms apply",
    method=(
        "As the issuer states them. Its circulating supply leaves out tokens it holds itself and is counted in shares: "
        "multiplied again by the multiplier it would exceed the shares held. "
        "Value is that supply times the issuer's quote of the share."
    ),
    tables=("tokenized_metrics",),
    span="now; history grows with each refresh",
    resolution="as often as it is refreshed",
    reach=NOW,
    group="daily",
    limits=(
        "No key. Only the tokens named in the source are asked for, of some 800: "
        "their sum is not the market value of xStocks."
    ),
    requests_per_second=2,
    accumulates=True,
)
API = "https://api.xstocks.fi/api/v2/public"
TOKENS = ("TSLAx", "NVDAx", "SPYx", "GOOGLx", "AAPLx", "CRCLx", "MSTRx", "QQQx", "COINx", "HOODx")
FORMS = ("TSLAx",)
CHAIN = "Solana"
NOTES = {
    "circulating_supply": "On all chains, without the issuer's own; in shares, as it is compared with the shares held.",
    "shares_held": "By the custodians the issuer names.",
    "multiplier": (
        f"On {CHAIN}: dividends reinvested, and splits. Held to be in the supply already and not applied again: with "
        "it, the supply of several tokens read on 2026-09-25 would exceed the shares held."
    ),
    "value": "Computed: circulating supply times the issuer's quote of the share, asked for together.",
}


def plan(ask: Ask) -> Iterable[Piece]:
    return [
        Piece(
            f"{token}-{ask.now:%Y-%m-%dT%H:%M}",
            (
                Request(f"{API}/proof-of-reserves/{token}"),
                Request(f"{API}/assets/{token}/price-data"),
                Request(f"{API}/assets/{token}/multiplier", {"network": CHAIN}),
            ),
            {"token": token},
            final_at=ask.now,
        )
        for token in bases(TOKENS, ask.symbols)
        if token.endswith("x")
    ]


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    reserves, quote, multiplier = (loaded(body, piece.name) for body in bodies)
    token = piece.facts["token"]
    if reserves is None:
        raise Refused(piece.name, "the issuer states no reserves for it", "The token may be new, or not exist.")
    try:
        when = datetime.fromisoformat(reserves["timestamp"])
        supply, held = float(reserves["circulatingSupply"]), float(reserves["sharesHeld"])
        figures = {
            "circulating_supply": (supply, "shares"),
            "shares_held": (held, "shares"),
            "multiplier": (float(multiplier["currentMultiplier"]), "shares per raw token"),
        }
        # At times the issuer has no quote: then the value is not known, and the rest still is.
        if (price := quote["quote"]) is not None:
            figures["value"] = (supply * float(price), "USD")
        of_this_token = reserves["symbol"] == token
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(
            piece.name,
            f"a field is missing or no number ({type(error).__name__})",
            "The source may have changed: the parser needs a look.",
        ) from None
    if not of_this_token:
        raise Refused(piece.name, "the reply is about another token", "The source may have changed.")
    return {"tokenized_metrics": _rows(token, when, figures)}


def _rows(token: str, when: datetime, figures: dict[str, tuple[float, str]]) -> pl.DataFrame:
    rows = [
        {
            "row_id": f"xstocks-{token}-{metric}-{when:%Y-%m-%dT%H:%M:%SZ}",
            "as_of": when,
            "as_of_precision": "second",
            "subject": token,
            "subject_kind": "token",
            "product_id": "xstocks",
            "metric": metric,
            "value": value,
            "unit": unit,
            "scope": "this token",
            "origin": "Backed (xStocks API)",
            "confidence": "medium",
            "second_hand": False,
            "note": NOTES[metric],
        }
        for metric, (value, unit) in figures.items()
    ]
    return pl.DataFrame(rows)


def check(frames: Frames, piece: Piece) -> None:
    figures = dict(frames["tokenized_metrics"].select("metric", "value").iter_rows())
    if figures["multiplier"] <= 0:
        raise CheckFailed(f"{piece.name}: a multiplier of {figures['multiplier']} cannot be.")
