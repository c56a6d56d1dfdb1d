"""OKX's archives of trades and of funding rates: days in UTC+8, contracts, hours between payments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl
import pytest

from pipelines.source import CheckFailed, Refused
from pipelines.sources import okx_funding, okx_trades
from pipelines.sources.common import okx
from tests.pipelines.okx_kit import (
    BTC,
    DAY,
    FUNDING,
    INVERSE,
    MIDNIGHT,
    MINUTE,
    SPAN,
    listed,
    packed,
    plan_of,
    prints,
    reply,
)
from tests.pipelines.sources_kit import ask, opened


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
    days = list(okx.archive_days(ask(*SPAN, now=datetime(2025, 10, 11, 20, tzinfo=UTC))))
    assert days == [DAY]


def test_a_listing_with_every_field_leads_to_its_archive() -> None:
    name, start = "BTC-USDT-trades-2025-10-10.zip", str(MIDNIGHT - 8 * 60 * MINUTE)
    url = f"https://static.okx.com/cdn/okex/traderecords/trades/daily/20251010/{name}"
    spot = {"ccy": "", "instFamily": "", "instId": "BTC-USDT", "instType": "SPOT", "groupSizeMB": "6.25"}
    spot |= {"dateRangeStart": start, "dateRangeEnd": start}
    spot |= {"groupDetails": [{"dateTs": start, "filename": name, "sizeMB": "6.25", "url": url}]}
    day = {"dateAggrType": "daily", "details": [spot], "totalSizeMB": "6.25", "ts": "1760227200000"}
    request = okx.listing(okx.TRADES, "BTC/USDT", DAY, name)
    assert request.params["begin"] == int(start)
    found = okx.follow(reply([day]), request)
    assert found is not None and found.url == url
    assert okx.follow(b"PK", found) is None


def test_an_archive_is_fetched_from_okx_s_own_archive_host_only() -> None:
    name = f"BTC-USDT-SWAP-trades-{DAY}.zip"
    request = okx.listing(okx.TRADES, "BTC/USDT:USDT", DAY, name)
    assert okx.follow(listed("other.zip", name), request) is not None
    assert okx.follow(listed(name, host="https://elsewhere.example"), request) is None
    assert okx.follow(listed("other.zip"), request) is None


def tape(symbol: str, csv: str | bytes, size: dict[str, str] = BTC) -> pl.DataFrame:
    piece = plan_of(okx_trades, symbol)[0]
    contract = [reply([size])] if okx.is_swap(symbol) else []
    frames = okx_trades.parse(opened(*contract, listed(), packed(csv)), piece)
    okx_trades.check(frames, piece)
    return frames["bars"]


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


@pytest.mark.parametrize("cut", [slice(20, 60), slice(0, 40), slice(-30, None)])
def test_an_archive_that_lost_bytes_is_refused_with_its_name(cut: slice) -> None:
    whole = bytearray(packed(prints(*((number, "buy", 1, 100, MIDNIGHT + number) for number in range(50)))))
    del whole[cut]
    with pytest.raises(
        Refused, match=r"2025-10-10.zip: (it cannot be unpacked|its contents|OKX lists no such archive)"
    ):
        okx_trades.parse(opened(reply([BTC]), listed(), bytes(whole)), plan_of(okx_trades, "BTC/USDT:USDT")[0])


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
