"""Coinbase: the order of its columns, windows whose both ends count, minutes without trades."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from pipelines.source import CheckFailed, Piece, Refused, Request
from pipelines.sources import coinbase_candles
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

DAY = ("2025-10-10T00:00Z", "2025-10-11T00:00Z")
PATH = "/products/BTC-USD/candles"
PIECE = Piece("BTC-USD-2025-10-10", facts={"symbol": "BTC/USD", "day": "2025-10-10"})


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The venue's limits are for the venue."""
    monkeypatch.setattr(coinbase_candles, "SOURCE", replace(coinbase_candles.SOURCE, requests_per_second=1000))


def second(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def candle(text: str, volume: float = 2) -> list[float]:
    return [second(text), 90, 110, 100, 105, volume]


def window(request: Request) -> tuple[datetime, datetime]:
    return tuple(datetime.fromisoformat(str(request.params[name])) for name in ("start", "end"))


def day_of_routes(make: Callable[[datetime], list[list[float]]], fault: Fault | None = None) -> list[Route]:
    """The five windows of the day, the second of them with a fault."""
    (piece,) = coinbase_candles.plan(ask(*DAY, "BTC/USD"))
    return [
        Route(
            PATH,
            json.dumps(make(window(request)[0])).encode(),
            {"start": str(request.params["start"])},
            fault=fault if place == 1 else None,
        )
        for place, request in enumerate(piece.requests)
    ]


def test_columns_are_time_low_high_open_close_volume_and_newest_comes_first() -> None:
    body = json.dumps([candle("2025-10-10T21:21Z"), candle("2025-10-10T21:20Z")]).encode()
    bars = coinbase_candles.parse([body], PIECE)["bars"]
    assert bars.select("open", "high", "low", "close", "volume_base").row(0) == (100, 110, 90, 105, 2)
    assert bars["ts"].dt.strftime("%H:%M").to_list() == ["21:20", "21:21"]


def test_a_minute_nobody_traded_in_stays_absent_whether_left_out_or_filled_with_zero() -> None:
    body = json.dumps([candle("2025-10-10T21:20Z"), candle("2025-10-10T21:22Z", volume=0)]).encode()
    assert coinbase_candles.parse([body], PIECE)["bars"].height == 1


def test_both_ends_of_a_window_count_so_no_request_spans_more_than_300_bars() -> None:
    (piece,) = coinbase_candles.plan(ask(*DAY, "BTC/USD"))
    spans = [window(request) for request in piece.requests]
    minutes = [(last - first) // timedelta(minutes=1) + 1 for first, last in spans]
    assert max(minutes) <= 300 and sum(minutes) == 1440
    assert all(after[0] - before[1] == timedelta(minutes=1) for before, after in pairwise(spans))


def test_the_minute_that_is_still_forming_is_not_asked_for() -> None:
    now = datetime(2025, 10, 10, 0, 10, 30, tzinfo=UTC)
    (piece,) = coinbase_candles.plan(ask(*DAY, "BTC/USD", now=now))
    assert [request.params["end"] for request in piece.requests] == ["2025-10-10T00:09:00Z"]
    assert list(coinbase_candles.plan(ask(*DAY, "BTC/USD", now=datetime(2025, 10, 9, tzinfo=UTC)))) == []


@pytest.mark.parametrize("body", [b"<html>down</html>", b'{"message": "NotFound"}', b"[[1, 2]]", b"null"])
def test_a_reply_that_is_no_candles_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="BTC-USD-2025-10-10"):
        coinbase_candles.parse([body], PIECE)


def test_a_day_without_any_bar_or_with_bars_of_another_day_is_an_error() -> None:
    with pytest.raises(CheckFailed, match="holds no bars"):
        coinbase_candles.check(coinbase_candles.parse([b"[]"], PIECE), PIECE)
    other = json.dumps([candle("2025-10-11T00:00Z")]).encode()
    with pytest.raises(CheckFailed, match="another day"):
        coinbase_candles.check(coinbase_candles.parse([other], PIECE), PIECE)


def test_a_day_end_to_end_survives_a_passing_fault_and_is_not_asked_for_again(tmp_path: Path) -> None:
    routes = day_of_routes(lambda start: [candle(f"{start:%Y-%m-%dT%H:%MZ}")], Fault("status", 1, 503))
    with serve(*routes) as replay:
        settings = settings_for(tmp_path, replay.base, "coinbase_candles")
        outcome = run(settings, "coinbase_candles", ask(*DAY, "BTC/USD"))
        assert (outcome.outcome, outcome.error, outcome.rows_loaded) == ("loaded", None, 5)
        replay.log.clear()
        assert run(settings, "coinbase_candles", ask(*DAY, "BTC/USD")).outcome == "unchanged"
        assert replay.log == []
    hours = "SELECT strftime(ts, '%H:%M') AS at FROM bars WHERE source_id = 'coinbase_candles' ORDER BY ts"
    assert rows(settings, hours)["at"].to_list() == ["00:00", "04:48", "09:36", "14:24", "19:12"]


@pytest.mark.parametrize(
    "fault", [Fault("body", -1, body=b"<html>down</html>"), Fault("body", -1, body=b'{"message":"no"}')]
)
def test_one_bad_window_loads_nothing_of_the_day_and_the_next_run_gets_it(tmp_path: Path, fault: Fault) -> None:
    routes = day_of_routes(lambda start: [candle(f"{start:%Y-%m-%dT%H:%MZ}")], fault)
    with serve(*routes) as replay:
        settings = settings_for(tmp_path, replay.base, "coinbase_candles")
        outcome = run(settings, "coinbase_candles", ask(*DAY, "BTC/USD"))
        assert outcome.outcome == "failed" and "BTC-USD" in (outcome.error or "")
        assert outcome.rows_loaded == 0
        routes[1].fault = None
        assert run(settings, "coinbase_candles", ask(*DAY, "BTC/USD")).rows_loaded == 5
