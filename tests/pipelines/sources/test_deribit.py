"""Deribit: who was liquidated, in which unit, and that no trade is missing between the pages."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.source import CheckFailed, Piece, Refused
from pipelines.sources import deribit_trades
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

MIDNIGHT = 1760054400000
SPAN = ("2025-10-10T00:00Z", "2025-10-11T00:00Z")
PATH = "/api/v2/public/get_last_trades_by_instrument_and_time"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The venue's limits are for the venue."""
    quick = replace(deribit_trades.SOURCE, requests_per_second=10_000)
    monkeypatch.setattr(deribit_trades, "SOURCE", quick)


def trade(number: int, mark: str = "", direction: str = "sell", time: int | None = None) -> dict[str, object]:
    """A trade of 1,000 at 100,000, one a millisecond; `mark` is its liquidation field."""
    return {
        "trade_seq": number,
        "trade_id": str(9_000 + number),
        "timestamp": MIDNIGHT + number if time is None else time,
        "price": 100_000.0,
        "direction": direction,
        "amount": 1_000.0,
        "index_price": 100_001.0,
        "mark_price": 100_002.0,
        "instrument_name": "BTC-PERPETUAL",
        **({"liquidation": mark} if mark else {}),
    }


def page(*trades: dict[str, object], more: bool = False) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "result": {"trades": list(trades), "has_more": more}}).encode()


def piece(symbol: str = "BTC/USD:BTC", day: str = "2025-10-10", over: str = "yes") -> Piece:
    return Piece("the day", facts={"symbol": symbol, "day": day, "over": over})


def liquidated(*bodies: bytes, symbol: str = "BTC/USD:BTC") -> pl.DataFrame:
    frames = deribit_trades.parse(list(bodies), piece(symbol))
    deribit_trades.check(frames, piece(symbol))
    return frames["liquidations"]


@pytest.mark.parametrize(
    ("mark", "direction", "positions"),
    [
        ("T", "sell", ["long"]),
        ("T", "buy", ["short"]),
        ("M", "buy", ["long"]),
        ("M", "sell", ["short"]),
        ("MT", "sell", ["short", "long"]),
        ("MT", "buy", ["long", "short"]),
    ],
)
def test_deribit_side_follows_from_who_was_liquidated_and_what_the_taker_did(
    mark: str, direction: str, positions: list[str]
) -> None:
    found = liquidated(page(trade(1, mark, direction)))
    assert found["liquidated_side"].to_list() == positions
    assert found["event_id"].n_unique() == len(positions)


def test_amounts_of_inverse_contracts_are_usd_and_of_usdc_contracts_base() -> None:
    inverse = liquidated(page(trade(1, "T"))).row(0, named=True)
    assert (inverse["notional_usd"], inverse["quantity_base"]) == (1_000.0, 0.01)
    linear = liquidated(page(trade(1, "T")), symbol="BTC/USDC:USDC").row(0, named=True)
    assert (linear["notional_usd"], linear["quantity_base"]) == (100_000_000.0, 1_000.0)
    assert (linear["price_kind"], linear["mechanism"], linear["feed"]) == ("fill", "liquidation", "trades")


@pytest.mark.parametrize(
    ("symbol", "name"),
    [("BTC/USD:BTC", "BTC-PERPETUAL"), ("ETH/USDC:USDC", "ETH_USDC-PERPETUAL")],
)
def test_names_of_perpetuals(symbol: str, name: str) -> None:
    (one,) = deribit_trades.plan(ask(*SPAN, symbol))
    assert one.requests[0].params == {
        "instrument_name": name,
        "start_timestamp": MIDNIGHT,
        "end_timestamp": MIDNIGHT + 86_400_000 - 1,
        "count": 10_000,
        "sorting": "asc",
    }
    assert one.final_at == datetime(2025, 10, 11, 1, tzinfo=UTC)


def test_ordinary_trades_are_not_liquidations_and_a_day_without_one_is_a_fair_answer() -> None:
    assert liquidated(page(trade(1), trade(2))).height == 0


def test_trades_of_one_millisecond_come_twice_at_a_page_s_edge_and_count_once() -> None:
    (one,) = deribit_trades.plan(ask(*SPAN, "BTC/USD:BTC"))
    shared = MIDNIGHT + 7
    first = page(trade(1, "T"), trade(2, "T", time=shared), trade(3, "T", time=shared), more=True)
    request = deribit_trades.follow(first, one.requests[0])
    assert request is not None and request.params["start_timestamp"] == shared
    with pytest.raises(Refused, match="its last page is not the last one"):
        liquidated(first)
    second = page(*(trade(number, "T", time=shared) for number in (2, 3, 4)), trade(5))
    assert deribit_trades.follow(second, request) is None
    assert liquidated(first, second)["event_id"].to_list() == ["9001:taker", "9002:taker", "9003:taker", "9004:taker"]


def test_a_page_within_one_millisecond_is_refused_rather_than_cut() -> None:
    crowded = page(*(trade(number, "T", time=MIDNIGHT) for number in (1, 2)), more=True)
    assert deribit_trades.follow(crowded, deribit_trades.Request("", {"start_timestamp": MIDNIGHT})) is None
    with pytest.raises(Refused, match="not the last one"):
        liquidated(crowded)


def test_a_hole_in_the_numbers_of_trades_is_refused() -> None:
    with pytest.raises(Refused, match="the day: 2 trades are missing in between"):
        liquidated(page(trade(1, "T"), trade(4)))


def test_a_finished_day_without_a_trade_is_refused_and_a_day_just_begun_is_not() -> None:
    with pytest.raises(Refused, match="may not reach this day"):
        liquidated(page())
    assert deribit_trades.parse([page()], piece(over="no"))["liquidations"].height == 0


def test_trades_of_another_day_are_an_error() -> None:
    with pytest.raises(CheckFailed, match="another day"):
        liquidated(page(trade(1, "T", time=MIDNIGHT - 1)))


def test_errors_are_read_from_the_error_object_and_a_rate_limit_is_worth_asking_again() -> None:
    errors = [json.dumps({"jsonrpc": "2.0", "error": {"message": "x", "code": code}}) for code in (10028, 13020)]
    assert [deribit_trades.fault(error.encode()).again for error in errors] == [True, False]
    assert deribit_trades.fault(b"<html>").again
    assert deribit_trades.fault(page()) is None


@pytest.mark.parametrize(
    "fault",
    [
        None,
        Fault("status", 1, 429),
        Fault("reset", 1),
        Fault("body", 1, body=b'{"jsonrpc": "2.0", "error": {"message": "too_many_requests", "code": 10028}}'),
    ],
)
def test_end_to_end_pages_are_joined_and_asked_for_once(tmp_path: Path, fault: Fault | None) -> None:
    first = page(trade(1, "MT"), trade(2, "T"), more=True)
    second = page(trade(2, "T"), trade(3, "M", "buy"))
    with serve(
        Route(PATH, first, {"start_timestamp": str(MIDNIGHT)}),
        Route(PATH, second, {"start_timestamp": str(MIDNIGHT + 2)}, fault=fault),
    ) as replay:
        settings = settings_for(tmp_path, replay.base, "deribit_trades")
        outcome = run(settings, "deribit_trades", ask(*SPAN, "BTC/USD:BTC"))
        assert (outcome.outcome, outcome.error, outcome.rows_loaded) == ("loaded", None, 4)
        replay.log.clear()
        assert run(settings, "deribit_trades", ask(*SPAN, "BTC/USD:BTC")).outcome == "unchanged"
        assert replay.log == []
    sides = (
        "SELECT liquidated_side AS side, count(*) AS n FROM liquidations WHERE source_id = 'deribit_trades' GROUP BY "
        "side ORDER BY side"
    )
    assert rows(settings, sides).rows() == [("long", 3), ("short", 1)]


def test_only_the_first_page_of_a_day_that_is_not_over_is_asked_for_conditionally(tmp_path: Path) -> None:
    first, second = page(trade(1, "T"), trade(2), more=True), page(trade(2), trade(3))
    noon = ask(*SPAN, "BTC/USD:BTC", now=datetime(2025, 10, 10, 12, tzinfo=UTC))
    with serve(
        Route(PATH, first, {"start_timestamp": str(MIDNIGHT)}),
        Route(PATH, second, {"start_timestamp": str(MIDNIGHT + 2)}),
    ) as replay:
        settings = settings_for(tmp_path, replay.base, "deribit_trades")
        run(settings, "deribit_trades", noon)
        # As if fetched before the day was over: what was fetched after it is not asked for again.
        index = settings.snapshot_dir / "index.jsonl"
        index.write_text(index.read_text().replace('"fetched_at":"20', '"fetched_at":"10'))
        replay.log.clear()
        assert run(settings, "deribit_trades", noon).outcome == "unchanged"
        assert ["If-None-Match" in headers for _, _, headers in replay.log] == [True, False]


@pytest.mark.parametrize("body", [b'{"result": {}}', b'{"result": {"trades": [{}], "has_more": true}}', b"[]"])
def test_a_shape_that_is_not_known_fails_the_piece_and_not_the_refresh(tmp_path: Path, body: bytes) -> None:
    with serve(Route(PATH, body)) as replay:
        settings = settings_for(tmp_path, replay.base, "deribit_trades")
        outcome = run(settings, "deribit_trades", ask(*SPAN, "BTC/USD:BTC"))
    assert outcome.outcome == "failed" and "its shape is not the known one" in (outcome.error or "")


def test_a_feed_that_the_embedded_facts_describe_has_one_description(tmp_path: Path) -> None:
    with serve(Route(PATH, page(trade(1, "T")))) as replay:
        settings = settings_for(tmp_path, replay.base, "deribit_trades")
        run(settings, "deribit_trades", ask(*SPAN, "BTC/USD:BTC"))
    assert rows(settings, "SELECT source_id FROM sources WHERE source_id = 'deribit_trades'").height == 1


def test_a_symbol_that_fails_is_named_and_the_other_is_loaded(tmp_path: Path) -> None:
    with serve(
        Route(PATH, page(trade(1, "T")), {"instrument_name": "BTC-PERPETUAL"}),
        Route(PATH, page(trade(1), trade(3)), {"instrument_name": "ETH-PERPETUAL"}),
    ) as replay:
        settings = settings_for(tmp_path, replay.base, "deribit_trades")
        outcome = run(settings, "deribit_trades", ask(*SPAN, "BTC/USD:BTC", "ETH/USD:ETH"))
    assert outcome.outcome == "failed" and "ETH-PERPETUAL/2025-10-10: 1 trades are missing" in (outcome.error or "")
    assert outcome.rows_loaded == 1
