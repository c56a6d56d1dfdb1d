"""dYdX v4: trades by type, pages that overlap by a block, and what the indexer does not hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.source import Piece, Refused
from pipelines.sources import dydx_trades
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

PATH = "/v4/trades/perpetualMarket/BTC-USD"
DAY = ("2025-10-10T00:00Z", "2025-10-11T00:00Z")


def trade(
    number: int, height: int, kind: str = "LIMIT", side: str = "SELL", at: str = "2025-10-10T21:16:04.831Z"
) -> dict[str, str]:
    return {
        "id": f"{number:08x}",
        "side": side,
        "size": "0.5",
        "price": "100000",
        "type": kind,
        "createdAt": at,
        "createdAtHeight": str(height),
    }


BEFORE = trade(0, 1, "LIQUIDATED", at="2025-10-09T23:59:59.000Z")
"""A liquidation of the day before: what shows that the pages reach back to the day's start."""


def page(*trades: dict[str, str]) -> bytes:
    return json.dumps({"trades": trades}).encode()


def piece() -> Piece:
    (one,) = dydx_trades.plan(ask(*DAY, "BTC"))
    return one


def parsed(*bodies: bytes) -> list[tuple[object, ...]]:
    found = dydx_trades.parse(list(bodies), piece())["liquidations"]
    dydx_trades.check({"liquidations": found}, piece())
    return found.select("event_id", "mechanism", "liquidated_side").rows()


def test_a_liquidated_taker_that_sells_had_a_long_and_one_that_buys_a_short() -> None:
    sold, bought = trade(2, 9, "LIQUIDATED", "SELL"), trade(1, 8, "LIQUIDATED", "BUY")
    assert parsed(page(sold, bought, BEFORE)) == [
        ("00000002", "liquidation", "long"),
        ("00000001", "liquidation", "short"),
    ]


def test_deleveraging_is_its_own_mechanism_and_ordinary_trades_are_left_out() -> None:
    assert parsed(page(trade(3, 9, "DELEVERAGED"), trade(2, 9, "LIMIT"), BEFORE)) == [("00000003", "adl", "long")]


def test_sizes_are_coins_and_numbers_are_text() -> None:
    one = trade(1, 9, "LIQUIDATED") | {"id": "03f89a550000000200000002", "size": "3.9", "price": "22.5"}
    row = dydx_trades.parse([page(one, BEFORE)], piece())["liquidations"].row(0, named=True)
    assert (row["event_id"], row["liquidated_side"]) == ("03f89a550000000200000002", "long")
    assert (row["price"], row["quantity_base"]) == (22.5, 3.9)
    assert row["notional_usd"] == pytest.approx(87.75)
    assert row["ts"].isoformat() == "2025-10-10T21:16:04.831000+00:00"


def test_pages_overlap_by_a_block_and_its_trades_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dydx_trades, "LIMIT", 3)
    first = page(trade(6, 12, "LIQUIDATED"), trade(5, 11, "LIQUIDATED"), trade(4, 10, "LIQUIDATED"))
    second = page(trade(4, 10, "LIQUIDATED"), trade(3, 10, "LIQUIDATED"), BEFORE)
    following = dydx_trades.follow(first, piece().requests[0])
    assert following is not None and following.params["createdBeforeOrAtHeight"] == 10
    assert dydx_trades.follow(second, following) is None
    assert [row[0] for row in parsed(first, second)] == ["00000006", "00000005", "00000004", "00000003"]


def test_a_block_larger_than_a_page_stalls_paging_and_is_refused_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dydx_trades, "LIMIT", 2)
    stalled = page(trade(2, 10), trade(1, 10))
    assert dydx_trades.follow(stalled, piece().requests[0]) is None
    with pytest.raises(Refused, match="block 10: it has 2 trades or more"):
        parsed(stalled)


@pytest.mark.parametrize("body", [page(), page(trade(1, 9))])
def test_a_day_the_indexer_does_not_reach_is_refused_not_empty(body: bytes) -> None:
    with pytest.raises(Refused, match="no trade from before the day's start"):
        parsed(body)


def test_trades_out_of_order_are_refused() -> None:
    with pytest.raises(Refused, match="not newest first"):
        parsed(page(trade(1, 8), trade(2, 9), BEFORE))


def test_a_day_without_a_liquidation_is_a_fair_answer() -> None:
    assert parsed(page(trade(1, 9), BEFORE)) == []


@pytest.mark.parametrize(
    "fault", [None, Fault("status", 2, 429), Fault("body", 1, body=b"<html>blocked</html>"), Fault("truncate", 1)]
)
def test_end_to_end_over_two_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault | None) -> None:
    monkeypatch.setattr(dydx_trades, "LIMIT", 2)
    newest = Route(PATH, page(trade(3, 11, "LIQUIDATED"), trade(2, 10, "LIQUIDATED")), fault=fault)
    older = Route(PATH, page(trade(2, 10, "LIQUIDATED"), BEFORE), {"createdBeforeOrAtHeight": "10"})
    with serve(newest, older) as replay:
        settings = settings_for(tmp_path, replay.base, "dydx_trades")
        outcome = run(settings, "dydx_trades", ask(*DAY, "BTC"))
        assert (outcome.outcome, outcome.error, outcome.rows_loaded) == ("loaded", None, 2)
        replay.log.clear()
        assert run(settings, "dydx_trades", ask(*DAY, "BTC")).outcome == "unchanged"
        assert replay.log == []
    assert (
        rows(settings, "SELECT feed FROM liquidations WHERE source_id = 'dydx_trades'")["feed"].to_list()
        == ["trades (v4 indexer)"] * 2
    )


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (page(trade(3, 11, "LIQUIDATED"), trade(2, 10, "LIQUIDATED")), "the same page again and again"),
        (page(trade(1, 9), trade(2, 10, "LIQUIDATED"), BEFORE), "not newest first"),
    ],
    ids=["doubled", "out of order"],
)
def test_end_to_end_a_page_that_cannot_be_joined_loads_nothing_and_the_next_run_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: bytes, says: str
) -> None:
    monkeypatch.setattr(dydx_trades, "LIMIT", 2)
    newest = Route(PATH, page(trade(3, 11, "LIQUIDATED"), trade(2, 10, "LIQUIDATED")))
    older = Route(PATH, page(trade(2, 10, "LIQUIDATED"), BEFORE), {"createdBeforeOrAtHeight": "10"})
    older.fault = Fault("body", -1, body=bad)
    with serve(newest, older, Route(PATH.replace("BTC", "ETH"), page(trade(1, 9, "LIQUIDATED"), BEFORE))) as replay:
        settings = settings_for(tmp_path, replay.base, "dydx_trades")
        outcome = run(settings, "dydx_trades", ask(*DAY, "BTC", "ETH"))
        assert (outcome.outcome, outcome.rows_loaded) == ("failed", 1)
        assert "BTC-USD/2025-10-10" in (outcome.error or "") and says in (outcome.error or "")
        older.fault, replay.log[:] = None, []
        outcome = run(settings, "dydx_trades", ask(*DAY, "BTC", "ETH"))
        assert (outcome.outcome, outcome.rows_loaded) == ("loaded", 2)
        assert {path.partition("?")[0] for _, path, _ in replay.log} == {PATH}


def test_a_market_that_fails_is_named_and_the_rest_is_loaded(tmp_path: Path) -> None:
    with serve(Route(PATH, page(trade(1, 9, "LIQUIDATED"), BEFORE))) as replay:
        settings = settings_for(tmp_path, replay.base, "dydx_trades")
        outcome = run(settings, "dydx_trades", ask(*DAY, "BTC", "ETH"))
    assert (outcome.outcome, outcome.rows_loaded) == ("failed", 1)
    assert "ETH-USD" in (outcome.error or "")
