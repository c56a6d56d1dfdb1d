"""Bitfinex: the sign is the position, a trigger is not an execution, and pages overlap by a millisecond."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from pipelines.source import CheckFailed, Piece, Refused
from pipelines.sources import bitfinex_liquidations
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

MIDNIGHT = 1760054400000
SPAN = ("2025-10-10T00:00Z", "2025-10-11T00:00Z")
PATH = "/v2/liquidations/hist"
BTC = "tBTCF0:USTF0"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The venue's limits are for the venue."""
    monkeypatch.setattr(
        bitfinex_liquidations, "SOURCE", replace(bitfinex_liquidations.SOURCE, requests_per_second=10_000)
    )


def trigger(position: int, amount: float, time: int = 0, market: str = BTC) -> list[object]:
    return ["pos", position, MIDNIGHT + time, None, market, amount, 110_000, None, 0, 0, None, None]


def execution(
    position: int, amount: float, time: int = 0, market: str = BTC, price: float | None = 100_000, sold: int = 1
) -> list[object]:
    return ["pos", position, MIDNIGHT + time, None, market, amount, 110_000, None, 1, sold, None, price]


def page(*entries: list[object]) -> bytes:
    return json.dumps([[entry] for entry in entries]).encode()


def liquidated(*bodies: bytes, over: str = "yes") -> pl.DataFrame:
    piece = Piece("the day", facts={"day": "2025-10-10", "over": over})
    frames = bitfinex_liquidations.parse(list(bodies), piece)
    bitfinex_liquidations.check(frames, piece)
    return frames["liquidations"]


@pytest.mark.parametrize(("amount", "position"), [(0.5, "long"), (-0.5, "short")])
def test_bitfinex_sign_of_the_amount_is_the_position(amount: float, position: str) -> None:
    row = liquidated(page(execution(1, amount))).row(0, named=True)
    assert (row["liquidated_side"], row["quantity_base"], row["notional_usd"]) == (position, 0.5, 50_000.0)


def test_a_trigger_announces_the_position_and_only_its_executions_count() -> None:
    found = liquidated(page(trigger(1, 3), execution(1, 1, 5), execution(1, 2, 6), trigger(2, 9, 7)))
    assert found["quantity_base"].to_list() == [1.0, 2.0]
    assert found["event_id"].n_unique() == 2


def test_what_the_system_took_over_is_insurance_and_not_sold_in_the_market() -> None:
    found = liquidated(page(execution(1, 1, sold=1), execution(2, 1, sold=0)))
    assert found["mechanism"].to_list() == ["liquidation", "insurance"]


@pytest.mark.parametrize(
    ("market", "symbol"),
    [
        ("tBTCF0:USTF0", "BTC/USDT:USDT"),
        ("tBTCUSD", "BTC/USD"),
        ("tETHUST", "ETH/USDT"),
        ("tDUSK:USD", "DUSK/USD"),
        ("tIOTF0:USTF0", "IOTA/USDT:USDT"),
        ("tETHBTC", None),
        ("tETHF0:BTCF0", None),
        ("tTESTBTCF0:TESTUSDTF0", None),
        ("tTESTBTC:TESTUSD", None),
    ],
)
def test_names_of_markets_and_those_left_out_as_paper_or_not_quoted_in_dollars(market: str, symbol: str | None) -> None:
    assert bitfinex_liquidations.unified(market) == symbol
    assert liquidated(page(execution(1, 1, market=market)))["symbol"].to_list() == ([symbol] if symbol else [])


def test_margin_positions_are_of_the_spot_market() -> None:
    assert liquidated(page(execution(1, 1, market="tBTCUSD")))["market"].to_list() == ["spot"]


def test_pages_go_on_until_nothing_is_newer_and_their_overlap_counts_once() -> None:
    (piece,) = bitfinex_liquidations.plan(ask(*SPAN))
    request = piece.requests[0]
    assert request.params == {"start": MIDNIGHT, "end": MIDNIGHT + 86_400_000 - 1, "sort": 1, "limit": 500}
    first = page(execution(1, 1, 1), execution(2, 1, 9))
    second = bitfinex_liquidations.follow(first, request)
    assert second is not None and second.params["start"] == MIDNIGHT + 9
    last = page(execution(2, 1, 9), execution(3, 1, 9))
    assert bitfinex_liquidations.follow(last, second) is None
    assert liquidated(first, last).height == 3


@pytest.mark.parametrize(
    ("bodies", "says"),
    [
        ((page(execution(1, 1, 9), execution(2, 1, 1)),), "not in order of time"),
        ((page(*(execution(number, 1) for number in range(500))),), "500 rows or more"),
        ((page(),), "no liquidation at all"),
        ((b'[[["pos", 1]]]',), "its shape is not"),
        ((b'[["pos", 1, 2]]',), "its shape is not|not positions"),
        ((b'{"rows": []}',), "its shape is not|not positions"),
        ((b"<html>",), "not JSON"),
    ],
)
def test_pages_that_cannot_be_whole_are_refused(bodies: tuple[bytes, ...], says: str) -> None:
    with pytest.raises(Refused, match=says):
        liquidated(*bodies)


def test_a_day_just_begun_may_be_empty_and_another_day_is_an_error() -> None:
    assert liquidated(page(), over="no").height == 0
    with pytest.raises(CheckFailed, match="another day"):
        liquidated(page(execution(1, 1, -1)))


def test_errors_are_lists_or_objects_and_a_rate_limit_is_worth_asking_again() -> None:
    limit, wrong = b'{"error":"ERR_RATE_LIMIT"}', b'["error", 10020, "limit: invalid"]'
    assert [bitfinex_liquidations.fault(body).again for body in (limit, wrong)] == [True, False]
    assert bitfinex_liquidations.fault(b"<html>").again
    assert bitfinex_liquidations.fault(page()) is None and bitfinex_liquidations.fault(page(trigger(1, 1))) is None


@pytest.mark.parametrize(
    "fault",
    [None, Fault("status", 1, 429), Fault("body", 1, body=b'{"error":"ERR_RATE_LIMIT"}'), Fault("truncate", 1)],
)
def test_end_to_end_an_execution_without_a_price_is_quarantined(tmp_path: Path, fault: Fault | None) -> None:
    first = page(trigger(1, 2), execution(1, 2, 5), execution(2, -1, 6, price=None))
    with serve(
        Route(PATH, first, {"start": str(MIDNIGHT)}, fault=fault),
        Route(PATH, page(execution(2, -1, 6, price=None)), {"start": str(MIDNIGHT + 6)}),
    ) as replay:
        settings = settings_for(tmp_path, replay.base, "bitfinex_liquidations")
        outcome = run(settings, "bitfinex_liquidations", ask(*SPAN))
        assert (outcome.outcome, outcome.error) == ("loaded", None)
        assert (outcome.rows_loaded, outcome.rows_refused) == (1, 1)
        replay.log.clear()
        assert run(settings, "bitfinex_liquidations", ask(*SPAN)).outcome == "unchanged"
        assert replay.log == []
    kept = rows(settings, "SELECT feed, quantity_base FROM liquidations WHERE source_id = 'bitfinex_liquidations'")
    assert kept.rows() == [("liquidations/hist", 2.0)]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'["error", 10020, "start: invalid"]', "Bitfinex answers error 10020. The"),
        (b'[[["pos", 1]]]', "its shape is not the known one"),
    ],
)
def test_end_to_end_a_refused_request_or_page_is_named_and_nothing_is_loaded(
    tmp_path: Path, body: bytes, says: str
) -> None:
    with serve(Route(PATH, body)) as replay:
        settings = settings_for(tmp_path, replay.base, "bitfinex_liquidations")
        outcome = run(settings, "bitfinex_liquidations", ask(*SPAN))
    assert outcome.outcome == "failed" and says in (outcome.error or "")
