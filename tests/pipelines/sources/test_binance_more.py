"""Binance's other archives: what a metrics label means, whose open interest unit is which, funding hours, doubled
liquidations."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.source import CheckFailed, Piece, Refused
from pipelines.sources import binance_funding, binance_liquidations, binance_metrics
from pipelines.sources.common import binance
from tests.pipelines.sources.test_binance import archive
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.server import Fault, Route, serve

METRICS = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio\n"
)
FUNDING = "calc_time,funding_interval_hours,last_funding_rate\n"
ORDERS = (
    "time,side,order_type,time_in_force,original_quantity,price,average_price,order_status,last_fill_quantity,"
    "accumulated_fill_quantity\n"
)
BTC, BTC_COIN = "BTC/USDT:USDT", "BTC/USD:BTC"


def bodies(piece: Piece, csv: str) -> list[bytes]:
    return archive(piece.facts["file"].removesuffix(".zip"), csv)


def metrics(symbol: str, day: date, *lines: str) -> pl.DataFrame:
    piece = binance.archive("metrics", symbol, day)
    frames = binance_metrics.parse(bodies(piece, METRICS + "".join(f"{line}\n" for line in lines)), piece)
    binance_metrics.check(frames, piece)
    return frames["open_interest"]


def times(frame: pl.DataFrame) -> list[str]:
    return frame["ts"].dt.strftime("%m-%d %H:%M").to_list()


def test_usd_m_labels_before_2026_06_25_are_the_moment_itself() -> None:
    found = metrics(
        BTC,
        date(2025, 10, 10),
        "2025-10-10 00:05:00,BTCUSDT,90000.5,10900000000.25,1,1,1,1",
        "2025-10-11 00:00:00,BTCUSDT,80000.5,9000000000.75,1,1,1,1",
    )
    assert times(found) == ["10-10 00:05", "10-11 00:00"]
    assert found.select("open_interest_base", "open_interest_usd").rows() == [
        (90000.5, 10900000000.25),
        (80000.5, 9000000000.75),
    ]


def test_usd_m_labels_since_2026_06_25_are_one_bucket_early_and_are_moved_to_the_rest_timestamp() -> None:
    found = metrics(
        BTC, date(2026, 6, 25), "2026-06-25 00:00:00,BTCUSDT,1,2,1,1,1,1", "2026-06-25 23:55:00,BTCUSDT,1,2,1,1,1,1"
    )
    assert times(found) == ["06-25 00:05", "06-26 00:00"]


def test_a_metrics_file_without_its_edges_is_read_by_its_day() -> None:
    noon = "{} 12:00:00,BTCUSDT,1,2,1,1,1,1"
    assert times(metrics(BTC, date(2026, 6, 24), noon.format("2026-06-24"))) == ["06-24 12:00"]
    assert times(metrics(BTC, date(2026, 6, 25), noon.format("2026-06-25"))) == ["06-25 12:05"]


def test_a_metrics_file_that_shows_both_edges_of_starts_is_believed_over_its_day() -> None:
    found = metrics(
        BTC, date(2025, 10, 10), "2025-10-10 00:00:00,BTCUSDT,1,2,1,1,1,1", "2025-10-10 23:55:00,BTCUSDT,1,2,1,1,1,1"
    )
    assert times(found) == ["10-10 00:05", "10-11 00:00"]


def test_the_289th_metrics_row_repeats_the_file_before_and_is_left_to_it() -> None:
    found = metrics(
        BTC, date(2025, 10, 10), "2025-10-10 00:00:00,BTCUSDT,1,2,1,1,1,1", "2025-10-11 00:00:00,BTCUSDT,3,4,1,1,1,1"
    )
    assert times(found) == ["10-11 00:00"]


def test_coin_m_metrics_count_contracts_and_value_them_in_the_base_asset() -> None:
    """A real row of 2023-06-25: 5,578,700 contracts of 100 USD are 18,265 BTC at 30,543 USD."""
    row = metrics(
        BTC_COIN,
        date(2023, 6, 25),
        '2023-06-25 00:00:00,BTCUSD_PERP,5578700.00000000,18265.00911826,"","","",0.00855776',
    ).row(0, named=True)
    assert (row["open_interest_base"], row["open_interest_usd"]) == (18265.00911826, 557_870_000.0)
    assert row["ts"] == datetime(2023, 6, 25, 0, 5, tzinfo=UTC)
    ether = metrics("ETH/USD:ETH", date(2024, 1, 1), "2024-01-01 00:00:00,ETHUSD_PERP,7,0.03,1,1,1,1")
    assert ether["open_interest_usd"].to_list() == [70.0]


def test_a_blank_open_interest_is_not_zero_and_sides_are_not_claimed() -> None:
    found = metrics(BTC, date(2025, 10, 10), '2025-10-10 21:20:00,BTCUSDT,"","",1,1,1,1')
    assert found.select("open_interest_base", "open_interest_usd", "sides").rows() == [(None, None, "unknown")]


def test_metrics_have_sixteen_decimals_and_coins_before_dollars() -> None:
    found = metrics(
        "ACE/USDT:USDT",
        date(2025, 1, 21),
        "2025-01-21 00:05:00,ACEUSDT,1234567.8900000000000000,1851851.8350000000000000,4.25,2.5,2.75,0.625",
    )
    assert found.select("ts", "open_interest_base", "open_interest_usd").rows() == [
        (datetime(2025, 1, 21, 0, 5, tzinfo=UTC), 1234567.89, 1851851.835)
    ]


def test_metrics_columns_are_found_by_name() -> None:
    piece = binance.archive("metrics", BTC, date(2025, 10, 10))
    csv = "symbol,new,sum_open_interest_value,sum_open_interest,create_time\nBTCUSDT,x,2,1,2025-10-10 00:05:00\n"
    found = binance_metrics.parse(bodies(piece, csv), piece)["open_interest"]
    assert found.select("open_interest_base", "open_interest_usd").rows() == [(1.0, 2.0)]
    with pytest.raises(Refused, match="its header lacks create_time"):
        binance_metrics.parse(bodies(piece, csv.replace("create_time", "time")), piece)


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("2025-10-10 00:05:00,ETHUSDT,1,2,1,1,1,1", "another symbol"),
        ("1760054700000,BTCUSDT,1,2,1,1,1,1", "a create_time is not a time"),
    ],
)
def test_metrics_that_are_not_what_they_should_be_are_refused(line: str, refusal: str) -> None:
    with pytest.raises(Refused, match=refusal):
        metrics(BTC, date(2025, 10, 10), line)


def test_metrics_of_another_day_or_none_fail_the_check() -> None:
    with pytest.raises(CheckFailed, match="times of another day"):
        metrics(BTC, date(2025, 10, 10), "2025-10-12 00:05:00,BTCUSDT,1,2,1,1,1,1")
    with pytest.raises(CheckFailed, match="holds no open interest"):
        metrics(BTC, date(2025, 10, 10))


def funding(month: date, csv: str, symbol: str = BTC) -> pl.DataFrame:
    piece = binance.archive("fundingRate", symbol, month, monthly=True)
    frames = binance_funding.parse(bodies(piece, csv), piece)
    binance_funding.check(frames, piece)
    return frames["funding_rates"]


def test_funding_keeps_the_hours_each_rate_covers() -> None:
    found = funding(date(2025, 10, 1), FUNDING + "1760112000005,8,0.0001\n1760126400000,4,-0.0025\n")
    assert found.select("ts", "funding_rate", "interval_hours").rows() == [
        (datetime(2025, 10, 10, 16, 0, 0, 5000, tzinfo=UTC), 0.0001, 8.0),
        (datetime(2025, 10, 10, 20, tzinfo=UTC), -0.0025, 4.0),
    ]


def test_funding_of_another_month_or_none_fails_the_check() -> None:
    with pytest.raises(CheckFailed, match="payments of another month"):
        funding(date(2025, 9, 1), FUNDING + "1760112000005,8,0.0001\n")
    with pytest.raises(CheckFailed, match="holds no payments"):
        funding(date(2025, 10, 1), FUNDING)


def test_funding_asks_for_months_that_are_over() -> None:
    now = datetime(2025, 11, 2, tzinfo=UTC)
    names = [piece.name for piece in binance_funding.plan(ask("2025-10-30T00:00Z", "2025-11-02T00:00Z", BTC, now=now))]
    assert names == ["futures/um/fundingRate/BTCUSDT-fundingRate-2025-10"]


def orders(csv: str, symbol: str = BTC_COIN, day: date = date(2023, 6, 25)) -> pl.DataFrame:
    piece = binance.archive("liquidationSnapshot", symbol, day)
    frames = binance_liquidations.parse(bodies(piece, csv), piece)
    binance_liquidations.check(frames, piece)
    return frames["liquidations"]


BOUGHT = "1687656471926,BUY,LIMIT,IOC,7,30741.3,30631.6,FILLED,6,7\n"
SOLD = "1687656473356,SELL,LIMIT,IOC,43,30500.1,30600,FILLED,1,43\n"


def test_a_liquidation_order_that_sells_closed_a_long_and_the_price_is_the_average_fill() -> None:
    found = orders(ORDERS + BOUGHT + SOLD)
    assert found.select("liquidated_side", "price", "price_kind", "notional_usd", "mechanism").rows() == [
        ("short", 30631.6, "fill", 700.0, "liquidation"),
        ("long", 30600.0, "fill", 4300.0, "liquidation"),
    ]
    assert found["quantity_base"].to_list() == [700 / 30631.6, 4300 / 30600]
    assert found["feed"].unique().to_list() == ["liquidationSnapshot (COIN-M)"]


def test_contracts_of_other_coins_are_ten_dollars() -> None:
    assert orders(ORDERS + SOLD, "ETH/USD:ETH")["notional_usd"].to_list() == [430.0]


def test_executed_contracts_count_not_those_ordered() -> None:
    assert orders(ORDERS + SOLD.replace("FILLED,1,43", "PARTIALLY_FILLED,1,40"))["notional_usd"].to_list() == [4000.0]


def test_a_day_without_liquidations_is_an_answer_and_another_day_is_not() -> None:
    assert orders(ORDERS).is_empty()
    with pytest.raises(CheckFailed, match="orders of another day"):
        orders(ORDERS + SOLD, day=date(2023, 6, 26))
    with pytest.raises(Refused, match="neither BUY nor SELL"):
        orders(ORDERS + SOLD.replace("SELL", "LONG"))


def test_liquidations_are_asked_for_only_where_the_archive_has_them() -> None:
    days = [
        piece.facts["day"] for piece in binance_liquidations.plan(ask("2024-10-13T00:00Z", "2024-10-20T00:00Z", "BTC"))
    ]
    assert days == ["2024-10-13", "2024-10-14"]
    assert not list(binance_liquidations.plan(ask("2025-10-10T00:00Z", "2025-10-11T00:00Z")))
    assert not list(binance_liquidations.plan(ask("2024-10-13T00:00Z", "2024-10-14T00:00Z", BTC)))


def test_an_archive_of_today_is_not_asked_for() -> None:
    now = datetime(2025, 10, 12, 5, tzinfo=UTC)
    pieces = binance_metrics.plan(ask("2025-10-11T00:00Z", "2025-10-12T05:00Z", BTC, now=now))
    assert [piece.facts["day"] for piece in pieces] == ["2025-10-11"]


CASES = {
    "binance_metrics": (
        binance.archive("metrics", BTC, date(2025, 10, 10)),
        METRICS + "2025-10-10 00:05:00,BTCUSDT,1,2,1,1,1,1\n",
        ask("2025-10-10T00:00Z", "2025-10-11T00:00Z", BTC),
        (1, 0),
    ),
    "binance_funding": (
        binance.archive("fundingRate", BTC, date(2025, 10, 1), monthly=True),
        FUNDING + "1760112000005,8,0.0001\n",
        ask("2025-10-10T00:00Z", "2025-10-11T00:00Z", BTC),
        (1, 0),
    ),
    "binance_liquidations": (
        binance.archive("liquidationSnapshot", BTC_COIN, date(2023, 6, 25)),
        ORDERS + BOUGHT * 2 + SOLD * 2,
        ask("2023-06-25T00:00Z", "2023-06-26T00:00Z", BTC_COIN),
        (2, 2),
    ),
}


def served(source: str) -> tuple[Route, Route]:
    piece, csv, *_ = CASES[source]
    body, checksum = bodies(piece, csv)
    path = piece.requests[0].url.removeprefix(binance.BASE)
    return Route(path, body), Route(f"{path}.CHECKSUM", checksum)


@pytest.mark.parametrize("source", CASES)
def test_end_to_end_the_doubled_rows_are_counted_and_a_final_file_is_not_asked_for_again(
    tmp_path: Path, source: str
) -> None:
    *_, asked, counts = CASES[source]
    with serve(*served(source)) as replay:
        settings = settings_for(tmp_path, replay.base, source)
        outcome = run(settings, source, asked)
        assert (outcome.outcome, outcome.error) == ("loaded", None)
        assert (outcome.rows_loaded, outcome.rows_doubled) == counts
        assert outcome.rows_refused == 0
        replay.log.clear()
        assert run(settings, source, asked).outcome == "unchanged"
        assert replay.log == []


def test_two_states_of_one_liquidation_order_are_quarantined_rather_than_added_up(tmp_path: Path) -> None:
    piece, _, asked, _ = CASES["binance_liquidations"]
    body, checksum = bodies(piece, ORDERS + SOLD + SOLD.replace("FILLED,1,43", "PARTIALLY_FILLED,1,40") + BOUGHT)
    path = piece.requests[0].url.removeprefix(binance.BASE)
    with serve(Route(path, body), Route(f"{path}.CHECKSUM", checksum)) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_liquidations")
        outcome = run(settings, "binance_liquidations", asked)
    assert (outcome.rows_loaded, outcome.rows_refused) == (1, 2)
    assert rows(settings, "SELECT DISTINCT rule FROM quarantine")["rule"].to_list() == ["primary_key"]


@pytest.mark.parametrize(
    "fault", [Fault("status", -1, 404), Fault("body", -1, body=b"<html>busy</html>"), Fault("truncate", -1)]
)
def test_a_file_that_fails_is_named_loads_nothing_and_is_fetched_by_the_next_run(tmp_path: Path, fault: Fault) -> None:
    *_, asked, counts = CASES["binance_liquidations"]
    archived, checksum = served("binance_liquidations")
    archived.fault = fault
    with serve(archived, checksum) as replay:
        settings = settings_for(tmp_path, replay.base, "binance_liquidations")
        outcome = run(settings, "binance_liquidations", asked)
        assert outcome.outcome == "failed" and "BTCUSD_PERP-liquidationSnapshot-2023-06-25" in (outcome.error or "")
        assert outcome.rows_loaded == 0
        archived.fault = None
        assert run(settings, "binance_liquidations", asked).rows_loaded == counts[0]
