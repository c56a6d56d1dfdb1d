"""What a person types becomes a whole scenario, or a sentence for each field that cannot be used."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.who_paid.settlement import RULES, Position
from analytics.who_paid.settlement_inputs import FIELDS, OF_SECOND, Unusable, scenario
from pipelines.tables.venues import SettlementRules

GIVEN = {
    "side": "long",
    "quantity": "100",
    "entry": "200",
    "fill": "175",
    "leverage": "10",
    "fund": "1,200.50",
    "settled": "90",
    "deposit": " 400 ",
    "deposited": "30",
}
TWO = {f"side{OF_SECOND}": "short", f"quantity{OF_SECOND}": "2", f"entry{OF_SECOND}": "50", f"fill{OF_SECOND}": "60"}


def problems(**changed: str) -> dict[str, str]:
    with pytest.raises(Unusable) as raised:
        scenario({**GIVEN, **changed})
    return {problem.field: problem.sentence for problem in raised.value.problems}


def test_texts_become_decimals_and_cents() -> None:
    read = scenario(GIVEN)
    assert read.positions == (Position("long", Decimal(100), Decimal(200), Decimal(175)),)
    assert (read.collateral, read.fund, read.deposit) == (2000_00, 1200_50, 400_00)
    assert (read.settled_after, read.deposited_after) == (90, 30)


def test_a_second_position_counts_only_with_its_quantity() -> None:
    both = scenario({**GIVEN, **TWO})
    assert [position.side for position in both.positions] == ["long", "short"]
    assert both.collateral == 2010_00
    assert len(scenario({**GIVEN, **TWO, f"quantity{OF_SECOND}": ""}).positions) == 1


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("deposit", "-5", "The deposit cannot be negative."),
        ("deposit", "1.005", "at most 2 digits after the point"),
        ("leverage", "0", "The leverage must be at least 1."),
        ("leverage", "-3", "at least 1"),
        ("settled", "-1", "The settlement cannot come before the liquidation"),
        ("settled", "1.5", "whole minutes only"),
        ("deposited", "-1", "A deposit before the liquidation is collateral"),
        ("fill", "0", "The liquidation fill must be above 0."),
        ("fill", "-175", "above 0"),
        ("entry", "0.00", "above 0"),
        ("quantity", "0", "above 0"),
        ("quantity", "9" * 400, "beyond what can be computed here"),
        ("quantity", "6000000000", "Quantity times entry price is above 1,000,000,000,000 USD"),
        ("quantity", "0.00000001", "below one cent"),
        ("fund", "1e400", "must be a plain number such as 1250.5, not “1e400”"),
        ("fund", "NaN", "plain number"),
        ("fund", "Infinity", "plain number"),
        ("fund", "1,00", "plain number"),
        ("fund", "٣", "plain number"),
        ("fund", "1000000000001", "at most 1,000,000,000,000"),
        ("entry", "", "The entry price is missing"),
        ("entry", "x" * 500, "x…”"),
        ("side", "both", "The side is long or short."),
    ],
)
def test_what_cannot_be_used_is_said_at_its_field_in_a_sentence(field: str, text: str, says: str) -> None:
    found = problems(**{field: text})
    assert list(found) == [field]
    assert says in found[field] and found[field].endswith(".") and len(found[field]) < 120


def test_a_fill_so_high_that_it_leaves_what_is_exact_is_refused() -> None:
    assert "Quantity times fill price" in problems(quantity="10000", fill="999999999")["quantity"]


def test_all_problems_are_named_at_once() -> None:
    assert set(problems(leverage="0", deposit="-1", **{f"quantity{OF_SECOND}": "1"})) == {
        "leverage",
        "deposit",
        f"entry{OF_SECOND}",
        f"fill{OF_SECOND}",
        f"side{OF_SECOND}",
    }


@given(st.sampled_from([*GIVEN, *TWO]), st.text() | st.from_regex(r"[0-9+.,-]{1,12}", fullmatch=True))
def test_no_text_breaks_it(field: str, text: str) -> None:
    try:
        scenario({**GIVEN, **TWO, field: text})
    except Unusable as unusable:
        assert {problem.field.removesuffix(OF_SECOND) for problem in unusable.problems} <= {*FIELDS, "side"}


def test_the_rules_are_those_of_the_table() -> None:
    values = SettlementRules.columns()["rule"].metadata["values"]
    assert set(values) == {*RULES, "unknown"}
