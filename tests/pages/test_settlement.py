"""The settlement simulator through the shell: findings, links, sentences at the fields, rules taken over."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from analytics.who_paid.settlement import RULES
from analytics.who_paid.settlement_inputs import FIELDS
from charts.terms import DEBT_RULES
from pages.settlement.form import EXAMPLE, HOW, LABELS
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
    assert title(app) == (
        "Of a $400.00 deposit the user keeps nothing: it pays the old debt of $500.00. Under 4 other rules the "
        "user keeps it all"
    )
    assert "no case of record" in said(app) and "Simulated from the inputs, not measured" in said(app)
    assert not app.warning and not app.error


def test_every_field_has_its_words_and_an_example() -> None:
    assert set(LABELS) == set(EXAMPLE) == set(FIELDS)


def test_every_rule_is_named_in_words_and_explained() -> None:
    assert list(HOW) == list(RULES)
    assert page().segmented_control(key="debt").options == [DEBT_RULES[rule] for rule in RULES]


@pytest.mark.parametrize("rule", RULES)
def test_a_link_holds_the_whole_scenario(rule: str) -> None:
    app = page(
        debt=DEBT_RULES[rule],
        deposit="700.25",
        deposited="95",
        quantity_2="3",
        entry_2="100",
        fill_2="90",
        side_2="short",
    )
    assert app.text_input(key="deposit").value == "700.25"
    assert "The user keeps the whole deposit of $700.25" in title(app)
    sides = table(app, "bankruptcy_price")
    assert sides["side"].to_list() == ["long", "short"]


def test_a_change_of_the_rule_and_of_a_field_changes_what_is_said() -> None:
    app = page()
    app.button(key="take-hyperliquid-insurance").click().run()
    assert app.query_params["debt"] in ("A fund absorbs it", ["A fund absorbs it"])
    assert title(app) == "The user keeps the whole deposit of $400.00; others pay the debt of $500.00"
    assert HOW["insurance"] in said(app)
    app.text_input(key="deposit").set_value("0").run()
    assert title(app) == "The liquidation leaves a debt of $500.00, and nothing is deposited"
    app.text_input(key="fill").set_value("190").run()
    assert title(app) == "The liquidation leaves no debt: whatever the rule, the user keeps the deposit"


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
    assert not app.error and title(app).startswith("Of a $400.00 deposit")


def test_a_link_with_an_unknown_rule_or_side_says_so() -> None:
    app = page(debt="mercy", side="up")
    warnings = " ".join(warning.value for warning in app.warning)
    assert "mercy" in warnings and "up" in warnings
    assert title(app).startswith("Of a $400.00 deposit")


def test_a_part_of_the_deposit_is_left_where_it_exceeds_the_debt() -> None:
    assert title(page(deposit="700.25")).startswith("Of a $700.25 deposit the user keeps $200.25: the rest pays")


def test_rules_are_those_that_venues_are_reported_to_have_and_the_rest_is_unknown() -> None:
    app = page()
    rules = table(app, "statement")
    assert set(rules["rule"]) <= set(DEBT_RULES.values())
    taken = [button.key for button in app.button if str(button.key).startswith("take-")]
    assert "take-backpack-carry" in taken and not any("unknown" in key for key in taken)


def test_every_table_shown_leads_to_its_source() -> None:
    assert all("source_id" in frame.value.columns for frame in page().dataframe)
