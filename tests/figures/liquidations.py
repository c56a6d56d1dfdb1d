"""How much, really: the sums that connect published totals, the bounds of exchanges, day against day, by asset."""

from __future__ import annotations

from tests.figures import facts
from tests.figures.views import on

BILLION, MILLION = 1e9, 1e6
LOSSES = "Who was liquidated"
totals, venues, days, assets, hidden = (
    on("liquidations", tab=part)
    for part in ("Published totals", "Exchange by exchange", "Day against day", LOSSES, "What feeds hide")
)


def readings() -> tuple[float, ...]:
    rows = facts.reports(venue="all", phase="crash", universe="venues on CoinGlass", counting="floor")
    rows = rows[rows.confidence != "low"].drop_duplicates(["as_of", "value"])
    return len(rows), rows.value.min() / BILLION, rows.value.max() / BILLION


def amberdata() -> tuple[float, float]:
    rows = facts.reports(venue="all", universe="venues covered by Amberdata")
    parts = rows[rows.window_label.isin(["13:00-20:50 UTC", "20:50-21:30 UTC", "21:30-03:00 UTC"])].value.sum()
    stated = rows[rows.window_label.str.startswith("14h")].value.iloc[0]
    return parts / BILLION, stated / BILLION


def halves(origin: str) -> float:
    both = (
        facts.reports(side=side, venue="all", phase="crash", origin=origin).value.iloc[0] for side in ("long", "short")
    )
    return sum(both) / BILLION


def added() -> list[float]:
    return [float(f"{(end - facts.total()) / BILLION:.2g}") for end in facts.estimate()]


def hides() -> dict[str, float]:
    """The largest figure of the exchanges whose feeds hide a part."""
    return {venue: max(facts.readings(venue)) for venue in ("binance", "okx")}


def factors() -> tuple[float, ...]:
    leader, shown = max(facts.readings("hyperliquid")), hides()
    return leader / shown["binance"], leader / shown["okx"]


def implied() -> tuple[float, ...]:
    shown = sum(hides().values())
    return tuple((end - facts.total() + shown) / shown for end in facts.estimate())


def stated() -> float:
    rows = facts.reports(crash_day="feb-3-2025", venue="bybit", metric=None)
    rows = rows.set_index("metric").value
    return rows["liquidations_actual"] / rows["liquidations_feed"]


def spread(venue: str) -> tuple[float, float]:
    known = facts.readings(venue)
    return known.min() / BILLION, known.max() / BILLION


def alike() -> list[float]:
    before = facts.reports(crash_day="aug-5-2024").set_index("venue").value
    return [facts.board()[venue] / before[venue] for venue in ("binance", "okx")]


def by_asset(asset: str) -> float:
    rows = facts.reports(asset=asset, venue="all", window_label="trailing 24h to 2025-10-11 05:13 UTC")
    return rows.value.iloc[0] / BILLION


FIGURES = [
    totals(
        "at least ${} bn, and by an estimate up to ${} bn",
        lambda: (facts.total() / BILLION, facts.estimate()[1] / BILLION),
    ),
    totals(
        "Hyperliquid reported the most, ${} bn; Binance and OKX may", lambda: facts.board()["hyperliquid"] / BILLION
    ),
    totals(
        "${} bn on Oct. 10, 2025, ${} bn on Aug. 5, 2024",
        lambda: (facts.total() / BILLION, facts.total("aug-5-2024") / BILLION),
    ),
    totals("CoinGlass's total was read {} times, from ${} bn to ${} bn", readings),
    totals("The parts of the window add up to ${} bn, ${} bn is stated: the same within the rounding", amberdata),
    totals("Long and short add up to ${} bn, $19.16 bn is stated: the same within", lambda: halves("CoinGlass")),
    totals("Long and short add up to ${} bn, $9.89 bn is stated: the same within", lambda: halves("Amberdata")),
    totals("make up the board but for ${}–{} m", lambda: [end / MILLION for end in facts.rest()]),
    totals(
        "CoinGlass (via CoinDesk) and Amberdata are ${} bn apart",
        lambda: facts.total() / BILLION - amberdata()[1],
    ),
    totals("The estimate adds about ${}–{} bn", added),
    totals("All {} published totals of the day", lambda: published()),
    venues(
        "Hyperliquid was read as ${}–{} bn and Bybit was read as ${}–{} bn",
        lambda: (*spread("hyperliquid"), *spread("bybit")),
    ),
    venues("Binance passes Hyperliquid from {} times what it showed, OKX from {} times", factors),
    venues("they had {} to {} times what they showed", implied),
    venues("The most an exchange ever stated of itself is {} times", stated),
    venues(
        "one is known: Hyperliquid's ${} bn closed against winners",
        lambda: facts.reports(metric="adl_notional").value.max() / BILLION,
    ),
    days("Binance with {} times as much and OKX with {} times", alike),
    days(
        "Binance ${} bn and Bybit ${} bn",
        lambda: (facts.board()["binance"] / BILLION, facts.board()["bybit"] / BILLION),
    ),
    assets("BTC was liquidated most: ${} bn", lambda: by_asset("BTC")),
    hidden("by an estimate up to ${} bn", lambda: facts.estimate()[1] / BILLION),
]


def published() -> int:
    """Totals over all venues, one a board and metric."""
    rows = facts.table("liquidation_reports")
    rows = rows[(rows.crash_day == facts.DAY) & (rows.venue == "all") & (rows.asset == "all")]
    metrics = ["liquidations", "liquidations_estimate_low", "liquidations_estimate_high"]
    return len(rows[rows.metric.isin(metrics)].drop_duplicates(["board", "metric"]))
