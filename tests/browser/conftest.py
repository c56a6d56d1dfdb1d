"""A browser and the dashboard it looks at, once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.site import served
from tests.browser.visit import Visit

CHROMIUM = Path("/usr/bin/chromium")
PHONE = "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Mobile Safari/537.36"
Visitor = Callable[[], Visit]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(f"The browser tests need Debian's chromium at {CHROMIUM}: apt-get install chromium, or run .ci/run")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def site(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(data_dir, tmp_path_factory.mktemp("site") / "log") as address:
        yield address


@pytest.fixture(scope="package")
def desk(browser: Browser) -> Iterator[BrowserContext]:
    """A desktop in daylight."""
    with browser.new_context(color_scheme="light", viewport={"width": 1360, "height": 900}) as context:
        yield context


@pytest.fixture(scope="package")
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """A phone at night."""
    size = {"width": 390, "height": 844}
    with browser.new_context(
        color_scheme="dark", viewport=size, has_touch=True, is_mobile=True, user_agent=PHONE
    ) as context:
        yield context


@pytest.fixture
def visit(site: str, desk: BrowserContext) -> Iterator[Visit]:
    """A tab on the desktop; whatever went wrong in it fails the test."""
    with desk.new_page() as page:
        visit = Visit(site, page)
        yield visit
        assert visit.problems == []


@pytest.fixture
def visit_by_phone(site: str, phone: BrowserContext) -> Iterator[Visit]:
    with phone.new_page() as page:
        visit = Visit(site, page)
        yield visit
        assert visit.problems == []
