"""A visit to a page: opens it, waits until it has drawn itself, and remembers everything that went wrong on the way."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page, Request

EXPECTED_404 = ("/_stcore/health", "/_stcore/host-config")
"""Streamlit asks for both below the address of a deep link first, and the browser notes each as an error."""

DRAWN = """() => {
    const shown = element => element.offsetParent !== null
    const all = selector => [...document.querySelectorAll(selector)].filter(shown)
    const app = document.querySelector('[data-testid=stApp]')
    return app?.dataset.testScriptState === 'notRunning'
        && all('h1, [data-testid=stAlert]').length > 0
        && all('[data-testid=stSkeleton], [data-testid=stSkeletonElement]').length === 0
        && all('[data-testid=stPlotlyChart]').every(chart => chart.querySelector('.js-plotly-plot')?._fullData)
        && all('[data-stale=true]').length === 0
}"""
POINTS = """() => [...document.querySelectorAll('.js-plotly-plot')].filter(chart => chart.offsetParent !== null).map(
    chart => chart._fullData.map(trace => {
        const lengths = ['x', 'y', 'z', 'values', 'labels'].map(axis => trace[axis]?.length)
            .filter(length => length !== undefined)
        return lengths.length ? Math.min(...lengths) : 0
    }))"""
WIDTHS = """() => [document.documentElement, document.querySelector('[data-testid=stMain]')].map(
    element => element.scrollWidth - window.innerWidth)"""

BACKGROUND = r"""() => getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor
    .match(/\d+/g).slice(0, 3).map(Number)"""
SWIPE = 200
SCROLLED = "() => document.querySelector('[data-testid=stMain]').scrollTop"


@dataclass
class Visit:
    """One page in the browser."""

    site: str
    page: Page
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        self.page.on("console", self._console)
        self.page.on("request", self._request)

    def open(self, path: str) -> Visit:
        self.page.goto(path if path.startswith("http") else self.site + path)
        return self.settle()

    def settle(self) -> Visit:
        """Wait until the script has run and everything in sight is drawn."""
        self.page.wait_for_function(DRAWN)
        return self

    @property
    def title(self) -> str:
        return self.page.locator("h1").inner_text()

    @property
    def warnings(self) -> str:
        return "\n".join(self.page.get_by_test_id("stAlert").all_inner_texts())

    def points(self) -> list[list[int]]:
        """The number of points of each trace of each chart in sight."""
        return list(self.page.evaluate(POINTS))

    def swipe_from_the_chart(self) -> None:
        """Swipe upwards from the middle of the first chart's lines, and wait until the page has moved along."""
        chart = self.page.locator(".js-plotly-plot .nsewdrag").first
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        assert box is not None
        moved = int(self.page.evaluate(SCROLLED)) + SWIPE // 2
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        finger = self.page.context.new_cdp_session(self.page)
        for step in range(0, SWIPE + 1, 10):
            points = [{"x": x, "y": y - step}]
            touched = {"type": "touchMove" if step else "touchStart", "touchPoints": points}
            finger.send("Input.dispatchTouchEvent", touched)
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        self.page.wait_for_function(f"moved => ({SCROLLED})() > moved", arg=moved)

    def overflow(self) -> list[int]:
        """Pixels by which the document and the page's main part are wider than the window."""
        return list(self.page.evaluate(WIDTHS))

    def background(self) -> str:
        red, green, blue = self.page.evaluate(BACKGROUND)
        return f"#{red:02x}{green:02x}{blue:02x}"

    def menu(self, key: str) -> Locator:
        """The open menu of a card."""
        self.page.locator(f".st-key-menu-{key} button:visible").click()
        opened = self.page.get_by_test_id("stPopoverBody")
        opened.wait_for()
        return opened

    def download(self, button: Locator) -> bytes:
        with self.page.expect_download() as started:
            button.click()
        return started.value.path().read_bytes()

    def _console(self, message: ConsoleMessage) -> None:
        location: dict[str, Any] = message.location or {}
        expected = "404" in message.text and location.get("url", "").endswith(EXPECTED_404)
        if message.type == "error" and not expected:
            self.problems.append(f"console: {message.text} {json.dumps(location)}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.site, "data:", "blob:")):
            self.problems.append(f"leaves the machine: {request.url}")
