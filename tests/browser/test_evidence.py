"""What a reader takes away: the data of a card, its sources, and a link that brings the same view back."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl
import pytest

from analytics.data import export
from analytics.liquidations import boards, pace
from analytics.market import prices
from analytics.warehouse import Warehouse
from analytics.who_paid import adl_seconds
from tests.browser.visit import Visit

OCT_10 = "oct-10-2025"


def bitcoin(warehouse: Warehouse) -> pl.DataFrame:
    day = warehouse.query("SELECT * FROM crash_days WHERE crash_day = $day", day=OCT_10).row(0, named=True)
    bars = prices.bitcoin(warehouse, day["focus_start"], day["focus_end"])
    first, last = bars["ts"][0], bars["ts"][-1]
    windows = pace.by_window(warehouse, OCT_10).filter((pl.col("window_start") < last) & (pl.col("window_end") > first))
    closed = adl_seconds.by_second(warehouse, first, last)
    return pl.concat([bars, windows, closed], how="diagonal_relaxed")


def exchanges(warehouse: Warehouse) -> pl.DataFrame:
    return boards.by_exchange(warehouse, boards.every(warehouse, OCT_10)["board"][0])


@pytest.mark.parametrize(("key", "question"), [("bitcoin", bitcoin), ("exchanges", exchanges)])
def test_a_cards_csv_is_the_querys_rows_byte_for_byte(
    visit: Visit, warehouse: Warehouse, key: str, question: Callable[[Warehouse], pl.DataFrame]
) -> None:
    menu = visit.open(f"/?day={OCT_10}").menu(key)
    assert visit.download(menu.locator(f".st-key-csv-{key} button")) == export.csv(question(warehouse))


def test_a_chosen_day_is_in_the_address_and_the_address_brings_it_back(visit: Visit) -> None:
    visit.open("/")
    first = visit.title
    box = visit.page.locator(".st-key-day input")
    box.click()
    visit.page.get_by_role("option").nth(3).click()
    visit.page.wait_for_url(re.compile(r"\?day="))
    visit.page.wait_for_function("first => document.querySelector('h1').innerText !== first", arg=first)
    visit.settle()
    address, title, chosen = visit.page.url, visit.title, box.input_value()
    day = chosen.partition(" · ")[0]  # behind it the list says how fine the prices of the day are
    assert address.endswith("?day=" + re.sub(r"\W+", "-", day.lower())) and day in title
    visit.open(address)
    assert (visit.title, box.input_value()) == (title, chosen)
    assert visit.warnings.count("link_off") == 0


def test_the_menu_states_the_link_of_this_view(visit: Visit) -> None:
    menu = visit.open("/?generation=1").menu("exchanges")
    stated = menu.get_by_test_id("stCode").inner_text().strip()
    assert stated == f"{visit.site}?generation=1&day={OCT_10}"
    title = visit.title
    assert visit.open(stated).title == title


def test_a_link_to_a_generation_that_is_gone_says_so_and_leads_back(visit: Visit) -> None:
    visit.open("/?generation=9999")
    assert "Generation 9999 is no longer kept" in visit.warnings
    assert visit.page.locator("h1").count() == 0
    back = visit.page.get_by_role("link", name="Show the current data instead")
    assert back.get_attribute("href") == "?"


def test_a_menu_is_reached_and_opened_by_keyboard_alone(visit: Visit) -> None:
    visit.open("/")
    for _ in range(60):
        visit.page.keyboard.press("Tab")
        if visit.page.evaluate("() => document.activeElement.closest('[class*=st-key-menu-]') !== null"):
            break
    visit.page.keyboard.press("Enter")
    menu = visit.page.get_by_test_id("stPopoverBody")
    menu.wait_for()
    menu.get_by_text("Data as CSV").wait_for()
    visit.page.keyboard.press("Escape")
    menu.wait_for(state="hidden")


MINUTES = "t=2025-10-10T21:10:00&t=2025-10-10T21:30:00"


def drawn_from(visit: Visit) -> list[str]:
    """The first and the last time on the first chart in sight."""
    return visit.page.evaluate(
        "() => { const x = document.querySelector('.js-plotly-plot')._fullData[0].x; return [x[0], x[x.length "
        "- 1]].map(time => String(time).replace(' ', 'T')) }"
    )


def test_a_link_to_a_range_of_the_cascade_draws_just_that_range(visit: Visit) -> None:
    visit.open(f"/cascade?{MINUTES}")
    assert visit.warnings.count("link_off") == 0
    first, last = drawn_from(visit)
    assert "2025-10-10T21:10:00" <= first < last <= "2025-10-10T21:30:00"


@pytest.mark.parametrize(
    "times",
    [
        "t=2025-10-10T21:10:00Z&t=2025-10-10T21:30:00Z",
        "t=2031-01-01T00:00:00&t=2031-01-02T00:00:00",
        "t=2025-10-10T21:10:00",
        "t=2025-10-10T21:30:00&t=2025-10-10T21:10:00",
        "t=yesterday&t=today",
    ],
    ids=["with Z", "out of range", "one end", "reversed", "no times"],
)
def test_a_link_with_an_unusable_range_says_so_and_shows_the_rest(visit: Visit, times: str) -> None:
    visit.open(f"/cascade?{times}")
    assert "link_off" in visit.warnings
    assert "Showing" in visit.warnings
    # A link that is mended runs the page twice.
    visit.page.wait_for_function("() => document.querySelector('.js-plotly-plot')?._fullData?.length")
    assert max(map(max, visit.points())) > 0
