"""Bitfinex, KuCoin, Bitget, Upbit and Backpack: our requests, ccxt's reading, nothing lost on the way."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ccxt
import pytest
import requests

from pipelines.config import ROOT
from pipelines.source import CheckFailed, Piece, Refused
from pipelines.sources import ccxt_candles
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

DAY = ("2025-10-10T00:00Z", "2025-10-11T00:00Z")
AT = datetime(2025, 10, 10, 21, 20, tzinfo=UTC)
MS, S = 1760131200000, "1760131200"
BODIES: dict[str, Any] = {
    "bitfinex": [[MS, 100, 105, 110, 90, 2]],
    "kucoin": {"code": "200000", "data": [[S, "100", "105", "110", "90", "2", "200"]]},
    "bitget": {"code": "00000", "msg": "success", "data": [[str(MS), "100", "110", "90", "105", "2", "200", "200"]]},
    "upbit": [
        {
            "market": "KRW-BTC",
            "candle_date_time_utc": "2025-10-10T21:20:00",
            "candle_date_time_kst": "2025-10-11T06:20:00",
            "opening_price": 100,
            "high_price": 110,
            "low_price": 90,
            "trade_price": 105,
            "timestamp": MS + 59_999,
            "candle_acc_trade_price": 200,
            "candle_acc_trade_volume": 2,
            "unit": 1,
        }
    ],
    "backpack": [
        {
            "start": "2025-10-10 21:20:00",
            "end": "2025-10-10 21:21:00",
            "open": "100",
            "high": "110",
            "low": "90",
            "close": "105",
            "volume": "2",
            "quoteVolume": "200",
            "trades": "12",
        }
    ],
}
"""The same bar as each venue writes it: every column order and unit of time differs."""


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The venues' limits are for the venues."""
    monkeypatch.setattr(ccxt_candles, "SOURCE", replace(ccxt_candles.SOURCE, requests_per_second=1000))


def pieces(venue: str, *symbols: str, now: datetime | None = None) -> list[Piece]:
    asked = ask(*DAY, *symbols) if now is None else ask(*DAY, *symbols, now=now)
    return [piece for piece in ccxt_candles.plan(asked) if piece.facts["venue"] == venue]


def body(venue: str) -> bytes:
    return json.dumps(BODIES[venue]).encode()


@pytest.mark.parametrize("venue", BODIES)
def test_every_venue_writes_the_same_bar_differently_and_it_is_read_alike(venue: str) -> None:
    for piece in pieces(venue):
        bars = ccxt_candles.parse([body(venue)], piece)["bars"]
        ccxt_candles.check({"bars": bars}, piece)
        row = bars.row(0, named=True)
        assert (row["ts"], row["open"], row["high"], row["low"], row["close"], row["volume_base"]) == (
            AT, 100, 110, 90, 105, 2,
        )  # fmt: skip
        assert (row["venue"], row["symbol"]) == (venue, piece.facts["symbol"])
        assert row["market"] == ("perp" if ":" in piece.facts["symbol"] else "spot")


@pytest.mark.parametrize("venue", BODIES)
def test_ccxt_makes_exactly_one_call_and_reaches_no_network(venue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", forbidden)
    served: list[ccxt_candles.Stored] = []

    class Counting(ccxt_candles.Stored):
        def __init__(self, stored: bytes) -> None:
            super().__init__(stored)
            served.append(self)

    monkeypatch.setattr(ccxt_candles, "Stored", Counting)
    ccxt_candles.parse([body(venue)], pieces(venue)[0])
    assert [one.calls for one in served] == [1]


@pytest.mark.parametrize("venue", BODIES)
@pytest.mark.parametrize(
    "bad", [b"<html>down</html>", b"null", b"{}", b'[{"a": 1}]', b"[[1]]", b'[["x", "y"]]', b"[1, 2]"]
)
def test_what_ccxt_would_turn_into_an_empty_list_is_refused(venue: str, bad: bytes) -> None:
    with pytest.raises(Refused, match=venue):
        ccxt_candles.parse([bad], pieces(venue)[0])


def test_a_row_ccxt_cannot_read_among_good_ones_is_not_lost_in_silence() -> None:
    both = json.dumps([*BODIES["upbit"], {"market": "KRW-BTC"}]).encode()
    with pytest.raises(Refused, match="reads 1 whole bars in it, and there are others"):
        ccxt_candles.parse([both], pieces("upbit")[0])


@pytest.mark.parametrize(
    ("bad", "again"),
    [
        (b'{"code": "429000", "msg": "too many"}', True),
        (b'{"code": "400100", "msg": "no such symbol"}', False),
        (b'["error", 11010, "ratelimit: error"]', True),
        (b'["error", 10020, "symbol: invalid"]', False),
    ],
)
def test_errors_inside_status_200_are_errors(bad: bytes, again: bool) -> None:
    found = ccxt_candles.fault(bad)
    assert found is not None and found.again is again
    assert all(ccxt_candles.fault(body(venue)) is None for venue in BODIES)


@pytest.mark.parametrize(("venue", "most"), [("bitfinex", 10_000), ("kucoin", 1500), ("bitget", 200), ("upbit", 200)])
def test_no_request_asks_for_more_bars_than_the_venue_gives(venue: str, most: int) -> None:
    assert all(len(piece.requests) * most >= 1440 for piece in pieces(venue))
    assert ccxt_candles.VENUES[venue].bars <= most


def test_the_same_span_is_always_the_same_address() -> None:
    later = datetime(2026, 11, 23, tzinfo=UTC)
    assert [piece.requests for piece in pieces("upbit")] == [piece.requests for piece in pieces("upbit", now=later)]


def test_names_of_markets_are_each_venues_own() -> None:
    named = {
        ("bitfinex", "BTC/USDT"): "tBTCUST",
        ("kucoin", "BTC/USDT"): "BTC-USDT",
        ("upbit", "BTC/KRW"): "KRW-BTC",
        ("backpack", "SOL/USDC:USDC"): "SOL_USDC_PERP",
        ("bitget", "BTC/USDT:USDT"): "BTCUSDT",
    }
    assert {key: ccxt_candles._native(*key) for key in named} == named
    spot, perp = (next(piece for piece in pieces("bitget", symbol)) for symbol in ("BTC/USDT", "BTC/USDT:USDT"))
    assert spot.name != perp.name and "/spot/" in spot.requests[0].url and "/mix/" in perp.requests[0].url


def test_the_minute_that_is_still_forming_is_not_asked_for() -> None:
    (piece,) = pieces("bitfinex", "BTC/USD", now=datetime(2025, 10, 10, 0, 10, 30, tzinfo=UTC))
    assert piece.requests[0].params["end"] == 1760054400000 + timedelta(minutes=10) // timedelta(milliseconds=1) - 1


def test_upbit_counts_back_into_the_day_before_and_that_is_not_this_day() -> None:
    before = [{**BODIES["upbit"][0], "candle_date_time_utc": "2025-10-09T23:59:00"}]
    piece = pieces("upbit")[0]
    bars = ccxt_candles.parse([json.dumps(before).encode(), body("upbit")], piece)["bars"]
    assert bars["ts"].to_list() == [AT]
    with pytest.raises(CheckFailed, match="holds no bars"):
        ccxt_candles.check(ccxt_candles.parse([json.dumps(before).encode()], piece), piece)


def test_the_installed_ccxt_is_the_pinned_one() -> None:
    pinned = re.search(r"^ccxt==(.+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert pinned is not None and ccxt.__version__ == pinned[1]


def test_a_day_of_five_venues_end_to_end_on_one_mirror(tmp_path: Path) -> None:
    paths = {
        "/v2/candles/trade:1m:tBTCUSD/hist": "bitfinex",
        "/api/v1/market/candles": "kucoin",
        "/api/v2/spot/market/history-candles": "bitget",
        "/v1/candles/minutes/1": "upbit",
        "/api/v1/klines": "backpack",
    }
    limited = Fault("body", 1, body=b'{"code":"429000","msg":"too many"}')
    routes = [Route(path, body(venue), fault=limited if venue == "kucoin" else None) for path, venue in paths.items()]
    asked = ask(*DAY, "BTC/USD", "BTC/USDT", "BTC/KRW", "BTC/USDC")
    with serve(*routes) as replay:
        settings = settings_for(tmp_path, replay.base, "ccxt_candles")
        outcome = run(settings, "ccxt_candles", asked)
        assert (outcome.outcome, outcome.error) == ("loaded", None)
        replay.log.clear()
        assert run(settings, "ccxt_candles", asked).outcome == "unchanged"
        assert replay.log == []
    found = rows(
        settings, "SELECT venue, symbol, count(*) AS bars FROM bars WHERE source_id = 'ccxt_candles' GROUP BY ALL"
    )
    assert sorted(found.rows()) == [
        ("backpack", "BTC/USDC", 1),
        ("bitfinex", "BTC/USD", 1),
        ("bitget", "BTC/USDT", 1),
        ("kucoin", "BTC/USDT", 1),
        ("upbit", "BTC/KRW", 1),
    ]


def test_a_page_of_html_with_status_200_fails_that_venue_and_the_others_are_loaded(tmp_path: Path) -> None:
    down = Fault("body", -1, body=b"<html>down</html>")
    broken = Route("/api/v1/market/candles", body("kucoin"), fault=down)
    with serve(broken, Route("/api/v2/spot/market/history-candles", body("bitget"))) as replay:
        settings = settings_for(tmp_path, replay.base, "ccxt_candles")
        outcome = run(settings, "ccxt_candles", ask(*DAY, "BTC/USDT"))
        assert outcome.outcome == "failed" and "kucoin/spot/BTC-USDT-2025-10-10: it is not JSON" in (
            outcome.error or ""
        )
        broken.fault, replay.log[:] = None, []
        assert run(settings, "ccxt_candles", ask(*DAY, "BTC/USDT")).rows_loaded == 1
        assert {path.partition("?")[0] for _, path, _ in replay.log} == {"/api/v1/market/candles"}
