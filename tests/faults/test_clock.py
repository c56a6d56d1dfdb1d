"""Clocks that are set back, stand still or meet a leap day: no row twice, none missing, numbers that only grow."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines import health as watch
from pipelines.config import Settings
from pipelines.generations import draft
from pipelines.generations.draft import current, generations
from pipelines.refreshing import asking, fetch, outcome
from pipelines.refreshing import publish as publishing
from pipelines.refreshing import refresh as refreshing
from pipelines.refreshing import run as running
from pipelines.refreshing.outcome import Outcome
from pipelines.schedule import is_due
from pipelines.sources.common import binance
from tests.pipelines.generations.test_warehouse import publish
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import Replay, Route, serve

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Clock:
    """Stands in for `datetime` where a refresh reads the clock."""

    def __init__(self, patch: pytest.MonkeyPatch, now: datetime = NOON) -> None:
        self.moment = now
        clock = self

        class Then(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return clock.moment.astimezone(tz)

        for module in (fetch, outcome, running, publishing):
            patch.setattr(module, "datetime", Then)

    def set(self, moment: datetime) -> None:
        self.moment = moment


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def liquidation(number: int) -> dict[str, str]:
    """A liquidation of OKX's public endpoint, one a second."""
    moment = int(NOON.timestamp() * 1000) - 600_000 + number * 1000
    return {"bkLoss": "0", "bkPx": "100", "posSide": "long", "side": "sell", "sz": str(number + 1), "ts": str(moment)}


def okx(first: int, last: int) -> list[Route]:
    """The endpoint as it stands at a moment: a window of liquidations, newest first, and the contract size."""
    shown = {
        "code": "0",
        "data": [{"instId": "BTC-USDT-SWAP", "details": [liquidation(n) for n in range(last, first - 1, -1)]}],
    }
    nothing = {"code": "0", "data": []}
    contract = {"instId": "BTC-USDT-SWAP", "ctType": "linear", "ctVal": "0.01", "ctMult": "1", "ctValCcy": "BTC"}
    after = str(int(liquidation(first)["ts"]) + 1)
    return [
        Route("/api/v5/public/liquidation-orders", json.dumps(shown).encode()),
        Route("/api/v5/public/liquidation-orders", json.dumps(nothing).encode(), {"after": after}),
        Route("/api/v5/public/instruments", json.dumps({"code": "0", "data": [contract]}).encode()),
    ]


def seen(settings: Settings) -> list[int]:
    """The numbers of the liquidations in the published generation."""
    found = rows(settings, "SELECT quantity_base FROM liquidations WHERE source_id = 'okx_liquidations' ORDER BY ts")
    return [round(quantity * 100) - 1 for quantity in found["quantity_base"]]


def fetched(settings: Settings, replay: Replay, now: datetime, first: int, last: int) -> None:
    replay.routes[:] = okx(first, last)
    outcome = run(settings, "okx_liquidations", ask("2026-11-22T00:00Z", "2026-11-23T00:00Z", "BTC/USDT:USDT", now=now))
    assert outcome.error is None, outcome.error


@pytest.mark.parametrize(
    "later",
    [timedelta(0), timedelta(milliseconds=400), timedelta(seconds=30), timedelta(hours=-1), timedelta(days=-400)],
)
def test_a_feed_that_shows_the_last_minutes_only_loses_nothing_and_doubles_nothing(
    tmp_path: Path, clock: Clock, later: timedelta
) -> None:
    """Two fetches in the same second, the same minute, or with the clock set back between them; then one much later."""
    with serve() as replay:
        settings = settings_for(tmp_path, replay.base, "okx_liquidations")
        clock.set(NOON)
        fetched(settings, replay, NOON, 0, 9)
        clock.set(NOON + later)
        fetched(settings, replay, NOON + later, 5, 14)
        clock.set(NOON + timedelta(minutes=10))
        fetched(settings, replay, NOON + timedelta(minutes=10), 10, 19)
    assert seen(settings) == list(range(20))
    numbers = generations(settings.warehouse_dir)
    assert numbers == sorted(set(numbers)) and current(settings.warehouse_dir).generation == numbers[-1]
    before = current(settings.warehouse_dir).content_hash
    generation, _ = refreshing.rebuild(settings)
    assert current(settings.warehouse_dir).content_hash == before and generation is None


def test_generation_numbers_grow_although_the_clock_goes_back(tmp_path: Path) -> None:
    for number in range(6):
        publish(tmp_path, [f"v{number}"], NOON - timedelta(days=number))
        draft.prune(tmp_path, NOON - timedelta(days=number))
    assert current(tmp_path).generation == 6
    assert 6 in generations(tmp_path) and len(generations(tmp_path)) >= 3


def test_runs_noted_in_the_future_are_no_reason_to_stay_silent(tmp_path: Path) -> None:
    """A clock that ran ahead and was set right: what is due runs, and the age of the last success is honest."""
    ahead, settings = NOON + timedelta(days=3), Settings(data_dir=tmp_path)
    sources = [module.SOURCE.id for module in asking.chosen(settings, None, "hourly")]
    watch.note(tmp_path, [Outcome("r", source, ahead, ahead) for source in sources])
    assert is_due(settings, "hourly", NOON)
    watch.note(tmp_path, [Outcome("r", source, NOON, NOON) for source in sources])
    assert not is_due(settings, "hourly", NOON + timedelta(minutes=5))
    watch.note(tmp_path, [Outcome("r", "okx_liquidations", ahead, ahead)])
    (health,) = [one for one in watch.health(tmp_path, NOON) if one.source == "okx_liquidations"]
    assert health.stale


def daily(day: date, interval: str) -> list[Route]:
    """A day of candles that start on whole minutes, as the archive has it."""
    piece = binance.archive("klines", "BTC/USDT", day, interval=interval)
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
    lines = [
        f"{start + minute * 60_000},100,101,99,100,1,{start + minute * 60_000 + 59_999},100,5,0.5,50,0"
        for minute in range(1440)
    ]
    packed, name = io.BytesIO(), piece.facts["file"]
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name.replace(".zip", ".csv"), "\n".join(lines))
    checksum = f"{sha256(packed.getvalue()).hexdigest()}  {name}\n".encode()
    bodies = (packed.getvalue(), checksum)
    return [
        Route(request.url.removeprefix(binance.BASE), body)
        for request, body in zip(piece.requests, bodies, strict=True)
    ]


def test_a_leap_day_is_a_day_like_any_other(tmp_path: Path) -> None:
    days = [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    with serve(*(route for day in days for length in ("1s", "1m", "5m") for route in daily(day, length))) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_klines")
        span = ask("2024-02-28T00:00Z", "2024-03-02T00:00Z", "BTC/USDT")
        assert run(settings, "binance_klines", span).error is None
        assert run(settings, "binance_klines", span).outcome == "unchanged"
    bars = rows(
        settings,
        "SELECT ts FROM bars WHERE source_id = 'binance_klines' AND kind = 'trade' AND interval = '1m' ORDER BY ts",
    )
    steps = bars["ts"].diff().drop_nulls()
    assert bars.height == 3 * 1440
    assert steps.unique().to_list() == [timedelta(minutes=1)]
    assert bars.filter(pl.col("ts").dt.date() == date(2024, 2, 29)).height == 1440
