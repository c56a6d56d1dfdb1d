"""What the headers let a browser do: frame a page by the address made for that only, and save a table as a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import BrowserContext

from tests.browser.visit import Visit
from tests.replay.server import Route, serve


@contextmanager
def elsewhere(address: str) -> Iterator[str]:
    """Another site that frames the address."""
    with serve(Route("/", f'<iframe src="{address}">'.encode(), content_type="text/html")) as other:
        yield other.base.replace("127.0.0.1", "localhost")


def test_a_page_is_framed_by_the_address_that_is_made_for_it(site: str, desk: BrowserContext) -> None:
    with elsewhere(f"{site}/cascade?embed=true") as other, desk.new_page() as page:
        page.goto(other)
        assert "cascade" in page.frame_locator("iframe").locator("h1").first.inner_text()


def test_any_other_address_is_not_framed(site: str, desk: BrowserContext) -> None:
    with elsewhere(f"{site}/cascade") as other, desk.new_page() as page:
        with page.expect_console_message(lambda message: "frame-ancestors" in message.text) as refusal:
            page.goto(other)
        assert refusal.value.type == "error"


def test_the_data_page_hands_a_whole_table_to_the_browser_as_a_file(visit: Visit) -> None:
    link = visit.open("/data?table=venues").page.get_by_role("link", name="Rows as .csv")
    assert link.get_attribute("target") == "_blank"
    link.evaluate("link => link.removeAttribute('target')")  # Playwright sees no downloads of tabs that only save
    assert visit.download(link).startswith(b"venue,name,")
