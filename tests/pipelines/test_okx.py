"""OKX: reversed cursors, contracts, days in UTC+8, positions and bankruptcy prices, errors inside status 200."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from types import ModuleType

import polars as pl
import pytest

from pipelines.source import CheckFailed, Piece, Refused
from pipelines.sources import _okx, okx_candles, okx_funding, okx_liquidations, okx_trades
from tests.pipelines.sources_kit import ask, opened, sample

DAY = date(2025, 10, 10)
MIDNIGHT = 1760054400000
SPAN = ("2025-10-10T00:00Z", "2025-10-11T00:00Z")
MINUTE = 60_000
BTC = {
    "instId": "BTC-USDT-SWAP",
    "ctType": "linear",
    "ctVal": "0.01",
    "ctMult": "1",
    "ctValCcy": "BTC",
}
INVERSE = {"instId": "BTC-USD-SWAP", "ctType": "inverse", "ctVal": "100", "ctMult": "1", "ctValCcy": "USD"}
TRADES = "instrument_name,trade_id,side,price,size,created_time\n"
FUNDING = "instrument_name,funding_rate,funding_time\r\n"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The venue's limits are for the venue."""
    for module in (okx_candles, okx_trades, okx_funding, okx_liquidations):
        monkeypatch.setattr(module, "SOURCE", replace(module.SOURCE, requests_per_second=10_000))


def reply(data: object, code: str = "0") -> bytes:
    return json.dumps({"code": code, "msg": "", "data": data}).encode()


def candle(minute: int, *more: str) -> list[str]:
    return [str(MIDNIGHT + minute * MINUTE), "100000", "100010", "99990", "100005", *more]


def packed(csv: str | bytes, name: str = "a.csv") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, csv)
    return file.getvalue()


def listed(*names: str, host: str = "https://static.okx.com") -> bytes:
    files = [{"filename": name, "url": f"{host}/cdn/{name}", "sizeMB": "1", "dateTs": "0"} for name in names]
    return reply([{"details": [{"groupDetails": files}]}])


def plan_of(module: ModuleType, symbol: str) -> list[Piece]:
    return list(module.plan(ask(*SPAN, symbol)))


def candles(symbol: str, *bodies: bytes, kind: str = "trade") -> pl.DataFrame:
    piece = Piece("x", facts={"symbol": symbol, "kind": kind, "day": str(DAY)})
    frames = okx_candles.parse(list(bodies), piece)
    okx_candles.check(frames, piece)
    return frames["bars"]


# candles


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


def test_recorded_swap_candles_hold_base_volume_at_a_hundredth_of_the_contracts() -> None:
    body = sample("okx_v5_candles.json")
    piece = Piece("x", facts={"symbol": "BTC/USDT:USDT", "kind": "trade", "day": "2025-05-12"})
    bars = okx_candles.parse([body], piece)["bars"]
    assert bars["volume_base"].to_list() == [71.6404, 10.4037]
    okx_candles.check({"bars": bars}, Piece("x", facts={**piece.facts, "day": "2025-05-12"}))


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


# errors inside status 200, contracts


def test_errors_inside_status_200_are_errors_and_a_rate_limit_is_worth_asking_again() -> None:
    limit, unknown, page = reply([], "50011"), reply([], "51001"), b"<html>Just a moment</html>"
    assert [(found.again, found.message[:22]) for body in (limit, unknown) if (found := _okx.fault(body))] == [
        (True, "OKX answers code 50011"),
        (False, "OKX answers code 51001"),
    ]
    html = _okx.fault(page)
    assert html is not None and html.again and "not JSON" in html.message
    assert _okx.fault(reply([])) is None and _okx.fault(packed("x")) is None


def test_recorded_contracts_are_base_or_where_inverse_usd() -> None:
    body = sample("okx_v5_instruments_swap.json")
    assert _okx.contract(body, "BTC/USD:BTC") == _okx.Contract(100.0, inverse=True)
    assert _okx.contract(body, "ETH/USDT:USDT") == _okx.Contract(0.1, inverse=False)


def test_a_contract_counted_in_something_else_or_not_listed_is_refused() -> None:
    with pytest.raises(Refused, match="does not list the swap"):
        _okx.contract(reply([BTC]), "ETH/USDT:USDT")
    with pytest.raises(Refused, match="counted in ETH"):
        _okx.contract(reply([{**BTC, "ctValCcy": "ETH"}]), "BTC/USDT:USDT")


@pytest.mark.parametrize(
    ("symbol", "name"),
    [("BTC/USDT:USDT", "BTC-USDT-SWAP"), ("BTC/USD:BTC", "BTC-USD-SWAP"), ("ETH/USDC:USDC", "ETH-USDC-SWAP")],
)
def test_names_of_swaps_go_both_ways(symbol: str, name: str) -> None:
    assert (_okx.native(symbol), _okx.unified(name)) == (name, symbol)
    assert _okx.unified("BTC-USD_UM-SWAP") is None


# trades


def test_days_are_utc_plus_8_so_one_utc_day_needs_two_archives() -> None:
    pieces = plan_of(okx_trades, "BTC/USDT:USDT")
    assert [piece.facts["file"] for piece in pieces] == [
        "BTC-USDT-SWAP-trades-2025-10-10.zip",
        "BTC-USDT-SWAP-trades-2025-10-11.zip",
    ]
    assert [piece.facts["start"] for piece in pieces] == ["2025-10-09T16:00:00+00:00", "2025-10-10T16:00:00+00:00"]
    assert pieces[0].requests[1].params == {
        "module": "1",
        "instType": "SWAP",
        "instFamilyList": "BTC-USDT",
        "dateAggrType": "daily",
        "begin": 1760025600000,
        "end": 1760025600000,
    }


def test_archives_that_cannot_be_published_yet_are_not_asked_for() -> None:
    days = list(_okx.archive_days(ask(*SPAN, now=datetime(2025, 10, 11, 20, tzinfo=UTC))))
    assert days == [DAY]


def test_the_recorded_listing_leads_to_its_archive() -> None:
    request = _okx.listing(_okx.TRADES, "BTC/USDT", date(2026, 3, 10), "BTC-USDT-trades-2026-03-10.zip")
    assert request.params["begin"] == 1773072000000
    found = _okx.follow(sample("okx_market-data-history.json"), request)
    assert found is not None and found.url == (
        "https://static.okx.com/cdn/okex/traderecords/trades/daily/20260310/BTC-USDT-trades-2026-03-10.zip"
    )
    assert _okx.follow(b"PK", found) is None


def test_an_archive_is_fetched_from_okx_s_own_archive_host_only() -> None:
    name = f"BTC-USDT-SWAP-trades-{DAY}.zip"
    request = _okx.listing(_okx.TRADES, "BTC/USDT:USDT", DAY, name)
    assert _okx.follow(listed("other.zip", name), request) is not None
    assert _okx.follow(listed(name, host="https://elsewhere.example"), request) is None
    assert _okx.follow(listed("other.zip"), request) is None


def tape(symbol: str, csv: str | bytes, size: dict[str, str] = BTC) -> pl.DataFrame:
    piece = plan_of(okx_trades, symbol)[0]
    contract = [reply([size])] if _okx.is_swap(symbol) else []
    frames = okx_trades.parse(opened(*contract, listed(), packed(csv)), piece)
    okx_trades.check(frames, piece)
    return frames["bars"]


def prints(*trades: Sequence[object], name: str = "BTC-USDT-SWAP") -> str:
    return TRADES + "".join(
        f"{name},{number},{side},{price},{size},{time}\n" for number, side, price, size, time in trades
    )


def test_trade_sizes_of_swaps_are_contracts_and_become_base() -> None:
    bars = tape("BTC/USDT:USDT", prints((2, "sell", 99, 300, MIDNIGHT + 5), (1, "buy", 101, 100, MIDNIGHT)))
    row = bars.row(0, named=True)
    assert (row["open"], row["high"], row["low"], row["close"], row["trades"]) == (101, 101, 99, 99, 2)
    assert (row["volume_base"], row["volume_quote"], row["taker_buy_base"]) == (4.0, 398.0, 1.0)
    assert (row["interval"], row["market"]) == ("1s", "perp")


def test_inverse_contracts_are_usd_and_spot_sizes_are_base() -> None:
    inverse = tape("BTC/USD:BTC", prints((1, "buy", 100_000, 50, MIDNIGHT)), INVERSE).row(0, named=True)
    assert (inverse["volume_base"], inverse["volume_quote"]) == (0.05, 5000.0)
    spot = tape("BTC/USDT", prints((1, "buy", 100_000, 0.5, MIDNIGHT), name="BTC-USDT")).row(0, named=True)
    assert (spot["market"], spot["volume_base"]) == ("spot", 0.5)


def test_columns_are_found_by_name_with_a_new_one_behind_or_a_chinese_word_after_the_slash() -> None:
    newer = (
        f"instrument_name,trade_id,side,price,size,created_time,source\r\nBTC-USDT-SWAP,1,sell,100,200,{MIDNIGHT},0\r\n"
    )
    older = f"trade_id/撮合id,side/交易方向,size/数量,price/价格,created_time/成交时间\n1,sell,200,100,{MIDNIGHT}\n"
    expected = tape("BTC/USDT:USDT", prints((1, "sell", 100, 200, MIDNIGHT)))
    assert tape("BTC/USDT:USDT", newer).equals(expected)
    assert tape("BTC/USDT:USDT", older.encode("gbk")).equals(expected)


def test_trades_of_another_day_or_side_and_a_missing_archive_are_errors() -> None:
    with pytest.raises(CheckFailed, match=r"another day than 2025-10-10 in UTC\+8"):
        tape("BTC/USDT:USDT", prints((1, "sell", 100, 200, MIDNIGHT + 16 * 60 * MINUTE)))
    with pytest.raises(CheckFailed, match="holds no trades"):
        tape("BTC/USDT:USDT", prints())
    with pytest.raises(Refused, match="sides other than"):
        tape("BTC/USDT:USDT", prints((1, "?", 100, 200, MIDNIGHT)))
    with pytest.raises(Refused, match="header lacks price"):
        tape("BTC/USDT:USDT", "trade_id,side,size,created_time\n1,buy,1,1\n")
    with pytest.raises(Refused, match=r"2025-10-10.zip: OKX lists no such archive"):
        okx_trades.parse(opened(reply([BTC]), listed()), plan_of(okx_trades, "BTC/USDT:USDT")[0])


# funding


def funding(before: Sequence[tuple[str, float, int]], day: Sequence[tuple[str, float, int]]) -> pl.DataFrame:
    """Rates of 2025-10-10 in UTC+8; times are given in hours from its start, 16:00 UTC of the 9th."""
    start = MIDNIGHT - 8 * 60 * MINUTE
    csv = (
        FUNDING + "".join(f"{name},{rate},{start + hour * 60 * MINUTE}\r\n" for name, rate, hour in part)
        for part in (before, day)
    )
    piece = plan_of(okx_funding, "BTC/USDT:USDT")[0]
    frames = okx_funding.parse([body for one in csv for body in (listed(), packed(one))], piece)
    okx_funding.check(frames, piece)
    return frames["funding_rates"]


def test_funding_covers_the_hours_since_the_payment_before_even_across_the_file_s_midnight() -> None:
    rates = funding(
        [("BTC-USDT-SWAP", 0.1, -8), ("BTC-USDT-SWAP", 0.2, -4)],
        [("BTC-USDT-SWAP", 0.0001, 0), ("BTC-USDT-SWAP", -0.0002, 8)],
    )
    assert rates.select("symbol", "funding_rate", "interval_hours").rows() == [
        ("BTC/USDT:USDT", 0.0001, 4.0),
        ("BTC/USDT:USDT", -0.0002, 8.0),
    ]
    assert rates["ts"].dt.strftime("%d %H").to_list() == ["09 16", "10 00"]


def test_an_interval_across_a_missing_payment_is_not_known_and_other_products_are_left_out() -> None:
    rates = funding(
        [("BTC-USD-SWAP", 0.1, -16)],
        [("BTC-USD-SWAP", 0.1, 0), ("BTC-USD_UM-SWAP", 0.1, 0)],
    )
    assert rates.select("symbol", "interval_hours").rows() == [("BTC/USD:BTC", None)]


def test_funding_needs_both_archives_and_a_payment_of_the_day() -> None:
    piece = plan_of(okx_funding, "BTC/USDT:USDT")[0]
    assert [request.params["instFamilyList"] for request in piece.requests] == ["ANY", "ANY"]
    with pytest.raises(Refused, match="the one before"):
        okx_funding.parse([listed(), packed(FUNDING + "BTC-USDT-SWAP,0.1,1\r\n"), listed()], piece)
    with pytest.raises(CheckFailed, match="no funding payment"):
        funding([("BTC-USDT-SWAP", 0.1, -8)], [("BTC-USDT-SWAP", 0.1, -4)])


# liquidations


def order(ts: int, pos_side: str, side: str, size: str = "300", price: str = "100000") -> dict[str, str]:
    return {"bkLoss": "0", "bkPx": price, "ccy": "", "posSide": pos_side, "side": side, "sz": size, "ts": str(ts)}


def orders(*details: dict[str, str], name: str = "BTC-USDT-SWAP") -> bytes:
    return reply([{"details": list(details), "instId": name, "instType": "SWAP", "uly": "", "instFamily": ""}])


def liquidated(*bodies: bytes, symbol: str = "BTC/USDT:USDT", size: dict[str, str] = BTC) -> pl.DataFrame:
    piece = Piece("x", facts={"symbol": symbol})
    frames = okx_liquidations.parse([reply([size]), *bodies], piece)
    okx_liquidations.check(frames, piece)
    return frames["liquidations"]


@pytest.mark.parametrize(
    ("pos_side", "side", "position"),
    [("long", "sell", "long"), ("short", "buy", "short"), ("net", "sell", "long"), ("net", "buy", "short")],
)
def test_okx_position_side_is_stated_and_where_net_it_is_the_side_the_order_closes(
    pos_side: str, side: str, position: str
) -> None:
    assert liquidated(orders(order(MIDNIGHT, pos_side, side)))["liquidated_side"].to_list() == [position]


def test_an_unknown_position_side_is_refused() -> None:
    with pytest.raises(Refused, match="unknown side"):
        liquidated(orders(order(MIDNIGHT, "", "")))


def test_the_recorded_liquidation_closes_a_short_at_its_bankruptcy_price() -> None:
    (message,) = json.loads(sample("okx_liquidation-orders.json"))
    (row,) = okx_liquidations._details(reply(message["data"]), "x")
    found = okx_liquidations._event(row, "XRP/USD:XRP", "x")
    assert (found["liquidated_side"], found["price"], found["price_kind"], found["quantity_base"], found["ts"]) == (
        "short",
        0.55205,
        "bankruptcy",
        39.0,
        1680173247614,
    )


def test_liquidations_are_contracts_times_contract_size_and_inverse_ones_usd() -> None:
    linear = liquidated(orders(order(MIDNIGHT, "long", "sell"))).row(0, named=True)
    assert (linear["quantity_base"], linear["notional_usd"], linear["price_kind"]) == (3.0, 300_000.0, "bankruptcy")
    body = orders(order(MIDNIGHT, "long", "sell"), name="BTC-USD-SWAP")
    inverse = liquidated(body, symbol="BTC/USD:BTC", size=INVERSE).row(0, named=True)
    assert (inverse["quantity_base"], inverse["notional_usd"]) == (0.3, 30_000.0)


def test_no_liquidation_at_all_is_a_fair_answer() -> None:
    assert liquidated(reply([])).height == 0


def test_pages_go_back_until_nothing_is_older_and_their_overlap_counts_once() -> None:
    first = okx_liquidations.Request(okx_liquidations.ORDERS, {"limit": 100})
    page = orders(order(MIDNIGHT + 9, "long", "sell"), order(MIDNIGHT + 5, "long", "sell"))
    second = okx_liquidations.follow(page, first)
    assert second is not None and second.params == {"limit": 100, "after": MIDNIGHT + 6}
    overlap = orders(order(MIDNIGHT + 5, "long", "sell"))
    third = okx_liquidations.follow(overlap, second)
    assert third is not None and third.params["after"] == MIDNIGHT + 5
    assert okx_liquidations.follow(reply([]), third) is None
    assert okx_liquidations.follow(overlap, third) is None, "a server that ignores the cursor is not asked for ever"
    assert liquidated(page, overlap).height == 2


@pytest.mark.parametrize(
    "read",
    [
        lambda: liquidated(reply([{"instId": "BTC-USDT-SWAP"}])),
        lambda: liquidated(orders({"ts": "1"})),
        lambda: candles("BTC/USDT", reply([["1", "2"]])),
        lambda: candles("BTC/USDT", reply([candle(0, "a", "b", "c", "1")])),
        lambda: _okx.contract(reply([{"instId": "BTC-USDT-SWAP"}]), "BTC/USDT:USDT"),
        lambda: _okx.follow(reply([{}]), _okx.listing("1", "BTC/USDT", DAY, "x.zip")),
        lambda: _okx.data(b'{"code": "0"}', "x"),
    ],
)
def test_shapes_that_are_not_known_are_refused(read: Callable[[], object]) -> None:
    with pytest.raises(Refused, match=r"shape is not the known one|no list `data`"):
        read()
