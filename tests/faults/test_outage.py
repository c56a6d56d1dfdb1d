"""A source that is down for a week: the pages work and say so, the others stay fresh, and only what is missing is
fetched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st

from analytics.warehouse import hub
from benchmarks.tape import agg_trades, zipped
from pipelines.config import Settings
from pipelines.refreshing.outcome import Outcome
from pipelines.refreshing.refresh import refresh
from pipelines.source import Ask, discover
from pipelines.sources.common import binance
from tests.faults.test_clock import Clock, okx
from tests.pipelines.sources_kit import rows, settings_for
from tests.replay.server import Fault, Replay, Route, serve
from tests.shell import PAGES, opened

DOWN, FRESH = "binance_trades", "okx_liquidations"
DAYS = 9
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def archives() -> list[Route]:
    """Small days of trades, up to yesterday."""
    routes = []
    for ago in range(DAYS + 2, 0, -1):
        day = (TODAY - timedelta(days=ago)).date()
        piece = binance.archive("aggTrades", "BTC/USDT:USDT", day)
        bodies = zipped(agg_trades(50, day), piece.facts["file"].removesuffix(".zip"))
        routes += [
            Route(request.url.removeprefix(binance.BASE), body)
            for request, body in zip(piece.requests, bodies, strict=True)
        ]
    return routes


def evening(settings: Settings, clock: Clock, ago: int) -> dict[str, Outcome]:
    """The scheduled refresh of a day, as the command asks for it."""
    # Today's is a minute ago: its success must be fresh on any machine at any hour.
    now = datetime.now(UTC) - timedelta(days=ago, minutes=1)
    clock.set(now)
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    ask = Ask(start, now, now, ("BTC/USDT:USDT",), catch_up=True)
    modules = [discover()[name] for name in (DOWN, FRESH)]
    _, outcomes = refresh(settings, modules, ask)
    return {outcome.loader: outcome for outcome in outcomes}


@pytest.fixture
def network(tmp_path: Path) -> Iterator[tuple[Settings, Replay, list[Route]]]:
    trades = archives()
    with serve(*trades, *okx(0, 9)) as replay:
        one = settings_for(tmp_path, replay.base, DOWN)
        yield (
            Settings(data_dir=one.data_dir, url={DOWN: replay.base, FRESH: replay.base}, backoff_seconds=0),
            replay,
            trades,
        )


def days_there(settings: Settings) -> list[str]:
    found = rows(
        settings, f"SELECT DISTINCT strftime(ts, '%Y-%m-%d') AS day FROM bars WHERE source_id = '{DOWN}' ORDER BY day"
    )
    return found["day"].to_list()


def test_a_week_without_a_source(
    network: tuple[Settings, Replay, list[Route]], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, replay, trades = network
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock(patch)
        assert evening(settings, clock, 8)[DOWN].outcome == "loaded"
        there = days_there(settings)
        for ago in range(7, -1, -1):
            # Blocked, and at last down: a server that cannot answer is asked again, one that refuses is not.
            for route in trades:
                route.fault = Fault("status", times=-1, status=403 if ago else 503)
            outcomes = evening(settings, clock, ago)
            assert outcomes[DOWN].outcome == "failed"
            assert outcomes[FRESH].error is None
    assert "503" in (outcomes[DOWN].error or "") and "more pieces were not asked for" in (outcomes[DOWN].error or "")
    assert days_there(settings) == there

    _pages_say_so(settings, monkeypatch)

    for route in trades:
        route.fault = None
    before = replay.sent.copy()
    with pytest.MonkeyPatch.context() as patch:
        assert evening(settings, Clock(patch), 0)[DOWN].error is None
    yesterday = TODAY - timedelta(days=1)
    wanted = [f"{yesterday - timedelta(days=ago):%Y-%m-%d}" for ago in range(DAYS, -1, -1)]
    assert days_there(settings) == [day for day in wanted if day >= there[0]]
    fetched = {path for path, size in (replay.sent - before).items() if path.endswith(".zip") and size}
    missing = {f"{day}.zip" for day in wanted if day > there[-1]}
    assert {path[-14:] for path in fetched} == missing


def _pages_say_so(settings: Settings, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("CRASHDAY_DATA_DIR", str(settings.data_dir))
    hub.cache_clear()
    st.cache_data.clear()
    try:
        last = datetime.now(UTC) - timedelta(days=8)
        for page in PAGES:
            app = opened(page)
            assert not app.exception, page.title
            (banner,) = [warning.value for warning in app.warning if "Not fresh" in warning.value]
            assert DOWN in banner.replace("\\", "") and FRESH not in banner.replace("\\", "")
            assert f"{last:%b}" in banner and str(last.day) in banner
    finally:
        hub.cache_clear()
        st.cache_data.clear()
