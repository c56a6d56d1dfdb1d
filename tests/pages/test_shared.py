"""What all pages are made of: safe words, links that say what they could not use, cards with a receipt."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from analytics.warehouse import Warehouse
from pages.shared.ask import ask
from pages.shared.words import safe
from tests.pages import drawings

JOINER = "\u2060"
"""Nobody sees it; it keeps an address from becoming a link."""


TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Unicode's marks for the direction of writing: https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters"""


@given(st.text(st.characters(exclude_characters=TURNING)))
def test_safe_words_say_the_same(text: str) -> None:
    assert re.sub(r"\\(.)", r"\1", safe(text)).replace(JOINER, "") == text.replace(JOINER, "")


@given(st.text(alphabet="\\`*_{}[]()<>#+!|$~: ab"))
def test_no_markup_survives(text: str) -> None:
    assert re.sub(r"\\.", "", safe(text)).strip(" ab") == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$19 bn and $2 bn", r"\$19 bn and \$2 bn"),
        ("[here](https://x.example)", rf"\[here\]\(https\:{JOINER}//x.example\)"),
        ("www.copy.example", f"www{JOINER}.copy.example"),
        ("me@copy.example", f"me@{JOINER}copy.example"),
        ("<b>:material/bolt:</b>", r"\<b\>\:material/bolt\:\</b\>"),
        (None, "None"),
    ],
)
def test_what_would_be_a_formula_a_link_or_an_icon_stays_words(text: object, words: str) -> None:
    assert safe(text) == words


def test_what_turns_the_order_of_letters_is_shown_as_something_that_is_not_a_letter(warehouse: Warehouse) -> None:
    def question(_: Warehouse) -> pl.DataFrame:
        return pl.DataFrame({"name": [f"OKX{one}ecnaniB" for one in TURNING], "usd": 1.0})

    assert safe(TURNING) == "\ufffd" * len(TURNING)
    assert ask(question)["name"].unique().to_list() == ["OKX\ufffdecnaniB"]


def page(script: str) -> AppTest:
    """A page of the given parts, on the warehouse of the tests."""
    app = AppTest.from_string(
        "import polars as pl\nimport streamlit as st\nfrom pages.shared.ask import ask\n"
        "from pages.shared.card import card\n" + script
    )
    app.run(timeout=30)
    assert [exception.message for exception in app.exception] == []
    return app


CARD = """
from analytics.data import export
from analytics.warehouse import hub
with hub().lease() as warehouse:
    data = export.rows(warehouse, 'trades', {'limit': ['3']})
columns = {'price': st.column_config.NumberColumn('Price')}
card('Sweep to $0.001', data, key='sweep', about='Price, $', table=columns, note='Thin [book]')
"""


@pytest.fixture
def card() -> Iterator[AppTest]:
    yield page(CARD)


def test_a_card_has_a_title_what_it_is_about_its_rows_and_its_source(card: AppTest) -> None:
    assert r"#### Sweep to \$0.001" in card.markdown.values
    assert card.caption.values[0] == r"Price, \$"
    assert r"Thin \[book\]" in card.caption.values
    assert card.caption.values[-1].startswith("Source: ") and len(card.caption.values[-1]) > 10
    assert card.dataframe[0].value.shape[0] == 3


def test_a_card_has_one_menu_with_its_data_its_sources_and_its_link(card: AppTest) -> None:
    assert [button.label for button in card.get("download_button")] == ["Data as CSV (3 rows)", "Its sources as CSV"]
    assert any(words.startswith("**Sources**") for words in card.markdown.values)
    assert any("**Link to this view** (generation 1)" in words for words in card.markdown.values)


DRAWN = """
from functools import partial
from tests.pages import drawings
card(
    'A chart', pl.DataFrame({'source_id': ['crashday'], 'value': [VALUE]}),
    partial(drawings.counted, pl.DataFrame({'value': [VALUE]})), key='chart', about='USD',
)
"""


def test_a_chart_is_drawn_once_for_all_and_anew_where_its_rows_differ() -> None:
    before = len(drawings.DRAWN)
    for value in (1, 1, 2, 1):
        app = page(DRAWN.replace("VALUE", str(value)))
        (chart,) = app.get("plotly_chart")
        assert f'"x":[{value}]' in chart.proto.spec.replace(" ", "")
    assert drawings.DRAWN[before:] == [1, 2]


def test_a_card_without_rows_says_so_and_offers_nothing_to_download() -> None:
    app = page(CARD.replace("'limit': ['3']", "'limit': ['0']"))
    assert app.info.values == ["No figure of this kind is known for this selection."]
    assert len(app.get("download_button")) == 0


def test_only_what_may_be_linked_is_linked() -> None:
    app = page(
        """
from analytics.data import catalogue, sources
from pages.shared.receipt import source_link
every = ask(sources.named, ids=tuple(ask(catalogue.sources)['source_id']))
st.session_state['links'] = [(row['linkable'], row['url'], source_link(row)) for row in every.iter_rows(named=True)]
"""
    )
    links = app.session_state["links"]
    assert {linkable for linkable, _, _ in links} == {True, False}
    for linkable, url, words in links:
        assert (f"]({url.replace(')', '%29')})" in words) == linkable if url else "](" not in words
        assert linkable or re.search(r"www\.|\w@\w|://", words) is None


def test_an_unusable_value_is_named_and_a_usable_one_is_not() -> None:
    script = "say_unusable('venue', ['binance', 'okx'], 'venue')"
    app = AppTest.from_string("from pages.shared.choose import say_unusable\n" + script)
    app.query_params["venue"] = ["binance", "mt$gox"]
    app.run()
    (message,) = app.warning.values
    assert message == r"The link asks for the venue “mt\$gox”, which is not known here. Showing the default."


CHOICE = """
import streamlit as st
from pages.shared.choose import chosen_by_id
known = st.session_state.get('known', {'a-1': 'First, 1', 'b-2': 'Second, 2'})
st.session_state['chosen'] = chosen_by_id('Choice', known, key='one', what='choice')
"""


def chosen(**link: str) -> AppTest:
    app = AppTest.from_string(CHOICE)
    for key, value in link.items():
        app.query_params[key] = value
    return app.run()


def test_a_choice_is_shown_in_words_and_its_link_holds_the_id() -> None:
    app = chosen()
    assert app.selectbox(key="one").options == ["First, 1", "Second, 2"]
    assert "one" not in app.query_params
    app.selectbox(key="one").select("b-2").run()
    assert (app.session_state["chosen"], app.query_params["one"]) == ("b-2", "b-2")
    app = chosen(one="b-2")
    assert app.session_state["chosen"] == "b-2" and not app.warning


def test_a_changed_address_changes_the_choice_and_an_unusable_one_is_said_and_mended() -> None:
    app = chosen(one="b-2")
    app.query_params["one"] = "a-1"
    assert app.run().session_state["chosen"] == "a-1"
    app.query_params["one"] = "nope"
    app.run()
    assert "“nope”, which is not known here" in app.warning[0].value
    assert (app.session_state["chosen"], app.query_params["one"]) == ("a-1", "a-1")


def test_a_choice_that_is_no_longer_offered_gives_way_to_the_first() -> None:
    app = chosen(one="b-2")
    app.session_state["known"] = {"c-3": "Third, 3"}
    app.run()
    assert (app.session_state["chosen"], app.query_params["one"]) == ("c-3", "c-3")
    assert not app.exception and not app.warning


def test_an_answer_is_asked_for_once_a_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(
        """
from analytics.compare import crash_days
st.cache_data.clear()
calls = []
def counted(warehouse):
    calls.append(warehouse.number)
    return crash_days.every(warehouse)
first, second = ask(counted), ask(counted)
st.session_state['calls'] = calls
st.session_state['same'] = first.equals(second)
"""
    )
    assert app.session_state["calls"] == [1]
    assert app.session_state["same"]
