"""Replay in a browser: the chart plays in the page itself, the numbers by themselves, and the address follows."""

from __future__ import annotations

from tests.browser.visit import Visit

NOW = "() => document.querySelector('.js-plotly-plot')._fullLayout.shapes[0].x0"
MARK = "() => document.querySelector('.js-plotly-plot').dataset.mark"


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
