"""Exchanges: the board, traded volume, open interest, deleveraging."""

from __future__ import annotations

from tests.figures import cascade, facts
from tests.figures.views import on

BILLION = 1e9
of = on("exchanges")


def volume(market: str, asset: str = "all") -> float:
    rows = facts.table("venue_volumes")
    rows = rows[(rows.market == market) & (rows.venue == "binance")]
    if asset != "all":
        rows = rows[rows.base_asset == asset]
    return rows.volume_usd.sum() / BILLION


def interest() -> tuple[int, ...]:
    rows = facts.table("venue_reports")
    rows = rows[(rows.crash_day == facts.DAY) & (rows.metric == "open_interest_change_pct") & (rows.asset == "all")]
    market, own = rows[rows.venue == "all"].set_index("origin").value, rows[rows.venue == "hyperliquid"].value
    others = market.drop("CoinDesk Data")
    return tuple(round(-value) for value in (market["CoinDesk Data"], others.max(), others.min(), own.max(), own.min()))


FIGURES = [
    of(
        "Hyperliquid reported the most: ${} bn, {} % of the board's total",
        lambda: (facts.board()["hyperliquid"] / BILLION, 100 * facts.board()["hyperliquid"] / facts.board()["all"]),
    ),
    of("Binance traded the most on futures: ${} bn", lambda: volume("futures")),
    of("Binance traded the most on spot: ${} bn", lambda: volume("spot")),
    *(
        on("exchanges", asset=asset)(
            "Binance traded the most on futures: ${} bn", lambda asset=asset: volume("futures", asset)
        )
        for asset in ("BTC", "ETH", "SOL")
    ),
    of(
        "Open interest fell: perpetuals by {} %; all derivatives by {} to {} %; Hyperliquid by {} to {} %",
        interest,
    ),
    of(
        "Hyperliquid closed ${} bn of winning positions in {} auto-deleveraging fills",
        lambda: (cascade.chain("adl_notional") / BILLION, cascade.chain("adl_fills")),
    ),
]
