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
TABS = (
    "Prices",
    "Deleveraging",
    "Open interest",
    "Recovery",
    "Pegs",
    "Venues apart",
    "Lowest prints",
    "Single trades",
)
prices, adl, interest, recovery, pegs, apart, lowest, single = (on("cascade", tab=part) for part in TABS)
MIDNIGHT, NEXT = pd.Timestamp("2025-10-10", tz="UTC"), pd.Timestamp("2025-10-11", tz="UTC")


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


def flows(scope: str) -> pd.DataFrame:
    rows = facts.table("liquidation_flows")
    return rows[rows.scope == scope]


def seconds() -> tuple[float, float, float]:
    dollars = flows("hyperliquid-adl-1s").amount_usd
    three = dollars.nlargest(3).sum()
    return three / MILLION, dollars.sum() / 1e9, 100 * three / dollars.sum()


def first_and_last() -> tuple[float, str, str]:
    rows = flows("hyperliquid-adl-1s")
    return rows.amount_usd.sum() / 1e9, f"{rows.ts.min():%H:%M:%S}", f"{rows.ts.max():%H:%M:%S}"


def aave() -> tuple[float, int]:
    rows = facts.table("liquidation_flows")
    rows = rows[(rows.mechanism == "loan") & rows.amount_usd.notna() & (rows.ts >= facts.START) & (rows.ts < facts.END)]
    sums = rows.groupby("scope")[["amount_usd", "events"]].sum().sort_values("amount_usd")
    return sums.amount_usd.iloc[-1] / MILLION, int(sums.events.iloc[-1])


def open_before_and_after(kind: str = "futures", by: str = "venue") -> pd.DataFrame:
    rows = facts.table("open_interest")
    rows = rows[(rows.instrument == kind) & rows.interval.isna() & (rows.venue != "all")]
    before, after = (
        rows[rows.ts == ts].set_index(["venue", "symbol"]) for ts in (MIDNIGHT + pd.Timedelta(hours=20), NEXT)
    )
    both = before.join(after, rsuffix="_after", how="inner")
    both = both.assign(coins=both.open_interest_usd / both.price_usd, left=both.open_interest_usd_after)
    both = both.assign(coins_left=both.left / both.price_usd_after)
    sums = both.groupby(by)[["open_interest_usd", "left", "coins", "coins_left"]].sum()
    return sums.assign(
        change=100 * (sums.left / sums.open_interest_usd - 1), in_coins=100 * (sums.coins_left / sums.coins - 1)
    )


def hyperliquid_and_deribit() -> tuple[float, float]:
    change = open_before_and_after().change
    return -change.min(), change.max()


def coin_most_closed() -> tuple[float, float]:
    row = open_before_and_after(by="symbol").sort_values("in_coins").iloc[0]
    return -row.in_coins, -row.change


def options() -> tuple[float, float]:
    change = open_before_and_after("options").change
    return -change.min(), change.max()


def open_before(venue: str) -> pd.Series:
    rows = facts.table("venue_reports")
    rows = rows[(rows.metric == "open_interest_before") & (rows.venue == venue) & (rows.crash_day == facts.DAY)]
    return rows[(rows.asset == "all") & ~rows.universe.str.contains("BTC|bitcoin")].value


def part_of_the_market() -> tuple[float, float, float]:
    rows = facts.reports(venue="all", phase="crash")
    closed = rows[rows.window_label.str.contains("list of days")].value.iloc[0]
    parts = 100 * closed / open_before("all")
    return closed / 1e9, parts.min(), parts.max()


def part_of_hyperliquid() -> tuple[float, float]:
    rows = facts.reports(venue="hyperliquid", phase="crash")
    closed = rows[(rows.confidence != "low") & rows.counting.isin(["floor", "complete"])].value.max()
    return closed / 1e9, 100 * closed / open_before("hyperliquid").iloc[0]


def adl_part() -> tuple[float, float]:
    closed = flows("hyperliquid-adl-1s").amount_usd.sum()
    return closed / 1e9, 100 * closed / open_before("hyperliquid").iloc[0]


def falls() -> pd.DataFrame:
    frame = facts.bars(kind="trade", interval="1m")
    frame = frame[frame.quote.isin(["USD", "USDT", "USDC"])]
    coin = frame.symbol.str.split(":").str[-1] == frame.base
    keys = ["venue", frame.market.where(~coin, "coin-margined").rename("sort"), "symbol"]
    before, later = frame[frame.ts < facts.T0], frame[frame.ts >= facts.T0]
    reference = before.groupby(["venue", keys[1][before.index], "symbol"]).close.last()
    low = later.groupby(["venue", keys[1][later.index], "symbol"]).low.min()
    drop = (100 * (1 - low / reference)).dropna()
    return drop[drop > 0].groupby(level=[0, 1]).agg(["median", "count"])


def deepest_venues() -> tuple[int, float, int, float]:
    both = falls()
    most, least = both.loc[("binance", "coin-margined")], both.loc[("gemini", "spot")]
    return int(most["count"]), most["median"], int(least["count"]), least["median"]


def dollars_of_atom() -> list[float]:
    frame = facts.bars(MIDNIGHT, NEXT, interval="1d", base="ATOM")
    return sorted(frame[frame.quote.isin(["USDT", "USDC", "FDUSD"])].low)


def bids() -> tuple[float, float]:
    rows = facts.table("book_depth")
    rows = rows[(rows.symbol == "BTC/USDT:USDT") & (rows.band_pct < 0)]
    span = (rows.ts >= pd.Timestamp("2025-10-09", tz="UTC")) & (rows.ts < pd.Timestamp("2025-10-12", tz="UTC"))
    return rows[span].notional.max() / MILLION, rows[span].notional.min() / MILLION


def mark_above() -> float:
    frame = facts.bars(venue="binance", symbol="BTC/USDT:USDT", interval="5m").set_index("kind").low
    return 100 * (frame["mark"].min() / frame["trade"].min() - 1)


def etha() -> float:
    rows = facts.table("price_extremes")
    rows = rows[(rows.market == "fund") & (rows.base_asset == "ETHA")].set_index("extreme").value
    return 100 * (1 - rows["low"] / rows["price"])


FIGURES = [
    adl("Three seconds closed ${} m of Hyperliquid's ${} bn of auto-deleveraging, {} %", seconds),
    adl("${} bn was closed by auto-deleveraging from {} to {} UTC", first_and_last),
    adl("Loans closed on chains: ${} m of collateral in {} calls", aave),
    interest("Hyperliquid lost {} % of its open interest, Deribit gained {} %", hyperliquid_and_deribit),
    interest("XRP lost most: {} % ({} % in dollars)", coin_most_closed),
    interest("Options stayed open: from {} % less to {} % more", options),
    interest("All venues: liquidations of ${} bn came to {} % to {} % of what", part_of_the_market),
    interest("Hyperliquid: liquidations of ${} bn came to {} % of what", part_of_hyperliquid),
    interest("Hyperliquid: auto-deleveraging of ${} bn came to {} % of what", adl_part),
    recovery(
        "Half of {} coins fell {} % or more on Binance coin-margined perpetual; of {} on Gemini spot, {} %",
        deepest_venues,
    ),
    recovery("ATOM printed {} USDT on Binance, and never less than {} FDUSD and {} USDC", dollars_of_atom),
    recovery("within 1 %: ${} m at their most, ${} m at their least", bids),
    recovery("on Binance stayed {} % above its lowest trade", mark_above),
    recovery("ETHA fell {} %", etha),
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
