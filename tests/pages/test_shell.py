"""Every page opens through the shell on the real warehouse, by any link, on any day, and says what it cannot show."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analytics.compare import crash_days
from analytics.warehouse import Warehouse, hub
from pipelines.config import Settings
from pipelines.generations import draft
from pipelines.refreshing import build
from tests.shell import OVERVIEW, PAGES, Page, opened

EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
LINKABLE = [page for page in PAGES if page.path.strip("/") in ("", page.stem)]
"""Pages AppTest can open by a link; tests/browser opens them all."""
DAY = "day"


def failures(app: AppTest) -> list[str]:
    return [exception.message for exception in app.exception]


def has_day(app: AppTest) -> bool:
    return DAY in [box.key for box in app.selectbox]


@pytest.fixture
def own_pages(own: Settings) -> Iterator[Settings]:
    """The pages on a warehouse of the test's own."""
    hub.cache_clear()
    st.cache_data.clear()
    yield own
    hub.cache_clear()
    st.cache_data.clear()


@pytest.fixture
def no_warehouse(own_pages: Settings) -> Settings:
    shutil.rmtree(own_pages.warehouse_dir)
    return own_pages


@EVERY_PAGE
def test_a_page_opens_with_a_title_and_the_age_of_its_data(page: Page, warehouse: Warehouse) -> None:
    app = opened(page)
    assert failures(app) == []
    assert len(app.title) == 1
    assert app.title[0].value
    assert [*app.warning.values, *app.error.values] == []
    built = warehouse.built_at[:16].replace("T", " ")
    assert f"Data of generation {warehouse.number}, built {built} UTC" in app.caption[-1].value


@EVERY_PAGE
def test_a_page_opens_again_from_what_is_cached(page: Page) -> None:
    app = opened(page)
    title = app.title.values
    app.run()
    assert failures(app) == []
    assert app.title.values == title


@EVERY_PAGE
def test_a_page_opens_on_days_of_which_little_is_known(page: Page, warehouse: Warehouse) -> None:
    app = opened(page)
    days = crash_days.every(warehouse)["crash_day"].to_list()[1::8]
    for day in days if has_day(app) else []:
        app.selectbox(key=DAY).select(day).run()
        assert failures(app) == []
        assert len(app.title) == 1


@EVERY_PAGE
def test_a_link_to_a_generation_that_is_gone_says_so_and_shows_no_other_data(page: Page) -> None:
    app = opened(page, generation="9999")
    assert failures(app) == []
    (message,) = app.error.values
    assert "Generation 9999 is no longer kept. Kept are: 1." in message
    assert app.title.values == []
    assert app.markdown[-1].value == "[Show the current data instead](?)"


@pytest.mark.parametrize("text", ["abc", "-1", "1.5", "9" * 400, "²"])
def test_a_link_to_what_is_no_generation_says_so_and_shows_the_published_data(text: str) -> None:
    app = opened(generation=text)
    assert failures(app) == []
    (message,) = app.warning.values
    assert "is not a number. Showing the published data." in message
    assert len(app.title) == 1


@pytest.mark.parametrize("text", ["nope", "<script>alert(1)</script> [link](http://evil)"])
@pytest.mark.parametrize("page", LINKABLE, ids=lambda page: page.stem)
def test_a_link_to_an_unknown_day_says_so_and_shows_the_default(page: Page, text: str) -> None:
    default, app = opened(page), opened(page, day=text)
    assert failures(app) == []
    assert app.title.values == default.title.values
    if has_day(app):
        (message,) = app.warning.values
        assert "which is not known here. Showing the default." in message
        assert "[link](" not in message and "<script>" not in message


def test_a_link_opens_its_day(warehouse: Warehouse) -> None:
    other = crash_days.every(warehouse).row(-1, named=True)
    app = opened(day=other["crash_day"])
    assert app.selectbox(key=DAY).value == other["crash_day"]
    assert app.warning.values == []


def test_a_pinned_link_keeps_showing_what_was_known(own_pages: Settings) -> None:
    path = own_pages.reference_dir / "crash_days.csv"
    path.write_text(path.read_text().replace(",Crash,", ",Changed,").replace(",curated,", ",proposed,", 1))
    published, _ = build.build(own_pages)
    assert published is not None and published.generation == 2
    assert "Data of generation 2, built " in opened().caption[-1].value
    assert "This link is pinned to generation 1; the current one is 2. Data of generation 1" in (
        opened(generation="1").caption[-1].value
    )


def test_a_missing_warehouse_is_built_by_the_first_visitor(no_warehouse: Settings) -> None:
    app = opened()
    assert failures(app) == []
    assert app.error.values == []
    assert len(app.title) == 1
    assert draft.current(no_warehouse.warehouse_dir) is not None


def test_a_warehouse_that_cannot_be_built_says_why(no_warehouse: Settings) -> None:
    (no_warehouse.reference_dir / "venues.csv").unlink()
    app = opened()
    assert failures(app) == []
    assert "venues.csv is missing" in "\n".join(app.error.values)
    assert app.title.values == []


def test_a_visitor_during_another_build_is_told_to_wait(no_warehouse: Settings) -> None:
    with draft.exclusive(no_warehouse.warehouse_dir):
        app = opened()
    assert failures(app) == []
    assert "Another process is building the warehouse" in app.status[0].label
    assert app.title.values == []


def test_the_shell_stands_inside_the_pages_folder() -> None:
    """A main script beside `pages/` lets a deep link that comes first run its page without the shell."""
    root = Path(__file__).parents[2]
    assert 'st.App(\n    "pages/_shell.py"' in (root / "app.py").read_text()
    assert {page.file for page in PAGES} == {
        f"{path.name}/{path.name}.py" for path in (root / "pages").iterdir() if (path / f"{path.name}.py").exists()
    }
    assert OVERVIEW.path == "/"
