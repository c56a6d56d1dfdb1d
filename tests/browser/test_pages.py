"""The real pages in a real browser: each opens by its own address, in both themes, wide and narrow, with data on its
charts."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import requests
from playwright.sync_api import Browser, BrowserContext

from analytics.compare import crash_days
from analytics.data import sources
from analytics.warehouse import Warehouse
from charts import theme
from pipelines.generations import draft as publishing
from tests.browser.site import served
from tests.browser.visit import Visit
from tests.shell import OVERVIEW, PAGES, Page

EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


@pytest.fixture(scope="module", params=PAGES, ids=lambda page: page.stem)
def opened(request: pytest.FixtureRequest, site: str, desk: BrowserContext) -> Iterator[tuple[Page, Visit]]:
    """Each page, opened by its own address on the desktop, once for the tests that look at it."""
    with desk.new_page() as page:
        visit = Visit(site, page).open(request.param.path)
        yield request.param, visit
        assert visit.problems == []


def test_a_page_opens_by_its_address_without_an_error(opened: tuple[Page, Visit]) -> None:
    _, visit = opened
    assert visit.title
    assert visit.problems == []
    assert visit.page.get_by_test_id("stException").count() == 0
    assert visit.background() == theme.LIGHT_BACKGROUND


def test_the_charts_of_a_page_hold_data(opened: tuple[Page, Visit]) -> None:
    page, visit = opened
    charts = visit.points()
    assert all(max(traces, default=0) > 0 for traces in charts)
    if page == OVERVIEW:
        assert len(charts) >= 2
        assert max(charts[0]) > 60


def test_what_a_page_links_to_may_be_linked(opened: tuple[Page, Visit], warehouse: Warehouse) -> None:
    _, visit = opened
    linkable = warehouse.query("SELECT url FROM sources WHERE linkable AND url IS NOT NULL")["url"].to_list()
    links = visit.page.evaluate(
        "() => [...document.querySelectorAll('a[href]')].map(link => link.getAttribute('href'))"
    )
    outside = {link for link in links if "://" in link and not link.startswith(visit.site)}
    assert outside <= {url.replace(")", "%29") for url in linkable}


def test_the_first_card_hands_out_its_rows_and_its_sources(opened: tuple[Page, Visit], warehouse: Warehouse) -> None:
    _, visit = opened
    menus = visit.page.locator("[class*='st-key-menu-']:visible")
    for found in re.findall(r"st-key-menu-([\w-]+)", menus.first.get_attribute("class") or "") if menus.count() else []:
        menu = visit.menu(found)
        button = menu.locator(f".st-key-csv-{found} button")
        stated = re.sub(r"\D", "", button.inner_text())
        rows = pl.read_csv(io.BytesIO(visit.download(button)), infer_schema=False)
        assert str(rows.height) == stated != "0"
        named = {one for joined in rows["source_id"].drop_nulls() for one in joined.split(";")}
        listed = visit.download(menu.locator(f".st-key-sources-{found} button"))
        assert set(pl.read_csv(io.BytesIO(listed), infer_schema=False)["source_id"]) == named
        links = menu.locator("a[href]").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        allowed = sources.named(warehouse, tuple(named)).filter("linkable")["url"].drop_nulls()
        assert set(links) <= {url.replace(")", "%29") for url in allowed}


@EVERY_PAGE
def test_a_page_fits_a_phone_at_night(visit_by_phone: Visit, page: Page) -> None:
    visit_by_phone.open(page.path)
    assert visit_by_phone.background() == theme.DARK_BACKGROUND
    assert max(visit_by_phone.overflow()) <= 0
    assert visit_by_phone.page.get_by_test_id("stException").count() == 0


@EVERY_PAGE
def test_a_link_to_an_unknown_day_says_so(visit: Visit, warehouse: Warehouse, page: Page) -> None:
    visit.open(f"{page.path}?day=no-such-day")
    day = visit.page.locator(".st-key-day input")
    assert ("asks for the crash day “no-such-day”" in visit.warnings) == (day.count() == 1)
    if day.count():
        assert day.input_value().startswith(crash_days.every(warehouse)["title"][0])


def test_a_swipe_that_begins_on_a_chart_scrolls_the_page_of_a_phone(visit_by_phone: Visit) -> None:
    visit_by_phone.open("/cascade")
    visit_by_phone.swipe_from_the_chart()
    assert visit_by_phone.page.locator(".modebar-btn").count() == 0


def test_a_fresh_server_without_data_shows_the_page_of_a_deep_link_in_its_shell(
    browser: Browser, tmp_path: Path
) -> None:
    """The first request ever: the warehouse is built, and the page stands in the frame, not alone."""
    deep = PAGES[1]
    narrow = {"width": 390, "height": 844}  # where the navigation lists every page; the wide bar folds some away
    with served(tmp_path / "data", tmp_path / "log") as address, browser.new_page(viewport=narrow) as page:
        assert requests.get(f"{address}/healthz", timeout=30).status_code == 503
        visit = Visit(address, page).open(deep.path)
        visit.page.locator("h1").wait_for()
        visit.settle()
        addresses = visit.page.evaluate("() => [...document.querySelectorAll('a[href]')].map(link => link.pathname)")
        assert {known.path for known in PAGES} <= set(addresses)
        assert visit.page.get_by_text("Data of generation 1, built").count() == 1
        assert requests.get(f"{address}/healthz", timeout=30).json()["generation"] == 1
        assert visit.problems == []
    assert publishing.current(tmp_path / "data" / "warehouse") is not None


def test_the_api_is_served_beside_the_pages(site: str, warehouse: Warehouse) -> None:
    health = requests.get(f"{site}/healthz", timeout=30).json()
    assert health["content_hash"] == warehouse.content_hash
    attack = requests.get(f"{site}/api/v1/bars.csv", params={"venue": "'; DROP TABLE bars; --"}, timeout=30)
    assert attack.text.count("\n") == 1
    unknown = requests.get(f"{site}/api/v1/bars", timeout=30)
    assert (unknown.status_code, unknown.headers["Content-Type"]) == (404, "application/json")


def test_what_is_sent_is_compressed(site: str) -> None:
    table = requests.get(f"{site}/api/v1/bars.csv", timeout=30)
    assert table.headers["Content-Encoding"] == "gzip"
    assert table.text.startswith("venue,market,symbol")
