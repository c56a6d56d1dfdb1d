"""OKX's sources end to end, through the real session against the replay server."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.source import Piece
from pipelines.sources import okx_candles, okx_funding, okx_liquidations, okx_trades
from pipelines.sources.common import okx
from tests.pipelines.okx_kit import (
    BTC,
    DAY,
    FUNDING,
    MIDNIGHT,
    MINUTE,
    SPAN,
    candle,
    listed,
    order,
    orders,
    packed,
    plan_of,
    prints,
    reply,
)
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import Fault, Replay, Route, serve


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The venue's limits are for the venue."""
    for module in (okx_candles, okx_trades, okx_funding, okx_liquidations):
        monkeypatch.setattr(module, "SOURCE", replace(module.SOURCE, requests_per_second=10_000))


def candle_routes(piece: Piece) -> list[Route]:
    routes = []
    for position, request in enumerate(piece.requests):
        window = [
            candle(minute, "1", "100005", "100005", "1")
            for minute in range(min(1440, position * 300 + 300) - 1, position * 300 - 1, -1)
        ]
        routes.append(
            Route("/api/v5/market/history-candles", reply(window), {"after": str(request.params["after"])}, etag=False)
        )
    return routes


@pytest.mark.parametrize(
    "fault", [None, Fault("status", 1, 429), Fault("body", 2, body=reply([], "50011")), Fault("truncate", 1)]
)
def test_candles_end_to_end_survive_passing_faults_and_are_not_asked_for_twice(
    tmp_path: Path, fault: Fault | None
) -> None:
    (piece,) = plan_of(okx_candles, "BTC/USDT")
    routes = candle_routes(piece)
    routes[2].fault = fault
    with serve(*routes) as replay:
        settings = settings_for(tmp_path, replay.base, "okx_candles")
        outcome = run(settings, "okx_candles", ask(*SPAN, "BTC/USDT"))
        assert (outcome.outcome, outcome.error, outcome.rows_loaded) == ("loaded", None, 1440)
        replay.log.clear()
        assert run(settings, "okx_candles", ask(*SPAN, "BTC/USDT")).outcome == "unchanged"
        assert replay.log == []
    assert rows(
        settings, "SELECT count(*) AS n, max(ts)::VARCHAR AS last FROM bars WHERE source_id = 'okx_candles'"
    ).row(0) == (
        1440,
        "2025-10-10 23:59:00+00",
    )


def test_an_error_inside_status_200_names_the_code_and_loads_nothing(tmp_path: Path) -> None:
    (piece,) = plan_of(okx_candles, "BTC/USDT")
    routes = candle_routes(piece)
    routes[4].fault = Fault("body", -1, body=reply([], "51001"))
    with serve(*routes) as replay:
        settings = settings_for(tmp_path, replay.base, "okx_candles")
        outcome = run(settings, "okx_candles", ask(*SPAN, "BTC/USDT"))
    assert outcome.outcome == "failed" and "51001" in (outcome.error or "")
    assert rows(settings, "SELECT count(*) AS n FROM bars WHERE source_id = 'okx_candles'")["n"].item() == 0


def archive_routes() -> list[Route]:
    routes = [Route("/api/v5/public/instruments", reply([BTC]))]
    for day, time in ((DAY, MIDNIGHT), (DAY + timedelta(days=1), MIDNIGHT + 20 * 60 * MINUTE)):
        name = f"BTC-USDT-SWAP-trades-{day}.zip"
        begin = str(okx.listing("1", "BTC/USDT:USDT", day, name).params["begin"])
        routes.append(Route("/api/v5/public/market-data-history", listed(name), {"begin": begin}))
        routes.append(Route(f"/cdn/{name}", packed(prints((1, "buy", 100, 100, time)))))
    return routes


def test_trades_end_to_end_are_discovered_fetched_and_cover_the_utc_day(tmp_path: Path) -> None:
    with serve(*archive_routes()) as replay:
        settings = settings_for(tmp_path, replay.base, "okx_trades")
        outcome = run(settings, "okx_trades", ask(*SPAN, "BTC/USDT:USDT"))
        assert (outcome.outcome, outcome.error, outcome.rows_loaded) == ("loaded", None, 2)
        replay.log.clear()
        assert run(settings, "okx_trades", ask(*SPAN, "BTC/USDT:USDT")).outcome == "unchanged"
        assert replay.log == []
    found = rows(
        settings,
        "SELECT strftime(ts, '%d %H') AS hour, volume_base FROM bars WHERE source_id = 'okx_trades' ORDER BY ts",
    )
    assert found.rows() == [("10 00", 1.0), ("10 20", 1.0)]


def test_a_page_instead_of_an_archive_is_named_the_other_day_loaded_and_only_the_failed_one_fetched_again(
    tmp_path: Path,
) -> None:
    routes = archive_routes()
    routes[2].fault = Fault("body", -1, body=b"<html>down</html>")
    with serve(*routes) as replay:
        settings = settings_for(tmp_path, replay.base, "okx_trades")
        outcome = run(settings, "okx_trades", ask(*SPAN, "BTC/USDT:USDT"))
        assert outcome.outcome == "failed" and "2025-10-10.zip" in (outcome.error or "")
        assert outcome.rows_loaded == 1
        routes[2].fault = None
        replay.log.clear()
        assert run(settings, "okx_trades", ask(*SPAN, "BTC/USDT:USDT")).rows_loaded == 1
        assert paths(replay) == ["/api/v5/public/instruments", "/api/v5/public/market-data-history", routes[2].path]


def test_funding_end_to_end(tmp_path: Path) -> None:
    routes = []
    for offset in (-1, 0, 1):
        day = DAY + timedelta(days=offset)
        name = f"allswap-fundingrates-{day}.zip"
        start = MIDNIGHT - 8 * 60 * MINUTE + offset * 1440 * MINUTE
        csv = FUNDING + "".join(f"BTC-USDT-SWAP,0.0001,{start + hour * 60 * MINUTE}\r\n" for hour in (0, 8, 16))
        begin = str(okx.listing("3", "ANY", day, name).params["begin"])
        routes += [
            Route("/api/v5/public/market-data-history", listed(name), {"begin": begin}),
            Route(f"/cdn/{name}", packed(csv)),
        ]
    with serve(*routes) as replay:
        settings = settings_for(tmp_path, replay.base, "okx_funding")
        outcome = run(settings, "okx_funding", ask(*SPAN))
        assert (outcome.outcome, outcome.error, outcome.rows_loaded, outcome.rows_refused) == ("loaded", None, 6, 0)
        assert run(settings, "okx_funding", ask(*SPAN)).outcome == "unchanged"
    found = rows(settings, "SELECT DISTINCT interval_hours AS hours FROM funding_rates WHERE source_id = 'okx_funding'")
    assert found["hours"].to_list() == [8.0]


def test_liquidations_of_overlapping_fetches_are_kept_once(tmp_path: Path) -> None:
    first, second = order(MIDNIGHT, "long", "sell"), order(MIDNIGHT + 1, "net", "buy")
    page = Route("/api/v5/public/liquidation-orders", orders(first), etag=False)
    rest = [
        Route("/api/v5/public/liquidation-orders", reply([]), {"after": str(MIDNIGHT + after)}) for after in (0, 1, 2)
    ]
    page.fault = Fault("body", 1, body=reply([], "50011"))
    with serve(Route("/api/v5/public/instruments", reply([BTC])), page, *rest) as replay:
        settings = settings_for(tmp_path, replay.base, "okx_liquidations")
        now = datetime(2025, 10, 10, 1, tzinfo=UTC)
        outcome = run(settings, "okx_liquidations", ask(*SPAN, "BTC/USDT:USDT", now=now))
        assert (outcome.outcome, outcome.error, outcome.rows_loaded) == ("loaded", None, 1)
        page.body = orders(second, first)
        later = run(settings, "okx_liquidations", ask(*SPAN, "BTC/USDT:USDT", now=now + timedelta(hours=1)))
        assert (later.rows_loaded, later.rows_doubled) == (1, 1)
    found = rows(
        settings, "SELECT liquidated_side, feed FROM liquidations WHERE source_id = 'okx_liquidations' ORDER BY ts"
    )
    assert found.rows() == [("long", "liquidation-orders (REST)"), ("short", "liquidation-orders (REST)")]


def paths(replay: Replay) -> list[str]:
    return [path.partition("?")[0] for _, path, _ in replay.log]
