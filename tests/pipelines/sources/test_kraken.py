"""Kraken: the bar that is forming, bars nobody traded in, names that come back spelt differently, tokenized stocks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.source import CheckFailed, Piece, Refused
from pipelines.sources import kraken_candles
from tests.pipelines.sources_kit import NOW, ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

MINUTE = Piece("XBTUSD-1m", facts={"symbol": "BTC/USD", "interval": "1m"})
NOON = 1793188800
"""2026-10-28T12:00Z"""


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The venue's limits are for the venue."""
    monkeypatch.setattr(kraken_candles, "SOURCE", replace(kraken_candles.SOURCE, requests_per_second=1000))


def candle(time: int, count: int = 3, close: str = "105.0") -> list[object]:
    weighted, volume = ("101.0", "2.50000000") if count else ("0.0", "0.00000000")
    return [time, "100.0", "110.0", "90.0", close, weighted, volume, count]


def reply(*candles: list[object], pair: str = "XXBTZUSD") -> bytes:
    last = candles[-2][0] if len(candles) > 1 else candles[-1][0]
    return json.dumps({"error": [], "result": {pair: candles, "last": last}}).encode()


def test_the_last_row_is_still_forming_and_left_out() -> None:
    bars = kraken_candles.parse([reply(candle(NOON), candle(NOON + 60))], MINUTE)["bars"]
    assert bars.select("open", "high", "low", "close", "volume_base", "trades").rows() == [(100, 110, 90, 105, 2.5, 3)]
    assert bars["ts"].to_list() == [datetime.fromtimestamp(NOON, UTC)]


def test_a_bar_nobody_traded_in_is_absent_and_not_zero() -> None:
    bars = kraken_candles.parse([reply(candle(NOON), candle(NOON + 60, count=0), candle(NOON + 120))], MINUTE)["bars"]
    assert bars.height == 1


def test_a_reply_of_721_rows_gives_only_traded_finished_minutes() -> None:
    counts = [(minute + 1) % 3 for minute in range(721)]
    given = [candle(NOON + 60 * minute, count) for minute, count in enumerate(counts)]
    bars = kraken_candles.parse([reply(*given, pair="XBTUSDT")], MINUTE)["bars"]
    kraken_candles.check({"bars": bars}, MINUTE)
    traded = [minute for minute, count in enumerate(counts[:-1]) if count]
    assert bars["ts"].to_list() == [datetime.fromtimestamp(NOON + 60 * minute, UTC) for minute in traded]
    assert bars["trades"].to_list() == [counts[minute] for minute in traded]


def test_the_pair_comes_back_under_another_name_and_xbt_is_btc() -> None:
    assert kraken_candles.parse([reply(candle(NOON), candle(NOON + 60), pair="XXBTZUSD")], MINUTE)["bars"].height == 1
    asked = {piece.requests[0].params["pair"] for piece in kraken_candles.plan(ask("2026-11-21", "2026-11-22", "BTC"))}
    assert asked == {"XBTUSD"}


def test_a_tokenized_stock_needs_its_asset_class_and_a_coin_must_not_have_one() -> None:
    def classes(symbol: str) -> set[object]:
        asked = ask("2026-11-21T00:00Z", "2026-11-22T00:00Z", symbol)
        return {piece.requests[0].params.get("asset_class") for piece in kraken_candles.plan(asked)}

    assert classes("AAPLx") == {"tokenized_asset"}
    assert classes("BTC") == {None}


def test_it_says_that_minutes_of_october_2025_cannot_be_had() -> None:
    assert "minutes cannot be had" in kraken_candles.SOURCE.limits
    spans = {piece.name for piece in kraken_candles.plan(ask("2025-10-10T00:00Z", "2025-10-11T00:00Z", "BTC", now=NOW))}
    assert spans == {f"XBTUSD-{interval}-2026-11-22T00:00" for interval in ("1m", "1d")}


def test_days_start_at_midnight_or_the_unit_of_time_has_changed() -> None:
    day = Piece("XBTUSD-1d", facts={"symbol": "BTC/USD", "interval": "1d"})
    with pytest.raises(CheckFailed, match="whole intervals"):
        kraken_candles.check(kraken_candles.parse([reply(candle(NOON), candle(NOON + 60))], day), day)


@pytest.mark.parametrize(
    ("errors", "again"),
    [
        (["EGeneral:Too many requests"], True),
        (["EAPI:Rate limit exceeded"], True),
        (["EQuery:Unknown asset pair"], False),
    ],
)
def test_errors_inside_status_200_are_errors(errors: list[str], again: bool) -> None:
    found = kraken_candles.fault(json.dumps({"error": errors}).encode())
    assert found is not None and found.again is again and found.message == "Kraken answers an error"
    assert kraken_candles.fault(reply(candle(NOON))) is None


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"error":[],"result":{}}', b'{"error":[],"result":{"A":[],"last":1}}', b"[]"]
)
def test_a_reply_that_is_no_candles_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="XBTUSD-1m"):
        kraken_candles.parse([body], MINUTE)


def test_a_later_fetch_that_overlaps_brings_only_what_is_new(tmp_path: Path) -> None:
    limited = json.dumps({"error": ["EAPI:Rate limit exceeded"]}).encode()
    minutes = Route(
        "/0/public/OHLC",
        reply(candle(NOON), candle(NOON + 60)),
        {"interval": "1"},
        fault=Fault("body", 1, body=limited),
    )
    days = Route("/0/public/OHLC", reply(candle(1793145600), candle(1793232000)), {"interval": "1440"})
    first, second = (datetime(2026, 10, 28, 12, minute, 30, tzinfo=UTC) for minute in (1, 2))
    with serve(minutes, days) as replay:
        settings = settings_for(tmp_path, replay.base, "kraken_candles")
        asked = ask("2026-10-28T00:00Z", "2026-10-28T12:00Z", "BTC", now=first)
        outcome = run(settings, "kraken_candles", asked)
        assert (outcome.outcome, outcome.error, outcome.rows_loaded) == ("loaded", None, 2)
        replay.log.clear()
        assert run(settings, "kraken_candles", asked).outcome == "unchanged"
        assert replay.log == []
        minutes.body = reply(candle(NOON, close="95.0"), candle(NOON + 60), candle(NOON + 120))
        assert run(settings, "kraken_candles", replace(asked, now=second)).rows_loaded == 1
        assert len(replay.log) == 1, "the days of a day are asked for once"
    closes = "SELECT close FROM bars WHERE source_id = 'kraken_candles' AND interval = '1m' ORDER BY ts"
    assert rows(settings, closes)["close"].to_list() == [105.0, 105.0]
