"""Overview: the day in one screen."""

from __future__ import annotations

from tests.figures import facts
from tests.figures.views import on

BILLION, MILLION = 1e9, 1e6
DAYS = {"aug-5-2024": "Aug. 5, 2024", "nov-21-2025": "Nov. 21, 2025", "jan-31-2026": "Jan. 31, 2026"}
of = on("overview")


def sides() -> tuple[float, float, float, float]:
    long, short = (
        facts.reports(side=side, venue="all", phase="crash", origin="CoinGlass").value.iloc[0]
        for side in ("long", "short")
    )
    return 100 * long / (long + short), long / BILLION, 100 * short / (long + short), short / BILLION


def latest(metric: str) -> float:
    rows = facts.reports(metric=metric, venue="all").sort_values("as_of")
    return rows.value.iloc[-1]


def lows() -> tuple[float, float, float]:
    rows = facts.table("price_extremes")
    rows = rows[(rows.base_asset == "BTC") & (rows.extreme == "low") & (rows.confidence != "low")]
    trades = rows[rows.kind == "trade"].value
    return rows[rows.kind == "index"].value.iloc[0], trades.min(), trades.max()


def moments() -> int:
    rows = facts.table("events")
    bars = facts.binance()
    rows = rows[(rows.timeline == facts.DAY) & (rows.standing == "reported") & (rows.confidence == "high")]
    rows = rows[rows.precision.isin(["second", "minute"]) & (rows.ts >= bars.ts.min()) & (rows.ts <= bars.ts.max())]
    return rows[rows.category.isin(["news", "liquidation", "adl", "low", "outage", "depeg"])].ts.nunique()


FIGURES = [
    of("at least ${} bn of positions were liquidated", lambda: facts.total() / BILLION),
    of("All venues: ≥ ${} bn", lambda: facts.total() / BILLION),
    of("True size, estimate: ${}–{} bn", lambda: [end / BILLION for end in facts.estimate()]),
    of("Longs, {} %: ${} bn", lambda: sides()[:2]),
    of("Shorts, {} %: ${} bn", lambda: sides()[2:]),
    of("Traders liquidated: ≥ {}", lambda: latest("traders_liquidated")),
    of("Largest single order: ≥ ${} m", lambda: latest("largest_single_liquidation") / MILLION),
    of("Bitcoin on Binance's perpetual fell {} % in {} minutes, to {}", facts.fall),
    of("an index over many venues fell to {}, published lows of single venues run from {} to {}.", lows),
    of("The {} moments on the chart", moments),
    of(
        "Hyperliquid reported the most: ${} bn, {} % of the board",
        lambda: (facts.board()["hyperliquid"] / BILLION, 100 * facts.board()["hyperliquid"] / facts.board()["all"]),
    ),
    *(
        on("overview", day=day)(f"{title}: at least ${{}} bn", lambda day=day: facts.total(day) / BILLION)
        for day, title in DAYS.items()
    ),
]
