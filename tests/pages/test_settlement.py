"""The settlement simulator through the shell: findings, links, sentences at the fields, rules taken over."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from analytics.settlement import RULES
from analytics.settlement_inputs import FIELDS
from pages._settlement_form import EXAMPLE, LABELS
from tests.shell import PAGES, opened

(PAGE,) = [page for page in PAGES if page.stem == "settlement"]


def page(**link: str) -> AppTest:
    app = opened(PAGE, **link)
    assert not app.exception
    return app


def title(app: AppTest) -> str:
    return app.title[0].value.replace("\\", "")


def said(app: AppTest) -> str:
    return "\n".join(text.value.replace("\\", "") for text in [*app.title, *app.markdown, *app.caption])


def table(app: AppTest, column: str):
    return next(frame.value for frame in app.dataframe if column in frame.value.columns)


def test_the_example_reproduces_the_complaint_and_says_it_is_no_case_of_record() -> None:
    app = page()
    assert title(app) == "Under “carry” $0.00 of a $400.00 deposit reach the user, under 4 other rules all of it"
    assert "no case of record" in said(app) and "Simulated from the inputs, not measured" in said(app)
    assert not app.warning and not app.error


def test_every_field_has_its_words_and_an_example() -> None:
    assert set(LABELS) == set(EXAMPLE) == set(FIELDS)


@pytest.mark.parametrize("rule", RULES)
def test_a_link_holds_the_whole_scenario(rule: str) -> None:
    app = page(debt=rule, deposit="700.25", deposited="95", quantity_2="3", entry_2="100", fill_2="90", side_2="short")
    assert app.text_input(key="deposit").value == "700.25"
    assert "$700.25 of a $700.25 deposit reach the user" in title(app)
    sides = table(app, "bankruptcy_price")
    assert sides["side"].to_list() == ["long", "short"]


def test_a_change_of_the_rule_and_of_a_field_changes_what_is_said() -> None:
    app = page()
    app.button(key="take-hyperliquid-insurance").click().run()
    assert app.query_params["debt"] == ["insurance"] or app.query_params["debt"] == "insurance"
    assert title(app).startswith("Under “insurance” $400.00 of a $400.00 deposit")
    app.text_input(key="deposit").set_value("0").run()
    assert title(app) == "The fills leave a debt of $500.00, and nothing is deposited"
    app.text_input(key="fill").set_value("190").run()
    assert title(app) == "The fills leave no debt: under every rule the deposit stays whole"


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("deposit", "-5", "The deposit cannot be negative."),
        ("leverage", "0", "The leverage must be at least 1."),
        ("settled", "-1", "The settlement cannot come before the liquidation: give 0 minutes or more."),
        ("quantity", "9" * 60, "The quantity is beyond what can be computed here"),
        ("entry", "<script>alert(1)</script>", "must be a plain number"),
    ],
)
def test_bad_input_gets_a_sentence_at_its_field_and_no_result(field: str, text: str, sentence: str) -> None:
    app = page(**{field: text})
    (error,) = app.error
    assert sentence in error.value.replace("\\", "")
    assert "<script>" not in error.value
    assert title(app) == "Settlement: mend the marked fields"
    assert not any("bankruptcy_price" in frame.value.columns for frame in app.dataframe)
    app.text_input(key=field).set_value(EXAMPLE[field]).run()
    assert not app.error and title(app).startswith("Under “carry”")


def test_a_link_with_an_unknown_rule_or_side_says_so() -> None:
    app = page(debt="mercy", side="up")
    warnings = " ".join(warning.value for warning in app.warning)
    assert "mercy" in warnings and "up" in warnings
    assert title(app).startswith("Under “carry”")


def test_rules_are_those_that_venues_are_reported_to_have_and_the_rest_is_unknown() -> None:
    app = page()
    rules = table(app, "statement")
    assert set(rules["rule"]) <= {*RULES, "unknown"}
    taken = [button.key for button in app.button if str(button.key).startswith("take-")]
    assert "take-backpack-carry" in taken and not any("unknown" in key for key in taken)


def test_every_table_shown_leads_to_its_source() -> None:
    assert all("source_id" in frame.value.columns for frame in page().dataframe)
