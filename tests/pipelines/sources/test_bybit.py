"""Bybit: units of inverse contracts, seconds and milliseconds, sides of open interest, hours of funding, errors
inside 200."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from pipelines.source import CheckFailed, Frames, Piece, Refused
from pipelines.sources import bybit_funding_history, bybit_klines, bybit_open_interest, bybit_trades
from pipelines.sources.common import archives, bybit
from tests.pipelines.sources_kit import ask, opened, run, settings_for
from tests.replay.server import Route, serve

LINEAR, INVERSE, SPOT = "BTC/USDT:USDT", "BTC/USD:BTC", "BTC/USDT"
OCT_10 = datetime(2025, 10, 10, tzinfo=UTC)
DAY = ("2025-10-10T00:00Z", "2025-10-11T00:00Z")
CRASH = 1760130900
"""2025-10-10 21:15:00 UTC in seconds."""
TRADING = "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional"


def ms(hours: float) -> int:
    """A moment of October 10, 2025 as Bybit writes it."""
    return int((OCT_10 + timedelta(hours=hours)).timestamp() * 1000)


def reply(found: list[object], given: int = 1_764_000_000_000, **result: object) -> bytes:
    return json.dumps({"retCode": 0, "retMsg": "OK", "result": {"list": found, **result}, "time": given}).encode()


def read(module: ModuleType, piece: Piece, *bodies: bytes) -> pl.DataFrame:
    frames: Frames = module.parse(opened(*bodies) if module.SOURCE.heavy else list(bodies), piece)
    module.check(frames, piece)
    (frame,) = frames.values()
    return frame


def planned(module: ModuleType, symbol: str, now: datetime | None = None) -> Piece:
    asked = ask(*DAY, symbol, now=now) if now else ask(*DAY, symbol)
    return next(iter(module.plan(asked)))


def trades(symbol: str, *lines: str, pack: int = 1) -> pl.DataFrame:
    """The bars of an archive of these lines, its bytes in `pack` gzip members."""
    text = "".join(f"{line}\n" for line in lines).encode()
    cut = [text[len(text) * part // pack : len(text) * (part + 1) // pack] for part in range(pack)]
    return read(bybit_trades, planned(bybit_trades, symbol), b"".join(gzip.compress(part) for part in cut))


# Trades


def test_linear_archives_count_the_base_asset_and_give_float_seconds() -> None:
    bar = trades(
        LINEAR,
        TRADING,
        f"{CRASH}.5983,BTCUSDT,Buy,0.5,110000.00,PlusTick,id1,5.5e+12,0.5,55000",
        f"{CRASH},BTCUSDT,Sell,0.25,110010.00,PlusTick,id2,2.7e+12,0.25,27502.5",
    ).row(0, named=True)
    assert bar["ts"] == datetime(2025, 10, 10, 21, 15, tzinfo=UTC)
    assert (bar["open"], bar["close"]) == (110010.0, 110000.0)
    assert (bar["volume_base"], bar["volume_quote"], bar["taker_buy_base"], bar["trades"]) == (0.75, 82502.5, 0.5, 2)
    assert (bar["venue"], bar["market"], bar["symbol"], bar["interval"]) == ("bybit", "perp", LINEAR, "1s")


def test_spot_archives_give_milliseconds_and_call_the_size_volume() -> None:
    bar = trades(
        SPOT,
        "id,timestamp,price,volume,side",
        f"1,{CRASH}598,110000,0.5,buy",
        f"2,{CRASH}999,110010,0.25,sell",
    ).row(0, named=True)
    assert bar["ts"] == datetime(2025, 10, 10, 21, 15, tzinfo=UTC)
    assert (bar["market"], bar["volume_base"], bar["taker_buy_base"], bar["close"]) == ("spot", 0.75, 0.5, 110010.0)


def test_inverse_sizes_are_usd_though_home_and_foreign_notional_are_swapped() -> None:
    bar = trades(INVERSE, TRADING, f"{CRASH},BTCUSD,Sell,55000,110000.00,MinusTick,id,5e+07,55000,0.5").row(
        0, named=True
    )
    assert (bar["volume_base"], bar["volume_quote"], bar["taker_buy_base"]) == (0.5, 55000.0, 0.0)


def test_the_added_rpi_column_and_any_other_order_of_columns_do_no_harm() -> None:
    plain = trades(LINEAR, TRADING, f"{CRASH}.5,BTCUSDT,Buy,0.5,110000,PlusTick,id,1,0.5,55000")
    with_rpi = trades(LINEAR, f"{TRADING},RPI", f"{CRASH}.5,BTCUSDT,Buy,0.5,110000,PlusTick,id,1,0.5,55000,1")
    moved = trades(LINEAR, "RPI,price,side,size,timestamp", f"0,110000,Buy,0.5,{CRASH}.5")
    assert plain.equals(with_rpi) and plain.equals(moved)


def test_trades_of_one_moment_keep_the_order_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep prints many prices at one timestamp: the last line is the close, not the first, in one block or in
    many."""
    sweep = [f"{CRASH}.5,Sell,1,{110000 - step},{step * step}" for step in range(300)]
    for block in (archives.LINES, 800):
        monkeypatch.setattr(archives, "PACKED", block)
        monkeypatch.setattr(archives, "LINES", block)
        found = trades(LINEAR, "timestamp,side,size,price,x", *sweep)
        assert found.select("open", "close").rows() == [(110000.0, 109701.0)]


def test_a_file_may_begin_with_its_newest_trade() -> None:
    lines = [f"{CRASH}.9,Buy,1,103", f"{CRASH}.5,Buy,1,102", f"{CRASH}.5,Buy,1,101", f"{CRASH}.1,Buy,1,100"]
    found = trades(LINEAR, "timestamp,side,size,price", *lines, f"{CRASH - 1},Buy,1,99")
    assert found.select("open", "close").rows() == [(99.0, 99.0), (100.0, 103.0)]
    one_moment = trades(LINEAR, "timestamp,side,size,price", *lines[1:3], f"{CRASH - 1},Buy,1,99")
    assert one_moment["close"].to_list() == [99.0, 102.0]


@pytest.mark.parametrize("pack", [1, 3])
def test_blocks_and_gzip_members_add_up_like_one(monkeypatch: pytest.MonkeyPatch, pack: int) -> None:
    monkeypatch.setattr(archives, "PACKED", 800)
    monkeypatch.setattr(archives, "LINES", 800)
    tape = [(CRASH + step / 8, 0.25 + step % 5, 100 + step % 7, step % 2) for step in range(400)]
    lines = [f"{time},{'Buy' if buy else 'Sell'},{size},{price},x" for time, size, price, buy in tape]
    found = trades(LINEAR, "timestamp,side,size,price,RPI", *lines, pack=pack)
    plain = (
        pl.DataFrame(tape, schema=["time", "size", "price", "buy"], orient="row")
        .group_by((pl.col("time").floor() * 1_000_000).cast(pl.Datetime("us", "UTC")).alias("ts"), maintain_order=True)
        .agg(
            open=pl.col("price").first().cast(pl.Float64),
            close=pl.col("price").last().cast(pl.Float64),
            volume_base=pl.col("size").sum(),
            taker_buy_base=pl.col("size").filter(pl.col("buy") == 1).sum(),
            trades=pl.len().cast(pl.Int64),
        )
    )
    assert found.select(plain.columns).rows() == plain.rows()


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        (("timestamp,symbol,side,size", f"{CRASH},BTCUSDT,Buy,1"), "its header lacks price"),
        (("timestamp,side,size,price", f"{CRASH},Long,1,2"), "lacks its time, side, size or price"),
        (("timestamp,side,size,price", f"{CRASH},Buy,,2"), "lacks its time, side, size or price"),
        (("timestamp,side,size,price", f"{CRASH},Buy,0,2"), "is not positive"),
        (("<html>blocked</html>",), "its header lacks"),
    ],
)
def test_an_archive_that_is_not_what_it_should_be_is_refused(lines: tuple[str, ...], refusal: str) -> None:
    with pytest.raises(Refused, match=refusal):
        trades(LINEAR, *lines)


def test_a_damaged_or_cut_archive_is_refused() -> None:
    whole = gzip.compress(f"timestamp,side,size,price\n{CRASH},Buy,1,2\n".encode())
    altered = whole[:-6] + bytes([whole[-6] ^ 1]) + whole[-5:]
    for body in (altered, whole[:-9], b"<html>busy</html>"):
        with pytest.raises(Refused, match=r"BTCUSDT2025-10-10.csv.gz: it cannot be unpacked"):
            read(bybit_trades, planned(bybit_trades, LINEAR), body)


def test_trades_of_another_day_or_none_fail_the_check() -> None:
    with pytest.raises(CheckFailed, match="trades of another day"):
        trades(LINEAR, "timestamp,side,size,price", f"{CRASH + 86_400},Buy,1,2")
    with pytest.raises(CheckFailed, match="holds no trades"):
        trades(LINEAR, "timestamp,side,size,price")


def test_archives_are_asked_for_by_bybits_names() -> None:
    urls = {
        symbol: planned(bybit_trades, symbol).requests[0].url.removeprefix(bybit.ARCHIVE)
        for symbol in (LINEAR, INVERSE, SPOT)
    }
    assert urls == {
        LINEAR: "/trading/BTCUSDT/BTCUSDT2025-10-10.csv.gz",
        INVERSE: "/trading/BTCUSD/BTCUSD2025-10-10.csv.gz",
        SPOT: "/spot/BTCUSDT/BTCUSDT_2025-10-10.csv.gz",
    }
    assert (bybit.native("BTC/USDC:USDC"), bybit.native("1000PEPE/USDT:USDT")) == ("BTCPERP", "1000PEPEUSDT")


# Price bars


def kline(hours: float, *values: object) -> list[str]:
    return [str(ms(hours)), *map(str, values)]


def test_linear_volume_is_base_and_turnover_quote_and_the_newest_bar_comes_first() -> None:
    found = read(
        bybit_klines,
        planned(bybit_klines, LINEAR),
        reply([kline(1, 100, 110, 90, 105, 2, 200), kline(0, 99, 101, 98, 100, 3, 300)], symbol="BTCUSDT"),
    )
    assert found["ts"].to_list() == [OCT_10, OCT_10 + timedelta(hours=1)]
    assert found.select("open", "high", "low", "close", "volume_base", "volume_quote").rows() == [
        (99.0, 101.0, 98.0, 100.0, 3.0, 300.0),
        (100.0, 110.0, 90.0, 105.0, 2.0, 200.0),
    ]


def test_inverse_volume_is_usd_and_turnover_the_base_asset() -> None:
    bar = read(
        bybit_klines, planned(bybit_klines, INVERSE), reply([kline(0, 100, 110, 90, 105, 200, 2)], symbol="BTCUSD")
    )
    assert bar.select("volume_base", "volume_quote", "market").rows() == [(2.0, 200.0, "perp")]


def test_mark_and_index_bars_carry_no_volume_and_spot_has_neither() -> None:
    pieces = list(bybit_klines.plan(ask(*DAY, LINEAR)))
    assert [piece.facts["kind"] for piece in pieces] == ["trade", "mark", "index"]
    for piece in pieces[1:]:
        bar = read(bybit_klines, piece, reply([kline(0, 100, 110, 90, 105)], symbol="BTCUSDT"))
        assert bar["kind"].to_list() == [piece.facts["kind"]]
        assert "volume_base" not in bar.columns
    assert [piece.facts["kind"] for piece in bybit_klines.plan(ask(*DAY, SPOT))] == ["trade"]


def test_a_day_is_asked_for_in_windows_of_at_most_1000_bars_that_meet() -> None:
    first, second = (request.params for request in planned(bybit_klines, LINEAR).requests)
    assert (first["start"], second["end"]) == (ms(0), ms(24) - 1)
    assert second["start"] == first["end"] + 1
    assert (first["end"] + 1 - first["start"]) // 60_000 == first["limit"] == 1000
    assert (first["category"], first["symbol"], first["interval"]) == ("linear", "BTCUSDT", 1)


def test_a_bar_that_was_still_forming_is_not_loaded() -> None:
    now = OCT_10 + timedelta(minutes=30)
    piece = planned(bybit_klines, LINEAR, now=now)
    assert len(piece.requests) == 1
    found = read(
        bybit_klines,
        piece,
        reply([kline(0.5, 1, 1, 1, 1, 1, 1), kline(29 / 60, 2, 2, 2, 2, 2, 2)], given=ms(0.5) + 59_000),
    )
    assert found["open"].to_list() == [2.0]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (reply([kline(0, 1, 2, 1, 2, 3)]), "a row is not start"),
        (reply([kline(0, 1, 2, 1, "high", 3, 4)]), "a row is not start"),
        (reply([kline(0, 1, 2, 1, 2, 3, 4)], symbol="ETHUSDT"), "the reply is about something else"),
        (b'{"retCode": 0, "result": {}, "time": 1}', "has no list of rows"),
        (b"<html>maintenance</html>", "it is not JSON"),
    ],
)
def test_a_reply_of_another_shape_is_refused(body: bytes, refusal: str) -> None:
    with pytest.raises(Refused, match=refusal):
        read(bybit_klines, planned(bybit_klines, LINEAR), body)


@pytest.mark.parametrize("module", [bybit_klines, bybit_open_interest, bybit_funding_history])
def test_an_empty_list_is_not_an_empty_day(module: ModuleType) -> None:
    with pytest.raises(CheckFailed, match="may not have existed"):
        read(module, planned(module, LINEAR), reply([]))


def test_values_of_another_day_fail_the_check() -> None:
    with pytest.raises(CheckFailed, match="bars of another day"):
        read(bybit_klines, planned(bybit_klines, LINEAR), reply([kline(25, 1, 1, 1, 1, 1, 1)]))
    with pytest.raises(CheckFailed, match="times of another day"):
        read(bybit_open_interest, planned(bybit_open_interest, LINEAR), reply([interest(25, "2")]))
    with pytest.raises(CheckFailed, match="payments of another month"):
        read(bybit_funding_history, planned(bybit_funding_history, LINEAR), reply([payment(24 * 40)]))


def test_errors_inside_200_are_faults_and_only_passing_ones_are_asked_again() -> None:
    limit = bybit.fault(b'{"retCode": 10006, "retMsg": "Too many visits!"}')
    wrong = bybit.fault(b'{"retCode": 10001, "retMsg": "Not supported symbols"}')
    assert limit is not None and limit.again
    assert wrong is not None and not wrong.again and wrong.message == "Bybit answers error 10001"
    assert bybit.fault(reply([])) is None
    assert bybit.fault(b"<html>") is None


# Open interest


def interest(hours: float, both: str, single: str | None = None) -> dict[str, str]:
    return {"openInterest": both, "timestamp": str(ms(hours))} | ({"singleOpenInterest": single} if single else {})


def test_open_interest_is_one_side_where_stated_and_else_marked_as_both() -> None:
    found = read(
        bybit_open_interest,
        planned(bybit_open_interest, LINEAR),
        reply([interest(1, "200", "100"), interest(0, "210")], nextPageCursor="lastid%3D1"),
    )
    assert found.select("ts", "open_interest_base", "sides").rows() == [
        (OCT_10, 210.0, "both"),
        (OCT_10 + timedelta(hours=1), 100.0, "one"),
    ]


def test_inverse_open_interest_is_usd_and_nothing_is_converted() -> None:
    found = read(bybit_open_interest, planned(bybit_open_interest, INVERSE), reply([interest(0, "461134384.0")]))
    assert found["open_interest_usd"].to_list() == [461134384.0]
    assert "open_interest_base" not in found.columns


def test_open_interest_windows_stay_below_the_limit_so_that_no_cursor_is_needed() -> None:
    windows = [request.params for request in planned(bybit_open_interest, LINEAR).requests]
    assert [window["startTime"] for window in windows] == [ms(0), ms(12)]
    for window in windows:
        assert (window["endTime"] - window["startTime"]) // 300_000 + 1 <= window["limit"] == 200


# Funding


def payment(hours: float, rate: str = "0.0001", symbol: str = "BTCUSDT") -> dict[str, str]:
    return {"symbol": symbol, "fundingRate": rate, "fundingRateTimestamp": str(ms(hours))}


SEPTEMBER_30, OCTOBER_1 = -9 * 24 - 8, -9 * 24


def test_funding_hours_are_the_time_since_the_payment_before() -> None:
    found = read(
        bybit_funding_history,
        planned(bybit_funding_history, LINEAR),
        reply([payment(OCTOBER_1 + 8), payment(OCTOBER_1), payment(SEPTEMBER_30, "0.9")]),
        reply([payment(OCTOBER_1 + 13, "-0.004"), payment(OCTOBER_1 + 12)]),
    )
    assert found.select("interval_hours", "funding_rate").rows() == [
        (8.0, 0.0001),
        (8.0, 0.0001),
        (4.0, 0.0001),
        (1.0, -0.004),
    ]


def test_funding_hours_are_not_guessed_where_a_payment_is_missing() -> None:
    found = read(bybit_funding_history, planned(bybit_funding_history, LINEAR), reply([payment(24), payment(8)]))
    assert found["interval_hours"].to_list() == [None, None]


def test_a_funding_start_never_goes_without_an_end_and_hourly_payments_fit_a_window() -> None:
    windows = [request.params for request in planned(bybit_funding_history, LINEAR).requests]
    assert windows[0]["startTime"] == ms(SEPTEMBER_30)
    assert windows[-1]["endTime"] == ms(22 * 24) - 1
    for window, after in pairwise(windows):
        assert after["startTime"] == window["endTime"] + 1
    for window in windows:
        assert (window["endTime"] + 1 - window["startTime"]) // 3_600_000 <= window["limit"] == 200


def test_funding_of_another_symbol_is_refused() -> None:
    with pytest.raises(Refused, match="the reply is about something else"):
        read(bybit_funding_history, planned(bybit_funding_history, LINEAR), reply([payment(0, symbol="ETHUSDT")]))


def test_funding_without_its_hours_is_quarantined(tmp_path: Path) -> None:
    found = reply([payment(OCTOBER_1 + 8), payment(OCTOBER_1)])
    routes = Route("/v5/market/funding/history", found, {"startTime": str(ms(SEPTEMBER_30))})
    with serve(routes, Route("/v5/market/funding/history", reply([]))) as replay:
        settings = settings_for(tmp_path, replay.base, "bybit_funding_history")
        outcome = run(settings, "bybit_funding_history", ask(*DAY, LINEAR))
    assert (outcome.rows_loaded, outcome.rows_refused) == (1, 1)
