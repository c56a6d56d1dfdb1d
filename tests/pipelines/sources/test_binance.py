"""Binance's archive: checksums, headers, units of time and of contracts, and one-second bars, through the real
session."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import polars as pl
import pytest

from benchmarks.tape import agg_trades, zipped
from pipelines.source import CheckFailed, Piece, Refused
from pipelines.sources import binance_klines, binance_seconds, binance_trades
from pipelines.sources.common import binance
from tests.pipelines.sources_kit import ask, opened, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

KLINE = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore\n"
)
DAY = "2025-10-10"


def archive(name: str, csv: str) -> list[bytes]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(f"{name}.csv", csv)
    body = packed.getvalue()
    return [body, f"{hashlib.sha256(body).hexdigest()}  {name}.zip\n".encode()]


def piece(symbol: str, kind: str, interval: str = "1m") -> Piece:
    from datetime import date

    return binance.archive(kind, symbol, date(2025, 10, 10), interval=interval)


def bars(symbol: str, csv: str, kind: str = "klines") -> pl.DataFrame:
    one = piece(symbol, kind)
    return binance_klines.parse(archive(one.facts["file"].removesuffix(".zip"), csv), one)["bars"]


def test_header_or_none_and_milliseconds_or_microseconds_are_told_by_the_bytes() -> None:
    futures = bars("BTC/USDT:USDT", KLINE + "1760131200000,100,110,90,105,2,1760131259999,200,7,1.5,150,0\n")
    spot = bars("BTC/USDT", "1760131200000000,100,110,90,105,2,1760131259999999,200,7,1.5,150,0\n")
    assert futures["ts"].to_list() == spot["ts"].to_list()
    assert futures["ts"].dt.strftime("%Y-%m-%dT%H:%M").to_list() == ["2025-10-10T21:20"]
    assert spot.select("volume_base", "volume_quote", "taker_buy_base", "trades").rows() == [(2.0, 200.0, 1.5, 7)]


def test_coin_margined_volume_is_in_contracts_and_becomes_base_and_usd() -> None:
    row = bars(
        "BTC/USD:BTC", KLINE + "1760131200000,100000,100000,100000,100000,50,1760131259999,0.05,7,20,0.02,0\n"
    ).row(0, named=True)
    assert (row["volume_base"], row["volume_quote"], row["taker_buy_base"]) == (0.05, 5000.0, 0.02)


def test_mark_prices_carry_no_volume_rather_than_zero() -> None:
    row = bars(
        "BTC/USDT:USDT", KLINE + "1760131200000,100,110,90,105,0,1760131259999,0,300,0,0,0\n", "markPriceKlines"
    ).row(0, named=True)
    assert row["kind"] == "mark"
    assert row["volume_base"] is None and row["trades"] is None


MARK_PRICES = """\
1760130900000,111957.45180769,112380.97528083,103568.48715953,104393.20000000,0,1760131199999,0,300,0,0,0
1760131200000,104127.03856514,108794,101877.68981743,108677.90000000,0,1760131499999,0,300,0,0,0
1760131500000,108630.96451232,109434.30000000,105630.85405572,109260.57339130,0,1760131799999,0,300,0,0,0
"""
"""Of Bitcoin in steps of five minutes, from Binance's public archive: a price without decimals stands among the
others."""


def test_mark_prices_of_oct_10_have_their_low_at_21_20() -> None:
    mark = bars("BTC/USDT:USDT", KLINE + MARK_PRICES, "markPriceKlines")
    assert mark.height == 3 and mark["volume_base"].null_count() == 3
    assert mark["high"].to_list() == [112380.97528083, 108794.0, 109434.3]
    low = mark.row(mark["low"].arg_min(), named=True)
    assert (low["low"], f"{low['ts']:%H:%M}") == (101877.68981743, "21:20")


def test_the_bar_lengths_asked_for_are_those_a_market_has() -> None:
    span = (f"{DAY}T00:00Z", f"{DAY}T23:00Z")

    def lengths(*symbols: str) -> set[tuple[str, str, str]]:
        return {
            (one.facts["symbol"], one.facts["kind"], one.facts["interval"])
            for one in binance_klines.plan(ask(*span, *symbols))
        }

    assert lengths("BTC/USDT") == {("BTC/USDT", "klines", length) for length in ("1m", "5m")}
    kinds = ("klines", "markPriceKlines", "indexPriceKlines", "premiumIndexKlines")
    assert lengths("BTC/USD:BTC") == {("BTC/USD:BTC", kind, length) for kind in kinds for length in ("1m", "5m")}
    assert {length for *_, length in lengths()} == {"1m"}


def test_seconds_are_those_of_spot_markets_and_unnamed_of_pegged_coins() -> None:
    span = (f"{DAY}T00:00Z", f"{DAY}T23:00Z")
    seconds = lambda *symbols: [one.facts["symbol"] for one in binance_seconds.plan(ask(*span, *symbols))]  # noqa: E731
    assert seconds() == ["USDE/USDT", "WBETH/USDT", "BNSOL/USDT"]
    assert seconds("BTC/USDT") == ["BTC/USDT"] and seconds("BTC/USDT:USDT") == []


def test_an_archive_without_a_trade_is_an_error_not_a_quiet_day() -> None:
    one = piece("BTC/USDT:USDT", "aggTrades", "")
    header = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"
    frames = binance_trades.parse(opened(*archive(one.facts["file"].removesuffix(".zip"), header)), one)
    with pytest.raises(CheckFailed, match="holds no trades"):
        binance_trades.check(frames, one)


def test_index_prices_are_filed_by_their_pair() -> None:
    coin, usd = (piece(symbol, "indexPriceKlines") for symbol in ("BTC/USD:BTC", "BTC/USDT:USDT"))
    assert coin.requests[0].url.endswith("/futures/cm/daily/indexPriceKlines/BTCUSD/1m/BTCUSD-1m-2025-10-10.zip")
    assert usd.requests[0].url.endswith("/futures/um/daily/indexPriceKlines/BTCUSDT/1m/BTCUSDT-1m-2025-10-10.zip")
    assert "/cm/daily/markPriceKlines/BTCUSD_PERP/" in piece("BTC/USD:BTC", "markPriceKlines").requests[0].url


def test_a_wrong_checksum_is_refused_with_the_file_named() -> None:
    one = piece("BTC/USDT", "klines")
    body, _ = archive("x", "1,2\n")
    with pytest.raises(Refused, match=r"BTCUSDT-1m-2025-10-10.zip: its sha256 is not the one"):
        binance.verified(opened(body, b"0" * 64 + b"  BTCUSDT-1m-2025-10-10.zip\n"), one)


def hours(header: str, price: str, size: str) -> str:
    """A day of hourly bars in milliseconds: 2024 is the last year in which spot markets have them, too."""
    start, hour = 1_730_073_600_000, 3_600_000
    prices = ",".join([price] * 4)
    times = range(start, start + 24 * hour, hour)
    return header + "".join(f"{at},{prices},{size},{at + hour - 1},{price},9,{size},{price},0\n" for at in times)


@pytest.mark.parametrize(
    ("symbol", "csv"),
    [
        ("BTC/USDT:USDT", hours(KLINE, "68000.10", "5179.117")),
        ("BTC/USDT", hours("", "68000.10000000", "5179.11700000")),
    ],
    ids=["futures", "spot"],
)
def test_archives_of_2024_are_read_with_a_header_or_without(symbol: str, csv: str) -> None:
    facts = {"symbol": symbol, "kind": "klines", "interval": "1h", "file": "a.zip", "day": "2024-10-28"}
    frame = binance_klines.parse(archive("a", csv), Piece("x", facts=facts))["bars"]
    assert frame["ts"].dt.strftime("%Y-%m-%dT%H").to_list() == [f"2024-10-28T{hour:02}" for hour in range(24)]
    assert frame.select("close", "volume_base", "trades").unique().rows() == [(68000.1, 5179.117, 9)]


def test_trades_become_one_second_bars_that_match_a_plain_aggregation(tmp_path: Path) -> None:
    trades = agg_trades(20_000)
    body, checksum = zipped(trades, f"BTCUSDT-aggTrades-{DAY}")
    one = piece("BTC/USDT:USDT", "aggTrades", "")
    found = binance_trades.parse(opened(body, checksum), one)["bars"]
    plain = (
        trades.group_by(ts=(pl.col("transact_time") // 1000 * 1_000_000).cast(pl.Datetime("us", "UTC")))
        .agg(
            open=pl.col("price").sort_by("agg_trade_id").first(),
            high=pl.col("price").max(),
            low=pl.col("price").min(),
            close=pl.col("price").sort_by("agg_trade_id").last(),
            volume_base=pl.col("quantity").sum(),
            taker_buy_base=pl.col("quantity").filter(~pl.col("is_buyer_maker")).sum(),
            trades=(pl.col("last_trade_id") - pl.col("first_trade_id") + 1).sum(),
        )
        .sort("ts")
    )
    assert (
        found.select("ts", "open", "high", "low", "close", "trades").rows()
        == plain.select("ts", "open", "high", "low", "close", "trades").rows()
    )
    assert (found["volume_base"] - plain["volume_base"]).abs().max() < 1e-8
    assert (found["taker_buy_base"] - plain["taker_buy_base"]).abs().max() < 1e-8


@pytest.mark.parametrize(
    "fault", [None, Fault("status", 2, 429), Fault("status", 1, 503), Fault("reset", 1), Fault("slow", 1)]
)
def test_end_to_end_over_http_survives_passing_faults(tmp_path: Path, fault: Fault | None) -> None:
    one = piece("BTC/USDT:USDT", "aggTrades", "")
    body, checksum = zipped(agg_trades(2_000), f"BTCUSDT-aggTrades-{DAY}")
    path = one.requests[0].url.removeprefix(binance.BASE)
    with serve(Route(path, body, fault=fault), Route(f"{path}.CHECKSUM", checksum)) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades")
        outcome = run(settings, "binance_trades", ask(f"{DAY}T00:00Z", f"{DAY}T23:00Z", "BTC/USDT:USDT"))
        assert (outcome.outcome, outcome.error) == ("loaded", None)
        again = run(settings, "binance_trades", ask(f"{DAY}T00:00Z", f"{DAY}T23:00Z", "BTC/USDT:USDT"))
        assert again.outcome == "unchanged"
    assert rows(
        settings,
        "SELECT sum(trades)::BIGINT AS trades FROM bars WHERE interval = '1s' AND source_id = 'binance_trades'",
    )["trades"].to_list() == [
        int(agg_trades(2_000).select((pl.col("last_trade_id") - pl.col("first_trade_id") + 1).sum()).item())
    ]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("truncate", -1),
        Fault("reset", -1),
        Fault("body", -1, body=b"<html>down</html>"),
        Fault("body", -1, body=zipped(agg_trades(400), "BTCUSDT-aggTrades-2025-10-11")[0]),
        Fault("status", -1, 500),
        Fault("status", -1, 429),
        Fault("status", -1, 404),
    ],
    ids=["cut", "reset", "html", "wrong checksum", "500", "429", "404"],
)
def test_a_piece_that_fails_is_named_the_rest_is_loaded_and_the_next_run_fetches_just_it(
    tmp_path: Path, fault: Fault
) -> None:
    good, bad = (
        f"/data/futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2025-10-{day}.zip" for day in ("10", "11")
    )
    from datetime import date

    first, first_sum = zipped(agg_trades(500), "BTCUSDT-aggTrades-2025-10-10")
    second, second_sum = zipped(agg_trades(500, date(2025, 10, 11)), "BTCUSDT-aggTrades-2025-10-11")
    broken = Route(bad, second, fault=fault)
    with serve(
        Route(good, first), Route(f"{good}.CHECKSUM", first_sum), broken, Route(f"{bad}.CHECKSUM", second_sum)
    ) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_trades")
        span = ask("2025-10-10T00:00Z", "2025-10-11T23:00Z", "BTC/USDT:USDT")
        outcome = run(settings, "binance_trades", span)
        assert outcome.outcome == "failed" and "2025-10-11" in (outcome.error or "")
        days = "SELECT DISTINCT strftime(ts, '%d') AS day FROM bars WHERE source_id = 'binance_trades' ORDER BY day"
        assert rows(settings, days)["day"].to_list() == ["10"]
        broken.fault, replay.log[:] = None, []
        assert run(settings, "binance_trades", span).outcome == "loaded"
        assert rows(settings, days)["day"].to_list() == ["10", "11"]
        assert {path for _, path, _ in replay.log} == {bad, f"{bad}.CHECKSUM"}
