"""HTX: the order's side, two wordings of one feed, and a unit that changed its name."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.source import Piece, Refused
from pipelines.sources import htx_liquidations
from tests.pipelines.sources_kit import NOW, ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

DAY = ("2026-11-20T00:00Z", "2026-11-21T00:00Z")
PATH = "/linear-swap-api/v3/swap_liquidation_orders"
AT = 1_795_132_800_000  # 2026-11-20T00:00Z


def order(number: int, direction: str = "sell", **more: object) -> dict[str, object]:
    return {
        "query_id": number,
        "contract_code": "BTC-USDT",
        "direction": direction,
        "offset": "close",
        "volume": 500.0,
        "price": 100_000.0,
        "created_at": AT + number,
        "amount": 0.5,
        "trade_turnover": 50_000.0,
        "business_type": "swap",
        **more,
    }


V5 = {
    "id": "77",
    "contract_code": "BTC-USDT",
    "liquidation_time": str(AT),
    "side": "buy",
    "position_side": "short",
    "volume": "2",
    "amount": "2",
    "bankrupt_price": "62500.5",
    "trade_turnover": "125.001",
}


def page(*orders: dict[str, object]) -> bytes:
    return json.dumps({"code": 200, "msg": "", "data": orders}).encode()


def piece() -> Piece:
    (one,) = htx_liquidations.plan(ask(*DAY, "BTC"))
    return one


def parsed(*bodies: bytes) -> pl.DataFrame:
    return htx_liquidations.parse(list(bodies), piece())["liquidations"]


def test_direction_is_the_order_so_a_sell_closed_a_long() -> None:
    assert parsed(page(order(1, "sell"), order(2, "buy")))["liquidated_side"].to_list() == ["long", "short"]


def test_v3_amount_is_base_and_volume_is_contracts() -> None:
    row = parsed(page(order(1))).row(0, named=True)
    assert (row["quantity_base"], row["notional_usd"], row["price_kind"]) == (0.5, 50_000, "bankruptcy")


def test_v5_amount_is_contracts_so_the_turnover_is_trusted() -> None:
    body = {"code": 200, "message": "Success", "data": [V5], "ts": AT + 5}
    row = parsed(json.dumps(body).encode()).row(0, named=True)
    assert row["quantity_base"] == pytest.approx(0.002)
    assert (row["notional_usd"], row["liquidated_side"]) == (125.001, "short")
    assert (row["event_id"], row["ts"]) == ("77", datetime(2026, 11, 20, tzinfo=UTC))


def test_an_amount_that_is_not_the_turnover_over_the_price_is_refused() -> None:
    with pytest.raises(Refused, match="amount times price is not the turnover"):
        parsed(page(order(1, amount=500.0)))


def test_windows_are_two_hours_and_the_running_one_ends_now() -> None:
    asked = [request.params for request in piece().requests]
    assert len(asked) == 12
    assert all(int(one["end_time"]) - int(one["start_time"]) < 7_200_000 for one in asked)
    now = NOW.replace(day=21, hour=3)
    (today,) = htx_liquidations.plan(ask("2026-11-21T00:00Z", "2026-11-21T03:00Z", "BTC", now=now))
    assert [int(request.params["end_time"]) - int(request.params["start_time"]) for request in today.requests] == [
        7_199_999,
        3_599_999,
    ]


def test_days_htx_does_not_keep_are_not_asked_for() -> None:
    assert not list(htx_liquidations.plan(ask("2025-10-10T00:00Z", "2025-10-11T00:00Z")))
    assert htx_liquidations.SOURCE.reach.covers(date(2025, 10, 10), date(2026, 12, 1)) is False


def test_pages_go_on_until_nothing_newer_comes_and_orders_count_once() -> None:
    first = piece().requests[0]
    second = htx_liquidations.follow(page(order(1), order(2)), first)
    assert second is not None and second.params["from_id"] == 2
    assert htx_liquidations.follow(page(order(2)), second) is None
    assert htx_liquidations.follow(page(), first) is None
    assert parsed(page(order(1), order(2)), page(order(2))).height == 2


@pytest.mark.parametrize(
    "fault",
    [
        None,
        Fault("status", 1, 503),
        Fault("body", 1, body=b'{"status":"error","err_code":1032,"err_msg":"too many requests","ts":1}'),
        Fault("body", 1, body=b"<html>down</html>"),
    ],
)
def test_end_to_end(tmp_path: Path, fault: Fault | None) -> None:
    with serve(
        Route(PATH, page()),
        Route(PATH, page(order(1), order(2, "buy")), {"start_time": str(AT)}, fault=fault),
        Route(PATH, page(order(3)), {"start_time": str(AT), "from_id": "2"}),
    ) as replay:
        settings = settings_for(tmp_path, replay.base, "htx_liquidations")
        outcome = run(settings, "htx_liquidations", ask(*DAY, "BTC"))
        assert (outcome.outcome, outcome.error, outcome.rows_loaded) == ("loaded", None, 3)
        replay.log.clear()
        assert run(settings, "htx_liquidations", ask(*DAY, "BTC")).outcome == "unchanged"
        assert replay.log == []
    sides = rows(settings, "SELECT liquidated_side FROM liquidations WHERE source_id = 'htx_liquidations' ORDER BY ts")
    assert sides["liquidated_side"].to_list() == ["long", "short", "long"]


def test_an_error_with_status_200_is_named_with_its_code(tmp_path: Path) -> None:
    refusal = b'{"status":"error","err_code":1332,"err_msg":"The contract does not exist.","ts":1}'
    with serve(Route(PATH, page(), fault=Fault("body", -1, body=refusal))) as replay:
        outcome = run(settings_for(tmp_path, replay.base, "htx_liquidations"), "htx_liquidations", ask(*DAY, "BTC"))
    assert outcome.outcome == "failed"
    assert "HTX answers error 1332." in (outcome.error or "")
