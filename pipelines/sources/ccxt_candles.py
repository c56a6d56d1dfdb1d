"""Price bars of Bitfinex, KuCoin, Bitget, Upbit and Backpack: asked for by us, read by ccxt.

The requests are written here, so that the same span is always the same address, and go through our own session. The
stored bytes are then given to ccxt through an adapter that returns them whatever address it asks: it knows each venue's
envelope, column order and units, and makes exactly one call, since it is handed the one market it needs.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl
import requests
from requests.adapters import BaseAdapter

from pipelines.source import SINCE_LAUNCH, Ask, Fault, Frames, Piece, Refused, Request, Source
from pipelines.sources.common import candles
from pipelines.sources.common.json import error_number, loaded
from pipelines.sources.common.spans import midnight, milliseconds, utc_days, wanted, windows
from pipelines.sources.common.symbols import Symbol

SOURCE = Source(
    id="ccxt_candles",
    publisher="Bitfinex, KuCoin, Bitget, Upbit, Backpack",
    dataset="Price bars (each venue's own API, read by ccxt): 1 minute",
    url="https://github.com/ccxt/ccxt",
    licence="Market data of the venue a row names; that venue's terms apply",
    method=(
        "Venues' own bars, minutes that were over when asked for. ccxt passes on open, high, low, close and base "
        "volume only: quote volume, number of trades and taker volume are not kept. "
        "A minute nobody traded in has no bar."
    ),
    tables=("bars",),
    span="since each market's launch; Bitget's reach was not proven",
    resolution="1 minute",
    reach=SINCE_LAUNCH,
    group="daily",
    limits=(
        "Bitfinex allows 30 requests a minute, and all five are asked at that pace. "
        "Prices on Upbit's KRW markets are in won."
    ),
    requests_per_second=0.5,
)
COLUMNS = ("time", "open", "high", "low", "close", "volume")
SUCCESS = {"200000", "00000"}
"""Codes of KuCoin and Bitget that mean: answered."""
AGAIN = {"429000", "429", "30007", "11010"}
"""Rate limits of KuCoin, Bitget and Bitfinex."""
MOST = 10_000
CHANGED = "The source may have changed: the parser needs a look."


@dataclass(frozen=True)
class Venue:
    """How one venue is asked: its name for a market, its most bars a request, its request for a span in seconds, the
    markets worth having, and the forms of all it can be asked for."""

    native: str
    bars: int
    asked: Callable[[str, str, int, int], Request]
    symbols: tuple[str, ...]
    forms: tuple[str, ...]


def _bitfinex(market: str, settle: str, start: int, end: int) -> Request:
    url = f"https://api-pub.bitfinex.com/v2/candles/trade:1m:{market}/hist"
    return Request(url, {"start": start * 1000, "end": end * 1000 - 1, "sort": 1, "limit": MOST})


def _kucoin(market: str, settle: str, start: int, end: int) -> Request:
    url = "https://api.kucoin.com/api/v1/market/candles"
    return Request(url, {"type": "1min", "symbol": market, "startAt": start, "endAt": end})


def _bitget(market: str, settle: str, start: int, end: int) -> Request:
    url = f"https://api.bitget.com/api/v2/{'mix' if settle else 'spot'}/market/history-candles"
    kind = {"productType": f"{settle}-FUTURES", "granularity": "1m"} if settle else {"granularity": "1min"}
    return Request(url, {"symbol": market, **kind, "endTime": end * 1000, "limit": 200})


def _upbit(market: str, settle: str, start: int, end: int) -> Request:
    until = f"{datetime.fromtimestamp(end, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return Request("https://api.upbit.com/v1/candles/minutes/1", {"market": market, "to": until, "count": 200})


def _backpack(market: str, settle: str, start: int, end: int) -> Request:
    url = "https://api.backpack.exchange/api/v1/klines"
    return Request(url, {"symbol": market, "interval": "1m", "startTime": start, "endTime": end})


VENUES = {
    "bitfinex": Venue("t{base}{quote}", 1440, _bitfinex, ("BTC/USD", "ETH/USD"), ("BASE/USD", "BASE/EUR")),
    "kucoin": Venue("{base}-{quote}", 1440, _kucoin, ("BTC/USDT", "ETH/USDT"), ("BASE/USDT", "BASE/BTC")),
    "bitget": Venue(
        "{base}{quote}", 200, _bitget, ("BTC/USDT", "BTC/USDT:USDT", "ETH/USDT:USDT"), ("BASE/USDT", "BASE/USDT:USDT")
    ),
    "upbit": Venue("{quote}-{base}", 200, _upbit, ("BTC/KRW", "ETH/KRW"), ("BASE/KRW", "BASE/BTC")),
    "backpack": Venue(
        "{base}_{quote}{perp}",
        480,
        _backpack,
        ("BTC/USDC", "SOL/USDC", "BTC/USDC:USDC", "SOL/USDC:USDC"),
        ("BASE/USDC", "BASE/USDC:USDC"),
    ),
}
FORMS = tuple(dict.fromkeys(form for how in VENUES.values() for form in how.forms))


def plan(ask: Ask) -> Iterable[Piece]:
    for venue, how in VENUES.items():
        for symbol in wanted(how.symbols, ask.symbols, how.forms):
            market, settle = _native(venue, symbol), Symbol.of(symbol).settle
            for day in utc_days(ask):
                start, end = candles.finished_part(day, ask.now)
                spans = [
                    (milliseconds(first) // 1000, milliseconds(after) // 1000)
                    for first, after in windows(start, end, how.bars * candles.MINUTE)
                ]
                if spans:
                    yield Piece(
                        f"{venue}/{'perp' if settle else 'spot'}/{market}-{day}",
                        tuple(how.asked(market, settle, *span) for span in spans),
                        {"venue": venue, "symbol": symbol, "day": f"{day}"},
                        final_at=midnight(day) + timedelta(days=1) + candles.SETTLED,
                    )


def fault(body: bytes) -> Fault | None:
    """KuCoin and Bitget answer errors with status 200 and a code, Bitfinex with a list that begins with "error"."""
    try:
        reply = loaded(body, SOURCE.id)
    except Refused:
        return None
    match reply:
        case ["error", code, *_]:
            return Fault(f"the venue answers {error_number(code)}", again=str(code) in AGAIN)
        case {"code": code} if str(code) not in SUCCESS:
            return Fault(f"the venue answers {error_number(code)}", again=str(code) in AGAIN)
    return None


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    venue, symbol = piece.facts["venue"], piece.facts["symbol"]
    rows = [row for body in bodies for row in _read(body, piece)]
    table = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.Float64), orient="row", strict=False)
    bars = table.select(
        ts=(pl.col("time") * 1000).cast(pl.Int64).cast(pl.Datetime("us", "UTC")),
        open="open",
        high="high",
        low="low",
        close="close",
        volume_base="volume",
    )
    # Upbit counts back over minutes without a bar, and others include the end of a window: what is beyond the day is
    # not this piece's, and what came twice is dropped by the loader.
    return candles.traded(bars.filter(pl.col("ts").dt.strftime("%Y-%m-%d") == piece.facts["day"]), venue, symbol)


check = candles.check_day


class Stored(BaseAdapter):
    """Answers every request of ccxt with the stored bytes; counts them."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body, self.calls = body, 0

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        self.calls += 1
        response = requests.Response()
        response.status_code, response.request, response.url = 200, request, request.url or ""
        response.headers["Content-Type"] = "application/json"
        response.raw = io.BytesIO(self.body)
        return response

    def close(self) -> None:
        """Nothing is open."""


def _read(body: bytes, piece: Piece) -> list[list[float]]:
    """The bars of one reply as ccxt reads them. Raises Refused where one is lost:
    ccxt turns what it cannot read into nothing."""
    import ccxt  # takes half a second and 100 MB: only where it is used

    reply = loaded(body, piece.name)
    given = reply.get("data") if isinstance(reply, dict) else reply
    venue, symbol = piece.facts["venue"], piece.facts["symbol"]
    session = requests.Session()
    session.mount("https://", stored := Stored(body))
    exchange = getattr(ccxt, venue)({"session": session, "enableRateLimit": False})
    exchange.set_markets([exchange.safe_market_structure(_market(venue, symbol))])
    try:
        rows: list[list[float]] = exchange.fetch_ohlcv(symbol, "1m", since=1, limit=MOST)
    except ccxt.BaseError as error:
        raise Refused(piece.name, f"ccxt cannot read it ({type(error).__name__})", CHANGED) from None
    if not isinstance(given, list) or len(rows) != len(given) or any(None in row for row in rows):
        raise Refused(piece.name, f"ccxt reads {len(rows)} whole bars in it, and there are others", CHANGED)
    if stored.calls != 1:
        raise Refused(
            piece.name, f"ccxt asked {stored.calls} times for it", "Install the ccxt that requirements.txt pins."
        )
    return rows


def _market(venue: str, symbol: str) -> dict[str, object]:
    base, quote, settle = Symbol.of(symbol)
    contract = (
        {"type": "swap", "swap": True, "contract": True, "linear": True, "inverse": False, "contractSize": 1.0}
        if settle
        else {"type": "spot"}
    )
    return {
        "id": _native(venue, symbol),
        "symbol": symbol,
        "base": base,
        "quote": quote,
        "settle": settle or None,
        "spot": not settle,
        **contract,
    }


def _native(venue: str, symbol: str) -> str:
    """The venue's own name for a market; Bitfinex calls USDT UST."""
    base, quote, settle = Symbol.of(symbol)
    quote = "UST" if venue == "bitfinex" and quote == "USDT" else quote
    return VENUES[venue].native.format(base=base, quote=quote, perp="_PERP" if settle else "")
