"""Makes the README's pictures from the real pages: `python docs/screenshots.py` beside a running dashboard."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURES = {
    "overview": ("/", "light"),
    "cascade": ("/cascade", "dark"),
    "tokenized": ("/tokenized", "dark"),
}


def main(base: str) -> None:
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, (path, scheme) in PICTURES.items():
            page = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 1080}).new_page()
            page.goto(base + path)
            page.locator(".js-plotly-plot .main-svg").first.wait_for()
            page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
            page.screenshot(path=Path(__file__).with_name(f"{name}.png"))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8501")
