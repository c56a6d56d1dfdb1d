"""The tab of a page: one name in every link, and links of before that still lead to the same tab."""

from __future__ import annotations

import pytest

from tests.figures.every import TABS
from tests.shell import PAGES, Page, opened

FORMER = {"cascade": "part", "liquidations": "part", "tokenized": "show", "microscope": "lens", "exchange": "view"}
TABBED = [page for page in PAGES if page.stem in TABS]


def test_every_page_with_tabs_is_tested_here() -> None:
    assert {page.stem for page in TABBED} == set(FORMER)


@pytest.mark.parametrize("page", TABBED, ids=lambda page: page.stem)
def test_a_link_made_before_leads_to_the_same_tab_under_the_one_name(page: Page) -> None:
    wanted = TABS[page.stem][-1]
    app = opened(page, **{FORMER[page.stem]: wanted})
    assert not app.exception and not app.warning
    assert (app.query_params["tab"], FORMER[page.stem] in app.query_params) == (wanted, False)
    assert app.markdown.values == opened(page, tab=wanted).markdown.values != opened(page).markdown.values


def test_where_a_link_gives_both_names_the_one_of_today_counts() -> None:
    (page,) = [one for one in TABBED if one.stem == "cascade"]
    app = opened(page, part="Prices", tab="Pegs")
    assert app.query_params["tab"] == "Pegs" and "part" not in app.query_params


@pytest.mark.parametrize("name", ["tab", "lens"])
def test_a_tab_that_does_not_exist_is_said(name: str) -> None:
    (page,) = [one for one in TABBED if one.stem == "microscope"]
    (warning,) = opened(page, **{name: "Nowhere"}).warning.values
    assert "part of the page “Nowhere”, which is not known here" in warning


def test_a_tab_chosen_on_one_page_asks_nothing_of_the_next() -> None:
    first, second = (next(one for one in TABBED if one.stem == stem) for stem in ("cascade", "liquidations"))
    app = opened(first, tab="Pegs")
    app.query_params.clear()
    app.switch_page(second.file).run()
    assert not app.exception and not app.warning
    assert app.title.values == opened(second).title.values
