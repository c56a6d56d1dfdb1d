"""Gate: the sign is the position, contracts are not coins, and a full page may end within a second."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from pipelines.source import CheckFailed, Piece, Refused
from pipelines.sources import gate_liquidations
from tests.pipelines.sources_kit import NOW, ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

DAY = ("2026-11-20T00:00Z", "2026-11-21T00:00Z")
START = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp())
CONTRACTS = json.dumps(
    [{"name": "BTC_USDT", "quanto_multiplier": "0.0001"}, {"name": "1000BONK_USDT", "quanto_multiplier": "10"}]
).encode()
ORDERS = "/api/v4/futures/usdt/liq_orders"


def order(second: int, size: object = 100, **more: object) -> dict[str, object]:
    return {
        "time": START + second,
        "contract": "BTC_USDT",
        "size": size,
        "order_price": "101000",
        "fill_price": "100000",
        "left": 0,
        **more,
    }


def piece() -> Piece:
    (one,) = gate_liquidations.plan(ask(*DAY))
    return one


def parsed(*pages: list[dict[str, object]]) -> pl.DataFrame:
    return gate_liquidations.parse([CONTRACTS, *(json.dumps(page).encode() for page in pages)], piece())["liquidations"]


def test_the_sign_of_size_is_the_position() -> None:
    assert parsed([order(0, 100), order(0, -100)])["liquidated_side"].to_list() == ["long", "short"]


def test_contracts_become_coins_by_the_listed_size_not_one_by_one() -> None:
    row = parsed([order(0, 165)]).row(0, named=True)
    assert row["quantity_base"] == pytest.approx(0.0165)
    assert row["notional_usd"] == pytest.approx(1650)
    assert parsed([order(0, 3, contract="1000BONK_USDT")])["symbol"].to_list() == ["1000BONK/USDT:USDT"]


def test_the_price_is_the_fill_not_the_order_price() -> None:
    assert parsed([order(0)]).select("price", "price_kind").rows() == [(100_000, "fill")]


def test_only_the_filled_part_counts_and_numbers_may_be_texts() -> None:
    newer = order(0, "-165", order_size="165", left="65")
    assert parsed([newer])["quantity_base"].to_list() == [pytest.approx(0.01)]
    assert parsed([order(0, 100, left=100)]).is_empty()


def test_two_orders_alike_in_one_second_are_two() -> None:
    found = parsed([order(0), order(0)])
    assert found["event_id"].n_unique() == 2


def test_windows_are_one_hour_and_do_not_overlap() -> None:
    asked = [request.params for request in piece().requests[1:]]
    assert len(asked) == 24
    assert all(int(one["to"]) - int(one["from"]) == 3599 for one in asked)
    assert all(int(after["from"]) == int(before["to"]) + 1 for before, after in pairwise(asked))


def test_a_full_page_is_continued_from_its_oldest_second_and_nothing_counts_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gate_liquidations, "LIMIT", 3)
    first = [order(9), order(5), order(4)]
    second = [order(4), order(4)]
    following = gate_liquidations.follow(json.dumps(first).encode(), piece().requests[1])
    assert following is not None and following.params["to"] == START + 4
    assert gate_liquidations.follow(json.dumps(second).encode(), following) is None
    assert gate_liquidations.follow(CONTRACTS, piece().requests[0]) is None
    assert [moment.second for moment in parsed(first, second)["ts"]] == [9, 5, 4, 4]


def test_pages_that_cannot_be_joined_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_liquidations, "LIMIT", 2)
    with pytest.raises(Refused, match="not newest first"):
        parsed([order(4), order(9)])
    with pytest.raises(Refused, match="are of one second"):
        parsed([order(4), order(4)])


def test_a_past_day_without_any_liquidation_is_an_error_not_a_zero() -> None:
    with pytest.raises(CheckFailed, match="does not keep this day"):
        gate_liquidations.check({"liquidations": parsed([])}, piece())


def test_hours_that_have_not_begun_are_not_asked_for() -> None:
    (today,) = gate_liquidations.plan(ask("2026-11-21T00:00Z", "2026-11-22T00:00Z", now=NOW.replace(day=21, hour=5)))
    assert len(today.requests) == 1 + 6
    gate_liquidations.check({"liquidations": parsed([])}, today)


@pytest.mark.parametrize(
    "fault",
    [
        None,
        Fault("status", 2, 429),
        Fault("body", 1, body=b"<html>down</html>"),
        Fault("body", 1, body=b'{"label": "TOO_MANY_REQUESTS", "message": "slow down"}'),
    ],
)
def test_end_to_end(tmp_path: Path, fault: Fault | None) -> None:
    full = json.dumps([order(3600, 100), order(3600, -50, contract="GONE_USDT")]).encode()
    with serve(
        Route("/api/v4/futures/usdt/contracts", CONTRACTS),
        Route(ORDERS, b"[]"),
        Route(ORDERS, full, {"from": str(START + 3600)}, fault=fault),
    ) as replay:
        settings = settings_for(tmp_path, replay.base, "gate_liquidations")
        outcome = run(settings, "gate_liquidations", ask(*DAY))
        assert (outcome.outcome, outcome.error) == ("loaded", None)
        assert (outcome.rows_loaded, outcome.rows_refused) == (1, 1)  # a contract that is not listed has no size
        replay.log.clear()
        assert run(settings, "gate_liquidations", ask(*DAY)).outcome == "unchanged"
        assert replay.log == []
    found = rows(settings, "SELECT symbol, notional_usd FROM liquidations WHERE source_id = 'gate_liquidations'")
    assert found.rows() == [("BTC/USDT:USDT", pytest.approx(1000))]


def test_an_error_with_status_200_is_a_failure(tmp_path: Path) -> None:
    refusal = Fault("body", -1, body=b'{"label": "INVALID_PARAM_VALUE", "message": "range from/to must in 1 hour"}')
    with serve(Route("/api/v4/futures/usdt/contracts", CONTRACTS), Route(ORDERS, b"[]", fault=refusal)) as replay:
        outcome = run(settings_for(tmp_path, replay.base, "gate_liquidations"), "gate_liquidations", ask(*DAY))
    assert outcome.outcome == "failed" and "Gate answers an error" in (outcome.error or "")
