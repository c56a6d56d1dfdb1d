"""What Hyperliquid's fills say about closes by force, wherever the fills were read.

Both parties of a trade have a fill with the same `tid`. When a liquidator vault takes a position over, both fills are
called "Liquidated … Long" (or Short) after the position that was closed, the vault's too. When a position is
auto-deleveraged, its fill is called so and the other one is the vault's. One trade is one row:
the vault is a mechanism.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from pipelines.source import Refused
from pipelines.sources.common import liquidations

LICENCE = "Public chain data"
ADL = "Auto-Deleveraging"
Fill = Mapping[str, Any]
Closed = tuple[Fill, str]
"""The fill of the position that was closed, and by which mechanism."""


def symbol(coin: str, token: str) -> str:
    """BTC -> BTC/USDC:USDC, xyz:TSLA -> xyz-TSLA/USDC:USDC: another dex keeps its name.
    `token` is what fees are paid in: the collateral."""
    return f"{coin.replace(':', '-')}/{token}:{token}"


def is_perpetual(coin: str) -> bool:
    """Spot markets are called @107 or PURR/USDC."""
    return not coin.startswith("@") and "/" not in coin


def position(fill: Fill) -> str:
    """The position a fill closes: who sells (A) closes a long, who buys (B) a short."""
    return "long" if fill["side"] == "A" else "short"


def closed(fills: Iterable[Fill], choose: Callable[[list[Fill]], list[Closed]], where: str) -> Iterator[Closed]:
    """One close a trade of a block. Raises Refused where `choose` finds none, or more than one,
    in a trade's two fills."""
    trades: dict[tuple[str, int], list[Fill]] = defaultdict(list)
    for fill in fills:
        if is_perpetual(fill["coin"]):
            trades[fill["coin"], fill["tid"]].append(fill)
    for (_, tid), trade in trades.items():
        chosen = choose(trade)
        if len(chosen) != 1:
            raise Refused(
                f"{where}, trade {int(tid)}",
                f"{len(chosen)} of a trade's {len(trade)} marked fills are the closed position's, not 1",
                "Nothing is guessed: the parser needs a look.",
            )
        yield chosen[0]


def frame(closes: Iterable[tuple[int, Closed]], feed: str) -> pl.DataFrame:
    """Canonical rows of closes with their time in ms. `tid` is unique only together with coin and time."""
    return liquidations.frame(
        {
            "venue": "hyperliquid",
            "market": "perp",
            "symbol": symbol(fill["coin"], fill["feeToken"]),
            "event_id": f"{time}-{fill['tid']}",
            "ts": time,
            "liquidated_side": position(fill),
            "price": float(fill["px"]),
            "price_kind": "fill",
            "quantity_base": float(fill["sz"]),
            "notional_usd": float(fill["px"]) * float(fill["sz"]),
            "mechanism": mechanism,
            "feed": feed,
        }
        for time, (fill, mechanism) in closes
    )
