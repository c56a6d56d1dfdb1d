"""OKX: reversed cursors, contracts, errors inside status 200."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise

import polars as pl
import pytest

from pipelines.source import CheckFailed, Piece, Refused
from pipelines.sources import okx_candles
from pipelines.sources.common import okx
from tests.pipelines.okx_kit import (
    BTC,
    DAY,
    MIDNIGHT,
    MINUTE,
    SPAN,
    candle,
    packed,
    plan_of,
    reply,
)
from tests.pipelines.sources_kit import ask


def candles(symbol: str, *bodies: bytes, kind: str = "trade") -> pl.DataFrame:
    piece = Piece("x", facts={"symbol": symbol, "kind": kind, "day": str(DAY)})
    frames = okx_candles.parse(list(bodies), piece)
    okx_candles.check(frames, piece)
    return frames["bars"]


def test_after_means_older_and_before_newer_so_windows_cover_the_day_once() -> None:
    trade, mark = plan_of(okx_candles, "BTC/USDT:USDT")
    for piece, length in ((trade, 300), (mark, 100)):
        windows = [(int(one.params["before"]) + 1, int(one.params["after"])) for one in piece.requests]
        assert windows[0][0] == MIDNIGHT and windows[-1][1] == MIDNIGHT + 1440 * MINUTE
        assert all(earlier[1] == later[0] for earlier, later in pairwise(windows))
        assert (
            max(end - start for start, end in windows)
            == length * MINUTE
            == int(piece.requests[0].params["limit"]) * MINUTE
        )


def test_windows_that_have_not_begun_are_not_asked_for() -> None:
    noon = ask(*SPAN, "BTC/USDT", now=datetime(2025, 10, 10, 6, tzinfo=UTC))
    (piece,) = okx_candles.plan(noon)
    assert len(piece.requests) == 2
    assert piece.final_at == datetime(2025, 10, 11, 1, tzinfo=UTC)


def test_swap_volume_is_contracts_then_base_then_quote_and_the_base_is_taken() -> None:
    bars = candles(
        "BTC/USDT:USDT", reply([candle(1, "5000", "50", "5000100", "1"), candle(0, "1", "0.01", "1000", "1")])
    )
    assert bars.select("volume_base", "volume_quote").rows() == [(0.01, 1000.0), (50.0, 5000100.0)]
    assert bars["ts"].dt.strftime("%H:%M").to_list() == ["00:00", "00:01"]
    assert bars.select("venue", "market", "symbol", "kind", "interval").row(0) == (
        "okx",
        "perp",
        "BTC/USDT:USDT",
        "trade",
        "1m",
    )


def test_spot_volume_is_base_first() -> None:
    bars = candles("BTC/USDT", reply([candle(0, "2", "200000", "200000", "1")]))
    assert bars.select("market", "volume_base", "volume_quote").row(0) == ("spot", 2.0, 200000.0)


def test_mark_prices_have_no_volume_rather_than_zero() -> None:
    bars = candles("BTC/USDT:USDT", reply([candle(0, "1")]), kind="mark")
    assert bars["kind"].to_list() == ["mark"] and "volume_base" not in bars.columns


def test_a_minute_that_is_still_forming_is_left_out() -> None:
    bars = candles(
        "BTC/USDT", reply([candle(1, "2", "200000", "200000", "0"), candle(0, "2", "200000", "200000", "1")])
    )
    assert bars["ts"].dt.minute().to_list() == [0]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (reply([]), "no bars"),
        (reply([candle(-1, "1", "0.01", "1000", "1")]), "another day"),
        (reply([candle(0, "0.01", "1", "1000", "1")]), "volume columns have changed"),
    ],
)
def test_an_empty_day_another_day_and_swapped_volumes_are_errors(body: bytes, says: str) -> None:
    with pytest.raises(CheckFailed, match=says):
        candles("BTC/USDT:USDT", body)


def test_a_reply_cut_at_a_hundred_bars_is_refused_as_it_would_leave_a_hole() -> None:
    newest = [candle(minute, "1", "0.01", "1000", "1") for minute in range(299, 199, -1)]
    with pytest.raises(Refused, match="100 bars where 300"):
        candles("BTC/USDT:USDT", reply(newest))


def test_errors_inside_status_200_are_errors_and_a_rate_limit_is_worth_asking_again() -> None:
    limit, unknown, page = reply([], "50011"), reply([], "51001"), b"<html>Just a moment</html>"
    assert [(found.again, found.message) for body in (limit, unknown) if (found := okx.fault(body))] == [
        (True, "OKX answers error 50011"),
        (False, "OKX answers error 51001"),
    ]
    html = okx.fault(page)
    assert html is not None and html.again and "not JSON" in html.message
    assert okx.fault(reply([])) is None and okx.fault(packed("x")) is None


LISTED = {
    "alias": "", "auctionEndTime": "", "baseCcy": "", "category": "1", "contTdSwTime": "", "ctMult": "1",
    "expTime": "", "futureSettlement": False, "instIdCode": 10461, "instType": "SWAP", "lever": "100",
    "listTime": "1573557408000", "lotSz": "0.01", "maxIcebergSz": "100000000.0000000000000000",
    "maxLmtAmt": "20000000", "maxLmtSz": "100000000", "maxMktAmt": "", "maxMktSz": "20000", "maxPlatOILmt": "",
    "maxStopSz": "20000", "maxTriggerSz": "100000000.0000000000000000", "maxTwapSz": "100000000.0000000000000000",
    "minSz": "0.01", "openType": "", "optType": "", "posLmtAmt": "", "posLmtPct": "", "preMktSwTime": "",
    "quoteCcy": "", "ruleType": "normal", "state": "live", "stk": "", "tickSz": "0.1", "tradeQuoteCcyList": [],
}  # fmt: skip
"""What OKX's list says of every swap; each says its size as well."""


def test_contracts_are_base_or_where_inverse_usd() -> None:
    dollars = {"instId": "BTC-USD-SWAP", "instFamily": "BTC-USD", "uly": "BTC-USD", "settleCcy": "BTC"}
    dollars |= {"ctType": "inverse", "ctVal": "100", "ctValCcy": "USD"}
    coins = {"instId": "ETH-USDT-SWAP", "instFamily": "ETH-USDT", "uly": "ETH-USDT", "settleCcy": "USDT"}
    coins |= {"ctType": "linear", "ctVal": "0.1", "ctValCcy": "ETH"}
    body = reply([LISTED | dollars, LISTED | coins])
    assert okx.contract(body, "BTC/USD:BTC") == okx.Contract(100.0, inverse=True)
    assert okx.contract(body, "ETH/USDT:USDT") == okx.Contract(0.1, inverse=False)


def test_a_contract_counted_in_something_else_or_not_listed_is_refused() -> None:
    with pytest.raises(Refused, match="does not list the swap"):
        okx.contract(reply([BTC]), "ETH/USDT:USDT")
    with pytest.raises(Refused, match="counted in another coin"):
        okx.contract(reply([{**BTC, "ctValCcy": "ETH"}]), "BTC/USDT:USDT")


@pytest.mark.parametrize(
    ("symbol", "name"),
    [("BTC/USDT:USDT", "BTC-USDT-SWAP"), ("BTC/USD:BTC", "BTC-USD-SWAP"), ("ETH/USDC:USDC", "ETH-USDC-SWAP")],
)
def test_names_of_swaps_go_both_ways(symbol: str, name: str) -> None:
    assert (okx.native(symbol), okx.unified(name)) == (name, symbol)
    assert okx.unified("BTC-USD_UM-SWAP") is None


@pytest.mark.parametrize(
    "read",
    [
        lambda: candles("BTC/USDT", reply([["1", "2"]])),
        lambda: candles("BTC/USDT", reply([candle(0, "a", "b", "c", "1")])),
        lambda: okx.contract(reply([{"instId": "BTC-USDT-SWAP"}]), "BTC/USDT:USDT"),
        lambda: okx.follow(reply([{}]), okx.listing("1", "BTC/USDT", DAY, "x.zip")),
        lambda: okx.data(b'{"code": "0"}', "x"),
    ],
)
def test_shapes_that_are_not_known_are_refused(read: Callable[[], object]) -> None:
    with pytest.raises(Refused, match=r"shape is not the known one|no list `data`"):
        read()
