"""Every page and tab, as a reader without a link meets them, and some views of other assets, exchanges and days."""

from __future__ import annotations

from tests.figures.views import shown

TABS = {
    "cascade": [
        "Prices",
        "Deleveraging",
        "Open interest",
        "Recovery",
        "Pegs",
        "Venues apart",
        "Lowest prints",
        "Single trades",
    ],
    "liquidations": [
        "Published totals",
        "Exchange by exchange",
        "Day against day",
        "Who was liquidated",
        "What feeds hide",
    ],
    "tokenized": [
        "Who is where",
        "Over time",
        "Market size",
        "Tokens and perpetuals",
        "Claims checked",
        "Products",
        "Superstate and Backpack",
        "On a crash day",
        "All readings",
    ],
    "microscope": [
        "Replay",
        "Phases",
        "Dislocation",
        "Pegs",
        "Extremes",
        "Who moved first",
        "How explosive",
        "Liquidity",
        "Flow",
        "Crash days",
    ],
    "exchange": ["This exchange", "League table", "Shares over time"],
}
ALONE = ["overview", "exchanges", "crash_days", "data", "backpack", "settlement"]
PLAIN = [
    *((page, ()) for page in ALONE),
    *((page, (("tab", tab),)) for page, tabs in TABS.items() for tab in tabs),
]
"""Each page and tab at its defaults: one day, one asset, one exchange."""

OTHERS = [
    *(
        ("microscope", (("coin", coin), ("tab", tab)))
        for coin in ("USDE", "TRX", "SOL", "ETH")
        for tab in ("Flow", "Phases")
    ),
    *(("exchange", (("venue", venue),)) for venue in ("binance", "bybit")),
    ("tokenized", (("rule", "SEC staff taxonomy of Jan 28, 2026"), ("tab", "Who is where"))),
    ("liquidations", (("other", "apr-18-2021"), ("tab", "Day against day"))),
]


def words(views: list[tuple[str, tuple[tuple[str, str], ...]]]) -> dict[tuple[str, tuple[tuple[str, str], ...]], str]:
    """What each of these views says."""
    return {(page, link): shown(page, link) for page, link in views}
