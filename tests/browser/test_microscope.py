"""Replay in a browser: the chart plays in the page itself, the numbers by themselves, and the address follows."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.visit import Visit
from tests.pages.test_microscope import PARTS

NOW = "() => document.querySelector('.js-plotly-plot')._fullLayout.shapes[0].x0"
MARK = "() => document.querySelector('.js-plotly-plot').dataset.mark"

STEPS = """() => document.querySelector('.js-plotly-plot')._fullData
    .filter(line => line.dx > 1 && line.x0 !== undefined && line._length > 2).map(line => line.dx)"""
"""Milliseconds between the points of each line."""


def test_the_chart_plays_by_itself_in_the_page(visit: Visit) -> None:
    visit.open("/microscope?at=2025-10-10T20:55:00")
    began = visit.page.evaluate(NOW)
    visit.page.locator(".updatemenu-button").nth(1).click()
    visit.page.wait_for_function(f"began => ({NOW})() > began", arg=began)


def test_the_numbers_move_on_without_drawing_the_chart_again(visit: Visit) -> None:
    visit.open("/microscope?at=2025-10-10T21:15:00")
    visit.page.get_by_text("1 min", exact=True).click()
    visit.page.wait_for_function("() => new URL(location).searchParams.get('at') > '1760130900000000'")
    visit.page.evaluate("() => { document.querySelector('.js-plotly-plot').dataset.mark = 'kept' }")
    before = visit.page.url
    visit.page.wait_for_function("before => location.href !== before", arg=before)
    visit.page.locator(".st-key-card-replay-adl h4", has_text="ADL fills so far").wait_for()
    assert visit.page.evaluate(MARK) == "kept"


def test_playing_stops_at_the_end_of_the_range(visit: Visit) -> None:
    visit.open("/microscope?at=2025-10-10T22:28:00")
    visit.page.get_by_text("5 min", exact=True).click()
    visit.page.wait_for_function("() => new URL(location).searchParams.get('at') === '1760135400000000'")
    stopped = visit.page.locator(".st-key-speed button", has_text="Stopped")
    visit.page.wait_for_function(
        "button => button.getAttribute('aria-checked') === 'true' || button.getAttribute('kind').endsWith('Active')",
        arg=stopped.element_handle(),
    )


def test_the_answer_stands_above_the_controls_and_the_ranges_in_one_line(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 1280, "height": 900})
    visit.open("/microscope")
    answer = visit.page.get_by_text("began to fall at").bounding_box()
    tops = visit.page.locator(".st-key-t, [class*=st-key-preset-]").evaluate_all(
        "found => found.map(one => one.getBoundingClientRect()).map(box => [box.top, box.bottom])"
    )
    assert answer["y"] + answer["height"] <= min(top for top, _ in tops)
    assert len(tops) == 4 and max(top for top, _ in tops) < min(bottom for _, bottom in tops)


def test_a_narrower_range_fetches_finer_bars(visit: Visit) -> None:
    visit.open("/microscope?coin=POL&t=2025-10-10T20:30:00&t=2025-10-10T22:30:00")
    coarse = visit.page.evaluate(STEPS)
    before = visit.page.url
    visit.page.get_by_role("button", name="Around the low, 21:10–21:30").click()
    visit.page.wait_for_function("before => location.href !== before", arg=before)
    visit.page.wait_for_function(f"coarse => Math.min(...({STEPS})()) < Math.min(...coarse)", arg=coarse)
    assert (min(coarse), min(visit.page.evaluate(STEPS))) == (60_000, 10_000)
    shown = visit.page.evaluate(
        "() => document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range.map(end => end.slice(11, 16))"
    )
    assert shown == ["21:10", "21:30"]


def test_a_link_holds_the_second(visit: Visit, desk: BrowserContext, site: str) -> None:
    visit.open("/microscope?at=2025-10-10T21:16:05")
    visit.page.locator(".st-key-at input").press("ArrowRight")
    fills = visit.page.locator(".st-key-card-replay-adl h4")
    fills.filter(has_text="11,279 ADL fills").wait_for()
    visit.page.wait_for_function("() => new URL(location).searchParams.get('at') === '2025-10-10T21:16:06'")
    with desk.new_page() as page:
        again = Visit(site, page).open(visit.settle().page.url)
        assert page.locator(".st-key-card-replay-adl h4").inner_text() == fills.inner_text()
        assert page.evaluate(NOW) == visit.page.evaluate(NOW)
        assert "21:16:06" in page.locator(".st-key-card-replay h4").inner_text()
        assert again.problems == []


@pytest.mark.parametrize("part", PARTS)
def test_every_part_fits_a_phone_at_night(visit_by_phone: Visit, part: str) -> None:
    visit_by_phone.open(f"/microscope?{urlencode({'tab': part, 'coin': 'POL'})}")
    assert max(visit_by_phone.overflow()) <= 0
    assert visit_by_phone.page.get_by_test_id("stException").count() == 0
    assert all(max(traces, default=0) > 0 for traces in visit_by_phone.points())
