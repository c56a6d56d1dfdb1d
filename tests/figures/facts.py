"""The embedded CSVs as pandas reads them, and the few recipes several figures share. Nothing here knows the code that
is tested."""

from __future__ import annotations

from functools import cache

import pandas as pd

from pipelines.config import ROOT

DAY = "oct-10-2025"
START, END, T0 = (pd.Timestamp(f"2025-10-10 {clock}", tz="UTC") for clock in ("20:30", "22:30", "20:50"))
LENGTHS = {"1s": 1, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400}
LINE = ["venue", "market", "symbol", "kind", "interval"]
SILENT = pd.Timedelta(minutes=5)


@cache
def table(name: str) -> pd.DataFrame:
    """One file, its times as times, with the corrections put in by hand."""
    frame = pd.read_csv(ROOT / "data" / "reference" / f"{name}.csv")
    for column in frame:
        if (
            pd.api.types.is_string_dtype(frame[column])
            and frame[column].notna().any()
            and frame[column].dropna().str.match(r"^\d{4}-\d\d-\d\dT[\d:.]+Z$").all()
        ):
            frame[column] = pd.to_datetime(frame[column], format="ISO8601", utc=True)
    if name == "bars":
        frame = frame[~((frame.kind == "trade") & (frame.volume_base == 0))]
    return frame


def bars(start: pd.Timestamp = START, end: pd.Timestamp = END, **wanted: str) -> pd.DataFrame:
    """Bars that begin in a range, with `base` and `quote`."""
    frame = table("bars")
    frame = frame[(frame.ts >= start) & (frame.ts < end)]
    pair = frame.symbol.str.extract(r"^(?P<base>[^/]+)/(?P<quote>[^:]+)")
    frame = frame.assign(
        base=pair.base, quote=pair.quote, until=frame.ts + pd.to_timedelta(frame.interval.map(LENGTHS), "s")
    )
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return frame.sort_values("ts")


def binance(symbol: str = "BTC/USDT:USDT", interval: str = "1m", **span: pd.Timestamp) -> pd.DataFrame:
    return bars(venue="binance", symbol=symbol, kind="trade", interval=interval, **span)


def reports(**wanted: object) -> pd.DataFrame:
    """Published liquidation figures of the crash day, those of all assets unless asked otherwise."""
    frame = table("liquidation_reports")
    for column, value in (
        {"crash_day": DAY, "asset": "all", "side": "total", "metric": "liquidations"} | wanted
    ).items():
        frame = frame[frame[column] == value] if value is not None else frame
    return frame


def total(day: str = DAY) -> float:
    """The latest total over all venues of high confidence, in dollars."""
    rows = reports(crash_day=day, venue="all", phase="crash", counting="floor")
    rows = rows[rows.confidence != "low"]
    best = rows[rows.confidence == "high"] if (rows.confidence == "high").any() else rows
    return best.sort_values("as_of").value.iloc[-1]


def estimate() -> tuple[float, float]:
    return tuple(reports(metric=f"liquidations_estimate_{end}", venue="all").value.iloc[0] for end in ("low", "high"))


def board() -> pd.Series:
    """The board of 05:13: its exchanges, largest first, and `all`."""
    rows = reports(window_label="trailing 24h to 2025-10-11 05:13 UTC")
    return rows.set_index("venue").value.sort_values(ascending=False)


def half_step(value: float) -> float:
    """Half of the last place that is not zero, read off the digits."""
    digits = f"{value:.10f}".rstrip("0").rstrip(".")
    if "." in digits:
        return 0.5 * 10.0 ** -len(digits.split(".")[1])
    return 0.5 * 10.0 ** (len(digits) - len(digits.rstrip("0")))


def rest() -> tuple[float, float]:
    """What the board leaves for all other exchanges, with the rounding of its figures, in dollars."""
    known = board()
    off = sum(half_step(value) for value in known)
    middle = known["all"] - known.drop("all").sum()
    return middle - off, middle + off


def readings(venue: str) -> pd.Series:
    """Every reading of a venue's trailing 24 hours after the crash."""
    rows = reports(venue=venue, phase="crash", universe="venues on CoinGlass")
    return rows[rows.window_label.str.startswith("trailing 24h") & (rows.confidence != "low")].value


def fall() -> tuple[float, float, float]:
    """Percent, minutes and low of Bitcoin on Binance's perpetual, from the close at T0."""
    frame = binance()
    before = frame[frame.until <= T0].close.iloc[-1]
    low = frame[frame.until > T0].sort_values(["low", "ts"]).iloc[0]
    return 100 * (1 - low.low / before), (low.ts - T0).total_seconds() / 60, low.low


def traded(base: str, start: pd.Timestamp = START, end: pd.Timestamp = END) -> pd.DataFrame:
    """Bars of trades of one asset in dollars and dollar tokens, shorter than a day."""
    frame = bars(start, end, base=base, kind="trade")
    return frame[(frame.interval != "1d") & frame.quote.isin(["USD", "USDT", "USDC"])]


@cache
def recorded_lows() -> pd.DataFrame:
    """The lowest print by asset and venue in the recorder's minute bars; a venue silent up to the asset's low has
    none."""
    frame = bars(source_id="prints_to_bars", interval="1m")
    minutes = bars(interval="1m", kind="trade")
    rows = []
    for (base, venue), own in frame.groupby(["base", "venue"]):
        low = own.sort_values(["low", "ts"]).iloc[0]
        at = minutes[minutes.base == base].sort_values(["low", "ts"]).ts.iloc[0]
        over = own.until.shift(1)
        silent = ((over <= at) & (own.ts >= at) & (own.ts - over >= SILENT)).any()
        rows.append({"base": base, "venue": venue, "low": None if silent else low.low})
    return pd.DataFrame(rows)


def gaps() -> pd.Series:
    """By asset how far its lowest low lies below its highest, percent, the widest first, where two venues have one."""
    known = recorded_lows().dropna(subset="low").groupby("base").low.agg(["min", "max", "count"])
    known = known[known["count"] > 1]
    return (100 * (1 - known["min"] / known["max"])).sort_values(ascending=False)


def venue_name(venue: str) -> str:
    return table("venues").set_index("venue").name[venue]
