"""Bybit's sources end to end, through the real session against the replay server."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.pipelines.sources.test_bybit import (
    CRASH,
    DAY,
    LINEAR,
    OCTOBER_1,
    SEPTEMBER_30,
    TRADING,
    interest,
    kline,
    ms,
    payment,
    reply,
)
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

ARCHIVE = Route(
    "/trading/BTCUSDT/BTCUSDT2025-10-10.csv.gz",
    gzip.compress(f"{TRADING},RPI\n{CRASH}.1,BTCUSDT,Buy,1,110000,PlusTick,id,1,1,1,0\n".encode()),
)
SERVED: dict[str, tuple[list[Route], int]] = {
    "bybit_trades": ([ARCHIVE], 1),
    "bybit_klines": (
        [
            Route("/v5/market/kline", reply([kline(1, 1, 1, 1, 1, 1, 1)]), {"start": str(ms(0))}),
            Route("/v5/market/kline", reply([kline(20, 1, 1, 1, 1, 1, 1)]), {"end": str(ms(24) - 1)}),
            Route("/v5/market/mark-price-kline", reply([])),
            Route("/v5/market/mark-price-kline", reply([kline(1, 1, 1, 1, 1)]), {"start": str(ms(0))}),
            Route("/v5/market/index-price-kline", reply([])),
            Route("/v5/market/index-price-kline", reply([kline(1, 1, 1, 1, 1)]), {"start": str(ms(0))}),
        ],
        4,
    ),
    "bybit_open_interest": (
        [
            Route("/v5/market/open-interest", reply([interest(0, "2", "1")]), {"startTime": str(ms(0))}),
            Route("/v5/market/open-interest", reply([interest(12, "2", "1")]), {"startTime": str(ms(12))}),
        ],
        2,
    ),
    "bybit_funding_history": (
        [
            Route("/v5/market/funding/history", reply([])),
            Route(
                "/v5/market/funding/history",
                reply([payment(OCTOBER_1), payment(SEPTEMBER_30)]),
                {"startTime": str(ms(SEPTEMBER_30))},
            ),
        ],
        1,
    ),
}


LIMITED = Fault("status", 2, 429)
LIMITED_INSIDE_200 = Fault("body", 2, body=b'{"retCode": 10006, "retMsg": "Too many visits!", "result": {}}')


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        *((source, fault) for source in SERVED for fault in (None, LIMITED)),
        *((source, LIMITED_INSIDE_200) for source in SERVED if source != "bybit_trades"),
    ],
)
def test_end_to_end_survives_limits_and_does_not_ask_for_a_final_day_again(
    tmp_path: Path, source: str, fault: Fault | None
) -> None:
    routes, expected = SERVED[source]
    wounded = [Route(routes[-1].path, routes[-1].body, routes[-1].query, fault=fault and Fault(**vars(fault)))]
    with serve(*routes[:-1], *wounded) as replay:
        settings = settings_for(tmp_path, replay.base, source)
        outcome = run(settings, source, ask(*DAY, LINEAR))
        assert (outcome.outcome, outcome.error) == ("loaded", None)
        assert (outcome.rows_loaded, outcome.rows_refused, outcome.rows_doubled) == (expected, 0, 0)
        replay.log.clear()
        assert run(settings, source, ask(*DAY, LINEAR)).outcome == "unchanged"
        assert replay.log == []


@pytest.mark.parametrize("source", SERVED)
@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("body", -1, body=b"<html>maintenance</html>"), "a web page"),
        (Fault("status", -1, 403), "a mirror can be set with CRASHDAY_URL"),
    ],
    ids=["html", "403"],
)
def test_a_page_instead_of_data_loads_nothing_and_says_so(tmp_path: Path, source: str, fault: Fault, says: str) -> None:
    routes, expected = SERVED[source]
    first = Route(routes[0].path, routes[0].body, routes[0].query, fault=Fault(**vars(fault)))
    with serve(first, *routes[1:]) as replay:
        settings = settings_for(tmp_path, replay.base, source)
        outcome = run(settings, source, ask(*DAY, LINEAR))
        assert outcome.outcome == "failed"
        assert says in (outcome.error or "") or "cannot be unpacked" in (outcome.error or "")
        first.fault = None
        run(settings, source, ask(*DAY, LINEAR))
    tables = {"bybit_open_interest": "open_interest", "bybit_funding_history": "funding_rates"}
    count = f"SELECT count(*)::BIGINT AS n FROM {tables.get(source, 'bars')} WHERE source_id = $source"
    assert rows(settings, count, {"source": source})["n"].to_list() == [expected]


def test_an_unknown_symbol_is_named_with_bybits_number(tmp_path: Path) -> None:
    said = b'{"retCode": 10001, "retMsg": "Not supported symbols", "result": {}, "time": 1}'
    with serve(Route("/v5/market/open-interest", said)) as replay:
        settings = settings_for(tmp_path, replay.base, "bybit_open_interest")
        outcome = run(settings, "bybit_open_interest", ask(*DAY, LINEAR))
        assert outcome.outcome == "failed" and "Bybit answers error 10001." in (outcome.error or "")
        assert len(replay.log) == 1
