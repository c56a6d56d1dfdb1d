"""The day in one screen: what it states is computed from the tables."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from analytics.liquidations import boards, headline
from analytics.market import prices
from analytics.warehouse import Warehouse
from charts.words import usd
from pages.shared.words import safe
from tests.shell import opened

OCT_10 = "oct-10-2025"


@pytest.fixture(scope="module")
def overview() -> AppTest:
    return opened(day=OCT_10)


def test_the_title_is_the_published_floor(overview: AppTest, warehouse: Warehouse) -> None:
    total = headline.total(warehouse, OCT_10)["value"][0]
    assert overview.title.values == [safe(f"Oct. 10, 2025: at least {usd(total)} of positions were liquidated")]


def test_headline_figures_are_the_rows_of_the_table_and_floors_say_so(overview: AppTest, warehouse: Warehouse) -> None:
    shown = {metric.label: metric.value for metric in overview.metric}
    total, sides = headline.total(warehouse, OCT_10), headline.sides(warehouse, OCT_10)
    assert shown["All venues"] == f"≥ {usd(total['value'][0])}"
    for row in sides.iter_rows(named=True):
        label = f"{row['side'].title()}s, {row['of_both_pct']:.0f} %"
        assert shown[label] == usd(row["value"])


def test_the_estimate_is_shown_as_a_range_with_who_made_it(overview: AppTest) -> None:
    assert {metric.label: metric.value for metric in overview.metric}["True size, estimate"] == "$30–40 bn"
    assert "Oct 10 event, CoinGlass estimate" in overview.caption.values


def test_the_moments_on_the_chart_are_listed_beside_it_with_their_sources(overview: AppTest) -> None:
    numbers = [frame.value["number"].to_list() for frame in overview.dataframe if "number" in frame.value]
    assert numbers == [list(range(1, 12))]
    assert any(words.startswith("#### The 11 moments") for words in overview.markdown.values)


def test_bitcoins_fall_is_measured_from_the_bars(overview: AppTest, warehouse: Warehouse) -> None:
    day = warehouse.query("SELECT * FROM crash_days WHERE crash_day = $day", day=OCT_10).row(0, named=True)
    low = prices.bitcoin(warehouse, day["focus_start"], day["focus_end"])["low"].min()
    assert low == 101_516.5
    assert any(
        r"to 101,516.5" in words and words.startswith("#### Bitcoin on Binance's perpetual fell 13.1 % in 30 minutes")
        for words in overview.markdown.values
    )


def test_the_exchanges_are_the_first_board_of_the_crash(overview: AppTest, warehouse: Warehouse) -> None:
    board = boards.every(warehouse, OCT_10).row(0, named=True)
    leader = boards.by_exchange(warehouse, board["board"]).row(0, named=True)
    assert any(
        words.startswith(
            safe(f"#### {leader['name']} reported the most: {usd(leader['total_usd'])}").replace(r"\#", "#")
        )
        for words in overview.markdown.values
    )


def test_what_is_wrong_is_listed_apart(overview: AppTest) -> None:
    assert "#### In circulation, and wrong" in overview.markdown.values


def test_every_card_names_its_source(overview: AppTest) -> None:
    titles = [words for words in overview.markdown.values if words.startswith("#### ")]
    sources = [words for words in overview.caption.values if words.startswith("Source: ")]
    assert len(titles) == len(sources) == 6
