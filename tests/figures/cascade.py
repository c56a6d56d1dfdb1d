"""Cascade: prices, deleveraging, pegs, venues apart, lowest prints, single trades."""

from __future__ import annotations

import pandas as pd

from tests.figures import facts
from tests.figures.views import on

MILLION = 1e6
ASSETS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "BNB", "AAVE", "AVAX", "LINK", "POL", "TRX", "USDE", "FIL", "ATOM")
QUOTES = ("USDC", "FDUSD", "TRY")
PEGGED = {
    "AEUR",
    "BFUSD",
    "DAI",
    "EUR",
    "EURI",
    "FDUSD",
    "PAXG",
    "PYUSD",
    "RLUSD",
    "TUSD",
    "USD1",
    "USDC",
    "USDE",
    "USDP",
    "USDT",
    "XUSD",
}
prices, adl, pegs, apart, lowest, single = (
    on("cascade", tab=part)
    for part in ("Prices", "Deleveraging", "Pegs", "Venues apart", "Lowest prints", "Single trades")
)


def busiest() -> tuple[str, float, float]:
    row = facts.binance().sort_values("volume_base").iloc[-1]
    return f"{row.ts:%H:%M}", row.volume_base, 100 * (1 - row.taker_buy_base / row.volume_base)


def funding() -> float:
    rows = facts.table("funding_rates")
    rows = rows[rows.symbol.str.startswith("BTC/") & (rows.interval_hours == 8)]
    near = rows[(rows.ts >= facts.START - pd.Timedelta(days=1)) & (rows.ts < facts.END + pd.Timedelta(days=1))]
    return 100 * near.funding_rate.min()


def chain(metric: str) -> float:
    rows = facts.reports(metric=metric, venue="hyperliquid")
    return rows[rows.window_label == "21:15:00-21:27:00 UTC"].value.iloc[0]


def coins() -> list[float]:
    rows = facts.reports(metric="adl_notional", venue="hyperliquid", asset=None)
    return [rows[rows.asset == asset].value.iloc[0] / MILLION for asset in ("BTC", "ETH", "SOL")]


def usde(whole: bool) -> pd.DataFrame:
    span = {} if whole else {"start": facts.START, "end": facts.END}
    day = {"start": pd.Timestamp("2025-10-09", tz="UTC"), "end": pd.Timestamp("2025-10-12", tz="UTC")} | span
    frame = facts.bars(**day, base="USDE")
    return frame[frame.interval == "1m"]


def peg_lows() -> tuple[float, str, float]:
    frame = usde(True)
    low = frame[frame.venue == "binance"].sort_values(["low", "ts"]).iloc[0]
    return low.low, f"{low.ts:%H:%M}", frame[frame.kind == "pool"].low.min()


def first_below() -> str:
    frame = usde(True)
    return f"{frame[(frame.venue == 'binance') & (frame.low < 0.99)].ts.iloc[0]:%H:%M}"


def pool() -> tuple[float, float]:
    frame = usde(False)
    frame = frame[frame.kind == "pool"]
    return frame.low.min(), frame.high.max()


def wbeth() -> tuple[float, float]:
    rows = facts.table("depegs")
    row = rows.sort_values("discount_pct").iloc[0]
    return row.low, -row.discount_pct


def fil() -> tuple[float, float]:
    rows = facts.recorded_lows()
    rows = rows[rows.base == facts.gaps().index[0]].low
    return rows.min(), rows.max()


def ranges(quote: str = "USDT") -> pd.DataFrame:
    day = pd.Timestamp("2025-10-10", tz="UTC")
    frame = facts.bars(day, day + pd.Timedelta(days=1), interval="1d", quote=quote)
    return frame.assign(drop=100 * (1 - frame.low / frame.high))


def half(quote: str = "USDT") -> tuple[int, float]:
    free = ranges(quote)
    free = free[~free.base.isin(PEGGED)]
    return len(free), free["drop"].median()


def tut() -> tuple[float, float]:
    row = ranges().set_index("symbol").loc["TUT/USDT"]
    return row.low, row["drop"]


def sweep() -> tuple[int, float, float]:
    rows = facts.table("trades").sort_values("trade_id")
    return len(rows), rows.price.iloc[0], rows.price.iloc[-1]


def coinbase_atom() -> float:
    rows = facts.table("price_extremes")
    return rows[(rows.symbol == "ATOM/USD") & (rows.venue == "coinbase")].value.iloc[0]


FIGURES = [
    *(
        on("cascade", tab="Prices", asset=asset)(": {} US", lambda asset=asset: facts.traded(asset).low.min())
        for asset in ASSETS
    ),
    prices("Binance's busiest minute began at {}: {} BTC, {} % of it sold by takers", busiest),
    prices("Lowest funding: {} % per 8 h", funding),
    adl("closed ${} bn of winning positions in {} fills", lambda: (chain("adl_notional") / 1e9, chain("adl_fills"))),
    adl("Closed most: BTC ${} m, ETH ${} m, SOL ${} m", coins),
    pegs("USDe fell to {} USDT on Binance at {}; in the Uniswap pool it never went below {}", peg_lows),
    pegs(
        "only the day's range is kept: USDE/USDC on Binance {}.", lambda: ranges("USDC").set_index("base").low["USDE"]
    ),
    pegs("First minute below 0.99: {}, on Binance", first_below),
    pegs("the Uniswap pool stayed between {} and {}", pool),
    pegs("WBETH at {} USDT on Binance, {} % below its reference", wbeth),
    apart("FIL printed {} on Binance perpetual and never less than {} on Coinbase spot", fil),
    apart("{} of {} assets have prints", lambda: (len(facts.gaps()), facts.recorded_lows().base.nunique())),
    lowest("TUT/USDT at {}, {} % below", tut),
    lowest("Half of {} USDT markets had a low {} % or more below", half),
    lowest("{} markets of pegged coins", lambda: len(ranges()) - half()[0]),
    *(
        on("cascade", tab="Lowest prints", quote=quote)(
            f"Half of {{}} {quote} markets had a low {{}} % or more", lambda quote=quote: half(quote)
        )
        for quote in QUOTES
    ),
    single("{} aggregate trades with one time stamp took ATOM/USDT on Binance from {} to {}", sweep),
    single("In that minute Coinbase ATOM/USD went no lower than {} USD", coinbase_atom),
]
