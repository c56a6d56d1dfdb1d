"""Microscope: the second-by-second state, phases, dislocation, pegs, extremes, flow, days over each other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.figures import cascade, facts
from tests.figures.views import on

AT = pd.Timestamp("2025-10-10 21:21", tz="UTC")
DAY = pd.Timestamp("2025-10-09", tz="UTC")
LEVELS = 60
PHASED = (
    "BTC",
    "USDE",
    "TRX",
    "AAVE",
    "ADA",
    "ATOM",
    "AVAX",
    "BCH",
    "CRV",
    "DOT",
    "FIL",
    "LINK",
    "POL",
    "SKY",
    "UNI",
    "WLD",
    "XLM",
)
TRADED = ("BTC", "ETH", "SOL", "USDE", "TRX", "AAVE", "LINK", "FIL")
COMPARED = (
    "AAVE",
    "ATOM",
    "AVAX",
    "BCH",
    "BONK",
    "CRV",
    "DOGE",
    "DOT",
    "ETC",
    "FIL",
    "LINK",
    "PEPE",
    "SKY",
    "UNI",
    "WIF",
    "WLD",
    "XLM",
)
replay, phases, apart, pegs, extremes, first, explosive, liquidity, flow, days = (
    on("microscope", tab=lens)
    for lens in (
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
    )
)


def so_far(base: str) -> float:
    """The lowest print of an asset in bars over by the moment."""
    frame = facts.bars(DAY, AT, base=base, kind="trade")
    return frame[(frame.interval != "1d") & (frame.until <= AT)].low.min()


def fills() -> tuple[int, float, int]:
    rows = facts.table("liquidation_counts")
    over = rows[rows.ts + pd.Timedelta(seconds=1) <= AT].adl_fills.sum()
    minutes = -(-(rows.ts.max() - rows.ts.min()).total_seconds() // 60)
    return over, 100 * over / rows.adl_fills.sum(), minutes


def funding(base: str) -> float:
    rows = facts.table("funding_rates")
    rows = rows[rows.symbol.str.startswith(f"{base}/") & (rows.ts >= DAY) & (rows.ts <= AT) & rows.doubt.isna()]
    return abs(100 * rows.groupby("venue").funding_rate.sum().min())


def largest_market(base: str) -> pd.DataFrame:
    """The bars of the market that the page shows first: the most traded one, at its finest bars that cover the
    range."""
    frame = facts.bars(base=base, kind="trade")
    frame = frame[frame.volume_base.notna() & (frame.interval != "1d")]
    finest = {}
    for (venue, market, symbol, _, interval, _), own in frame.groupby([*facts.LINE, "source_id"]):
        seconds = facts.LENGTHS[interval]
        if len(own) * seconds >= 0.7 * (facts.END - facts.START).total_seconds():
            finest[venue, market, symbol] = min(
                finest.get((venue, market, symbol), (seconds, own)), (seconds, own), key=lambda one: one[0]
            )
    return max((own for _, own in finest.values()), key=lambda own: own.volume_base.sum())


def low_of_the_range(base: str) -> float:
    return largest_market(base).low.min()


def gap_at_the_low() -> float:
    """Percent between the closes of Binance's perpetual and Gemini, in the minute after which they stood furthest
    apart."""
    one, other = (
        own.set_index("until").close
        for own in (facts.binance(), facts.bars(venue="gemini", symbol="BTC/USD", interval="1m"))
    )
    both = pd.concat([one, other], axis=1, keys=["a", "b"]).dropna()
    return (100 * (both.a - both.b).abs() / both.mean(axis=1)).max()


def mark_and_last() -> tuple[float, float]:
    marks = facts.bars(venue="binance", symbol="BTC/USDT:USDT", kind="mark", interval="5m").set_index("ts").low
    lasts = facts.binance(interval="5m").set_index("ts").low
    return marks[lasts.idxmin()], lasts.min()


def lows(base: str) -> list[float]:
    rows = facts.recorded_lows()
    return sorted(rows[(rows.base == base) & rows.low.notna()].low.round(6))


def place(base: str) -> tuple[int, int]:
    ranked = facts.gaps()
    return list(ranked.index).index(base) + 1, len(ranked)


def below(level: float) -> str:
    frame = cascade.usde(True)
    return f"{frame[(frame.venue == 'binance') & (frame.low <= level)].ts.iloc[0]:%H:%M}"


def early() -> float:
    window = facts.table("depegs").window_start.dropna().min()
    first = cascade.usde(True)
    first = first[(first.venue == "binance") & (first.low < 0.99)].ts.iloc[0]
    return (window - first).total_seconds() / 60


def sweep() -> tuple[float, float, float]:
    rows = facts.table("trades")
    paid = (rows.price * rows.quantity_base).sum()
    return rows.quantity_base.sum(), paid, paid / rows.quantity_base.sum()


def sold(frame: pd.DataFrame) -> float:
    return 100 * (1 - frame.taker_buy_base.sum() / frame.volume_base.sum())


def level() -> tuple[float, ...]:
    """The fullest of the price levels when each bar's volume is spread over its range, and its bounds."""
    frame = facts.binance()
    bottom, width = frame.low.min(), (frame.high.max() - frame.low.min()) / LEVELS
    best = (0.0, 0.0, 0.0, 0.0, 0.0)
    for place in range(LEVELS):
        low, high = bottom + place * width, bottom + (place + 1) * width
        share = (frame.high.clip(upper=high) - frame.low.clip(lower=low)).clip(lower=0) / (frame.high - frame.low)
        volume, touching = frame.volume_base * share, frame.volume_base[share > 0].sum()
        whole = frame.volume_base[(frame.low >= low) & (frame.high <= high)].sum()
        best = max(best, (volume.sum(), low, high, whole, touching))
    volume, low, high, whole, touching = best
    return low, high, float(f"{volume:.2g}"), 100 * volume / frame.volume_base.sum(), whole, touching


def usual_hours() -> tuple[float, float]:
    """The fall in usual hours: by the day or six hours before T0, by standard or median absolute deviation."""
    frame = facts.binance(interval="5m", start=facts.T0 - pd.Timedelta(days=1), end=facts.T0)
    frame = frame[frame.until <= facts.T0]
    moved = np.log(frame.close).diff()
    spreads = []
    for hours in (24, 6):
        part = moved[frame.until > facts.T0 - pd.Timedelta(hours=hours)].dropna()
        spreads += [part.std(), 1.4826 * (part - part.median()).abs().median()]
    falls = sorted(facts.fall()[0] / (100 * spread * 12**0.5) for spread in spreads)
    return falls[0], falls[-1]


FIGURES = [
    replay("BTC by {}: down as far as {} %, on Binance perpetual", lambda: ("21:21:00", facts.fall()[0])),
    *(
        on("microscope", tab="Replay", coin=base)(
            f"Lowest print of {base} so far: {{}} ", lambda base=base: so_far(base)
        )
        for base in ("BTC", "ETH", "SOL", "USDE", "TRX", "AAVE", "LINK", "XRP")
    ),
    replay("USDe had been as low as {} on Binance", lambda: so_far("USDE")),
    replay("{} ADL fills so far, {} % of those in the study's {} minutes", fills),
    *(
        on("microscope", tab="Replay", coin=base)(f"{payer} {{}} % so far", lambda base=base: funding(base))
        for base, payer in (
            ("BTC", "longs had paid shorts"),
            ("ETH", "On Hyperliquid shorts had paid longs"),
            ("SOL", "On Hyperliquid shorts had paid longs"),
        )
    ),
    *(
        on("microscope", tab="Phases", coin=base)(
            "; outside these phases it printed still less, {} at"
            if base in ("USDE", "TRX")
            else "was lowest, at {}, in",
            lambda base=base: low_of_the_range(base),
        )
        for base in PHASED
    ),
    phases("{} of {} changes finds no cascade", lambda: (1, 12)),
    apart(
        "BTC on Binance (perpetual) and Gemini (spot) stood {} % apart at {}", lambda: (gap_at_the_low(), "21:21:00")
    ),
    apart("At the low: Binance's mark {}, last {}", mark_and_last),
    apart(
        "lay furthest apart, {} %; {} of {} assets",
        lambda: (facts.gaps().iloc[0], len(facts.gaps()), facts.recorded_lows().base.nunique()),
    ),
    *(
        on("microscope", tab="Dislocation", coin=base)(
            f"{base}'s lowest print: {{}} on", lambda base=base: lows(base)[0]
        )
        for base in COMPARED
    ),
    *(
        on("microscope", tab="Dislocation", coin=base)("; the gap is number {} of {}", lambda base=base: place(base))
        for base in COMPARED
    ),
    pegs(
        "USDe was first below 0.99 on Binance in the {} minute, the minute of the market-wide low, {} minutes before",
        lambda: (cascade.first_below(), early()),
    ),
    pegs("USDe on Binance: {} within {}, and {} at {}", lambda: (0.9, below(0.9), *cascade.peg_lows()[:2])),
    extremes("{} aggregate trades of one stamp took ATOM/USDT on Binance from {} to {}", cascade.sweep),
    extremes("{} ATOM went for {} USDT, {} on average", sweep),
    extremes("Lows of {} USDT markets", lambda: len(cascade.ranges())),
    first("began to fall at {} UTC", lambda: "20:50"),
    explosive("was lowest, at {}, in the bar of {}", lambda: (facts.fall()[2], "21:20")),
    liquidity("was lowest, at {}, in the bar of {}", lambda: (facts.fall()[2], "21:20")),
    *(
        on("microscope", tab="Flow", coin=base)(
            f"{{}} {base} were traded on", lambda base=base: largest_market(base).volume_base.sum()
        )
        for base in TRADED
    ),
    flow(
        "Sold by takers: {} % on Binance perpetual, {} % on Gemini spot",
        lambda: (sold(facts.binance()), sold(facts.bars(venue="gemini", symbol="BTC/USD", interval="1m"))),
    ),
    flow("{} to {} is the fullest level: about {} BTC, {} % of all; at least {}, at most {}", level),
    flow(
        "The largest minute began at 21:17:00: {} BTC, {} % of",
        lambda: (
            facts.binance().volume_base.max(),
            100 * facts.binance().volume_base.max() / facts.binance().volume_base.sum(),
        ),
    ),
    days(
        "fell {} % in {} minutes from T0, about {} to {} times an hour's usual move",
        lambda: (*facts.fall()[:2], *usual_hours()),
    ),
    days(
        "{} of {} crash days has a T0",
        lambda: (int(facts.table("crash_days").t0.notna().sum()), len(facts.table("crash_days"))),
    ),
]
