"""The facts of the three questions, and the sentences made from them, for the days and pairs people ask about."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.liquidations import answers, boards, bounds, rank
from analytics.warehouse import Warehouse
from pages.liquidations import words

OCT_10, AUG_5 = "oct-10-2025", "aug-5-2024"
DAYS = ("oct-10-2025", "nov-21-2025", "aug-5-2024", "mar-12-2020", "feb-3-2025", "nov-9-2022", "may-19-2021")


def compared(warehouse: Warehouse, first: str, second: str, day: str = OCT_10) -> tuple[str, str]:
    return words.comparable(answers.pair(warehouse, day, first, second))


def days(warehouse: Warehouse, first: str, second: str) -> tuple[str, str]:
    return words.between_days(
        answers.days(warehouse, first, second),
        answers.changes_between(warehouse, first, second),
        answers.subset(warehouse, first, second),
    )


def most(warehouse: Warehouse, day: str) -> tuple[str, str]:
    board = boards.every(warehouse, day)["board"][0]
    return words.most(bounds.of_board(warehouse, day, board), rank.turning_points(warehouse, day, board))


def test_which_exchange_liquidated_most(warehouse: Warehouse) -> None:
    finding, why = most(warehouse, OCT_10)
    assert finding == "Hyperliquid reported the most, $10.3 bn; Binance and OKX may have liquidated more"
    assert (
        "6.3 times (Bybit, Feb. 3, 2025)" in why and "4.0 to 6.8 times what they showed" in why and "draws" not in why
    )
    finding, why = most(warehouse, AUG_5)
    assert finding.startswith("Binance reported the most, $412 m; OKX") and "Assumed: Binance's figure stands" in why


def test_a_leader_that_no_figure_leaves_room_above_is_said_to_lead(warehouse: Warehouse) -> None:
    board = boards.every(warehouse, OCT_10)["board"][0]
    alone = bounds.of_board(warehouse, OCT_10, board).head(2)
    assert words.most(alone, rank.turning_points(warehouse, OCT_10, board).clear())[0].endswith(
        "no published figure leaves another room above it"
    )


def test_binance_and_bybit_do_not_compare(warehouse: Warehouse) -> None:
    finding, why = compared(warehouse, "binance", "bybit")
    assert finding == "No: Binance's figure is only a floor, while Bybit's feed can be seen whole"
    assert "Binance $2.4 bn and Bybit $4.65 bn" in why and "since when is not established" in why
    assert compared(warehouse, "bybit", "binance")[0] == finding


@pytest.mark.parametrize(
    ("first", "second", "day", "verdict"),
    [
        ("hyperliquid", "bybit", OCT_10, "Yes: Hyperliquid and Bybit can both be seen whole"),
        ("binance", "okx", OCT_10, "No: Binance and OKX are measured differently, and neither is whole"),
        ("binance", "kraken", OCT_10, "Not known: no board of this day names both Binance and Kraken"),
        ("binance", "okx", AUG_5, "No: Binance and OKX are measured differently, and neither is whole"),
        ("binance", "binance", OCT_10, "Two different exchanges are needed"),
    ],
)
def test_other_pairs(warehouse: Warehouse, first: str, second: str, day: str, verdict: str) -> None:
    assert compared(warehouse, first, second, day)[0] == verdict


def test_two_throttled_feeds_compare_only_as_floors(warehouse: Warehouse) -> None:
    pair = answers.pair(warehouse, OCT_10, "binance", "okx").with_columns(completeness=pl.lit("throttled"))
    assert words.comparable(pair)[0] == "Only as floors: Binance and OKX both hide a part"


def test_october_beside_august_of_the_year_before(warehouse: Warehouse) -> None:
    finding, why = days(warehouse, OCT_10, AUG_5)
    assert finding == "$19.16 bn on Oct. 10, 2025, $1.06 bn on Aug. 5, 2024: different publications, so no ratio"
    assert "the measurement changed: Bybit's feed on Feb 20, 2025" in why
    assert "Binance with 5.8 times as much and OKX with 3.8 times as much" in why


def test_days_of_one_list_have_a_ratio_unless_the_measurement_changed_between_them(warehouse: Warehouse) -> None:
    finding, why = days(warehouse, OCT_10, "sep-22-2025")
    assert finding.startswith("Oct. 10, 2025 is 5.3 times Sep. 22, 2025, in one list and with no change")
    finding, why = days(warehouse, OCT_10, "apr-18-2021")
    assert finding.endswith("$9.94 bn on Apr. 18, 2021: one list, but measured differently, so no ratio")
    assert "Bybit's feed" in why


def test_a_day_without_a_total_is_not_compared(warehouse: Warehouse) -> None:
    finding, _ = days(warehouse, OCT_10, "mar-12-2020")
    assert finding == "Not known: no total of all venues was published for Mar. 12, 2020"
    assert days(warehouse, OCT_10, OCT_10)[0] == "Two different days are needed"


def test_an_exchange_whose_feed_changed_between_the_days_is_not_in_the_subset(warehouse: Warehouse) -> None:
    alike = answers.subset(warehouse, OCT_10, AUG_5)
    assert alike["venue"].to_list() == ["binance", "okx"] and not alike["established"].any()
    assert alike["times"].to_list() == pytest.approx([2.4e9 / 412e6, 1.2e9 / 319.4e6])
    later = answers.subset(warehouse, "nov-21-2025", OCT_10)["venue"].to_list()
    assert {"bybit", "hyperliquid", "binance", "okx"} == set(later)
    assert answers.subset(warehouse, OCT_10, "mar-12-2020").is_empty()


def test_what_is_offered_first_is_a_hiding_neighbour_of_a_whole_one(warehouse: Warehouse) -> None:
    assert answers.venues(warehouse, OCT_10)["venue"].to_list()[:4] == ["binance", "bybit", "hyperliquid", "okx"]
    assert answers.counterpart(warehouse, OCT_10)["crash_day"].to_list() == [AUG_5]
    for day in DAYS:
        venues = answers.venues(warehouse, day)["venue"]
        assert venues.is_unique().all() and venues.len() > 10
        assert answers.counterpart(warehouse, day)["crash_day"][0] != day


@pytest.mark.parametrize("first", DAYS)
@pytest.mark.parametrize("second", DAYS)
def test_any_two_days_have_an_answer_in_words(warehouse: Warehouse, first: str, second: str) -> None:
    finding, why = days(warehouse, first, second)
    assert finding and "None" not in finding + why and " nan" not in finding + why
