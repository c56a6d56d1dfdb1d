"""CoinGlass: text that is a number, codes in status 200, empty answers that are no zero, rows of other months."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.source import CheckFailed, Piece, Refused
from pipelines.sources import coinglass
from tests.pipelines.sources_kit import NOW, ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

SPAN = ("2025-10-10T00:00Z", "2025-10-11T00:00Z")
DAY = 1760054400000
"""2025-10-10T00:00Z"""
PATH = "/api/futures/liquidation/aggregated-history"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tracker's limits are for the tracker; one exchange is enough."""
    monkeypatch.setattr(coinglass, "SOURCE", replace(coinglass.SOURCE, requests_per_second=1000))
    monkeypatch.setattr(coinglass, "EXCHANGES", ("Binance",))


def row(time: int, long: object, short: object) -> dict[str, object]:
    return {"time": time, "aggregated_long_liquidation_usd": long, "aggregated_short_liquidation_usd": short}


def reply(*data: dict[str, object]) -> bytes:
    return json.dumps({"code": "0", "msg": "success", "data": data}).encode()


def piece(**more: str) -> Piece:
    (one,) = coinglass.plan(ask(*SPAN, "BTC"))
    return Piece(one.name, one.requests, {**one.facts, **more})


def test_coinglass_long_and_short_are_the_positions_whether_numbers_or_text() -> None:
    body = reply(row(DAY, 1_500_000.5, 250_000), row(DAY + 86_400_000, "2.5", "1"))
    reports = coinglass.parse([body], piece())["liquidation_reports"]
    coinglass.check({"liquidation_reports": reports}, piece())
    assert reports["value"].to_list() == [1_500_000.5, 250_000.0, 2.5, 1.0]
    assert reports["side"].to_list() == ["long", "short"] * 2
    first = reports.row(0, named=True)
    assert (first["venue"], first["counting"], first["window_start"]) == (
        "binance",
        "floor",
        datetime(2025, 10, 10, tzinfo=UTC),
    )
    assert first["board"] == "coinglass|btc contracts listed by coinglass|utc day 2025-10-10"


def test_boards_of_two_trackers_are_never_the_same() -> None:
    board = coinglass.parse([reply(row(DAY, 1, 1))], piece())["liquidation_reports"]["board"][0]
    assert board.startswith("coinglass|")


def test_rows_of_other_months_come_when_the_times_are_ignored_and_are_left_out() -> None:
    body = reply(row(DAY, 1, 1), row(DAY + 40 * 86_400_000, 9, 9))
    assert coinglass.parse([body], piece())["liquidation_reports"]["value"].to_list() == [1, 1]
    assert piece().requests[0].params["limit"] >= (NOW - datetime(2025, 10, 1, tzinfo=UTC)).days


@pytest.mark.parametrize("body", [reply(), reply(row(DAY + 40 * 86_400_000, 9, 9))])
def test_an_empty_answer_is_what_it_says_of_unknown_symbols_and_no_zero(body: bytes) -> None:
    with pytest.raises(Refused, match="no row of this month"):
        coinglass.parse([body], piece())


@pytest.mark.parametrize("body", [b"<html>", b'{"code":"0"}', b"[]", reply({"time": DAY})])
def test_a_reply_of_another_shape_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="Binance/BTC-1d-2025-10"):
        coinglass.parse([body], piece())


def test_steps_of_four_hours_are_asked_for_where_they_reach_and_days_everywhere() -> None:
    def steps(start: str, end: str) -> list[str]:
        return [one.facts["step"] for one in coinglass.plan(ask(start, end, "BTC"))]

    assert steps(*SPAN) == ["1d"]
    assert steps("2026-11-20T00:00Z", "2026-11-21T00:00Z") == ["1d", "4h"]


def test_windows_off_their_steps_mean_that_times_changed_their_unit() -> None:
    frames = coinglass.parse([reply(row(DAY + 60_000, 1, 1))], piece())
    with pytest.raises(CheckFailed, match="whole steps"):
        coinglass.check(frames, piece())


@pytest.mark.parametrize(("code", "again"), [("403", False), ("401", False), ("400", False), ("429", True)])
def test_a_code_that_is_not_0_is_an_error_with_status_200(code: str, again: bool) -> None:
    found = coinglass.fault(json.dumps({"code": code, "msg": "Upgrade plan"}).encode())
    assert found is not None and found.again is again and found.message == f"CoinGlass answers error {code}"
    assert coinglass.fault(reply()) is None


def test_a_month_end_to_end_with_the_key_in_its_header(tmp_path: Path) -> None:
    limited = Fault("body", 1, body=b'{"code":"429","msg":"Too many requests"}')
    with serve(Route(PATH, reply(row(DAY, 1_500_000, 250_000)), {"symbol": "BTC"}, fault=limited)) as replay:
        settings = settings_for(tmp_path, replay.base, "coinglass", key={"coinglass": "secret"})
        outcome = run(settings, "coinglass", ask(*SPAN, "BTC"))
        assert (outcome.outcome, outcome.error, outcome.rows_loaded) == ("loaded", None, 2)
        assert replay.log[0][2]["CG-API-KEY"] == "secret"
        replay.log.clear()
        assert run(settings, "coinglass", ask(*SPAN, "BTC")).outcome == "unchanged"
        assert replay.log == []
    found = rows(settings, "SELECT side, value FROM liquidation_reports WHERE source_id = 'coinglass' ORDER BY side")
    assert found.rows() == [("long", 1_500_000.0), ("short", 250_000.0)]


def test_a_plan_that_does_not_reach_says_so(tmp_path: Path) -> None:
    refused = Fault("body", -1, body=b'{"code":"403","msg":"interval needs STANDARD"}')
    with serve(Route(PATH, reply(), fault=refused)) as replay:
        settings = settings_for(tmp_path, replay.base, "coinglass", key={"coinglass": "secret"})
        outcome = run(settings, "coinglass", ask(*SPAN, "BTC"))
        assert outcome.outcome == "failed" and "CoinGlass answers error 403." in (outcome.error or "")
