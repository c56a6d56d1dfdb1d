"""The settlement simulator conserves every cent, keeps a ring-fenced deposit whole, and reproduces the complaint."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.who_paid import settlement
from analytics.who_paid.settlement import PARTIES, RULES, Position, Scenario, dollars, equity, outcome, steps

MONEY = st.integers(0, 10**12)
MINUTES = st.integers(0, 3)
"""Few minutes, so that settlement and deposit often meet."""


def _position(side: str, quantity: int, entry: int, fill: int) -> Position:
    return Position(side, Decimal(quantity).scaleb(-4), Decimal(entry).scaleb(-5), Decimal(fill).scaleb(-5))


POSITIONS = st.builds(
    _position,
    st.sampled_from(["long", "short"]),
    st.integers(1, 10**9),
    st.integers(1, 10**11),
    st.integers(1, 10**11),
)
SCENARIOS = st.builds(
    Scenario, st.tuples(POSITIONS) | st.tuples(POSITIONS, POSITIONS), MONEY, MONEY, MINUTES, MONEY, MINUTES
)
BANKRUPT = SCENARIOS.filter(lambda scenario: equity(scenario) < 0)
COMPLAINT = Scenario(
    (Position("long", Decimal(100), Decimal(200), Decimal(175)),),
    collateral=2000_00,
    fund=200_00,
    settled_after=90,
    deposit=400_00,
    deposited_after=30,
)
"""A debt of 500, a fund of 200, and 400 that come in before the settlement."""


@given(SCENARIOS)
@settings(max_examples=10_000)
def test_every_cent_is_conserved_in_every_step_under_every_rule(scenario: Scenario) -> None:
    came_in = scenario.collateral + scenario.fund + scenario.deposit
    for rule in RULES:
        told = steps(scenario, rule)
        assert all(sum(step.changes) == 0 for step in told)
        ended = [sum(step.changes[party] for step in told) for party in range(len(PARTIES))]
        assert sum(ended[:-1]) == came_in == -ended[-1]
        assert ended[0] >= 0
        bore = outcome(scenario, rule)
        payments = bore.user_pays, bore.counterparties_pay, bore.insurance_pays, bore.others_pay
        assert sum(payments) == bore.debt == max(0, -equity(scenario))
        assert min(payments) >= 0 and bore.insurance_pays <= scenario.fund
        assert bore.reaches_user + bore.user_pays == scenario.deposit


@given(BANKRUPT)
def test_a_ring_fence_never_lets_a_deposit_made_after_bankruptcy_be_taken(scenario: Scenario) -> None:
    bore = outcome(scenario, "ring-fence")
    assert (bore.user_pays, bore.reaches_user) == (0, scenario.deposit)
    assert all(step.reachable == scenario.deposit for step in steps(scenario, "ring-fence") if step.event == "deposit")


@given(BANKRUPT)
def test_only_netting_takes_a_deposit_and_only_one_made_before_the_settlement(scenario: Scenario) -> None:
    debt, early = -equity(scenario), scenario.deposited_after < scenario.settled_after
    for rule in RULES:
        taken = min(debt, scenario.deposit) if rule == "carry" and early else 0
        assert outcome(scenario, rule).user_pays == taken


@given(SCENARIOS)
def test_winners_pay_under_adl_alone_and_then_all_of_it(scenario: Scenario) -> None:
    for rule in RULES:
        bore = outcome(scenario, rule)
        assert bore.counterparties_pay == (bore.debt if rule == "adl" else 0)


@given(SCENARIOS)
def test_nothing_is_owed_twice_where_the_fills_leave_no_debt(scenario: Scenario) -> None:
    solvent = replace(scenario, collateral=scenario.collateral + max(0, -equity(scenario)))
    assert len({steps(solvent, rule)[-1].reachable for rule in RULES}) == 1
    assert all(outcome(solvent, rule).debt == 0 for rule in RULES)


@given(POSITIONS, st.integers(1, 1000))
def test_a_fill_at_the_bankruptcy_price_leaves_nothing(position: Position, leverage: int) -> None:
    collateral = settlement.collateral_for((position,), Decimal(leverage))
    scenario = replace(COMPLAINT, positions=(position,), collateral=collateral)
    at_zero = replace(position, fill=settlement.bankruptcy_price(position, scenario))
    assert abs(equity(replace(scenario, positions=(at_zero,)))) <= 1


def test_the_complaint_a_deposit_vanishes_into_a_debt_that_was_not_yet_settled() -> None:
    told = steps(COMPLAINT, "carry")
    assert [(step.minute, step.event, step.changes, step.reachable) for step in told] == [
        (0, "before", (2000_00, 0, 200_00, 0, -2200_00), 2000_00),
        (0, "liquidated at the fills", (-2500_00, 2500_00, 0, 0, 0), 0),
        (30, "deposit", (400_00, 0, 0, 0, -400_00), 0),
        (90, "settlement", (100_00, 0, -100_00, 0, 0), 0),
    ]
    later = replace(COMPLAINT, deposited_after=90)
    assert outcome(later, "carry").reaches_user == 400_00


@pytest.mark.parametrize(
    ("rule", "payments", "in_reach"),
    [
        ("insurance", (0, 0, 200_00, 300_00), 90),
        ("carry", (400_00, 0, 100_00, 0), None),
        ("ring-fence", (0, 0, 200_00, 300_00), 30),
        ("adl", (0, 500_00, 0, 0), 30),
        ("socialise", (0, 0, 0, 500_00), 90),
    ],
)
def test_who_pays_the_same_debt_under_each_rule(
    rule: str, payments: tuple[int, int, int, int], in_reach: int | None
) -> None:
    bore = outcome(COMPLAINT, rule)
    assert (bore.user_pays, bore.counterparties_pay, bore.insurance_pays, bore.others_pay) == payments
    assert (bore.debt, bore.reachable_after) == (500_00, in_reach)


def test_a_short_loses_when_the_price_rises_and_two_positions_share_their_collateral() -> None:
    short = Position("short", Decimal("0.5"), Decimal(1000), Decimal("1100.01"))
    assert settlement.profit(short) == -50_00  # 50.005 halves to even
    long = Position("long", Decimal(1), Decimal(500), Decimal(530))
    both = replace(COMPLAINT, positions=(short, long), collateral=100_00)
    assert equity(both) == 80_00
    assert settlement.bankruptcy_price(short, both) == 1100
    assert settlement.bankruptcy_price(long, both) == 450


def test_the_tables_state_the_steps_in_dollars_and_every_row_adds_up_to_zero() -> None:
    for rule in RULES:
        table = settlement.through_time(COMPLAINT, rule)
        for suffix in ("", "_change"):
            assert set(table.select(pl.sum_horizontal(f"{party}{suffix}" for party in PARTIES)).to_series()) == {
                Decimal(0)
            }
        told = steps(COMPLAINT, rule)
        assert table["user_change"].to_list() == [dollars(step.changes[0]) for step in told]
        assert table["reachable"].to_list() == [dollars(step.reachable) for step in told]
        assert set(table["source_id"]) == {"crashday"}
    account = settlement.account(COMPLAINT).row(0, named=True)
    assert (account["bankruptcy_price"], account["won"], account["left"]) == (180, -2500, -500)


def test_the_comparison_has_every_rule_once_and_no_float() -> None:
    table = settlement.compared(COMPLAINT)
    assert table["rule"].to_list() == list(RULES)
    assert table["reaches_user"].to_list() == [400, 0, 400, 400, 400]
    assert table["reachable_after"].to_list() == [90, None, 30, 30, 90]
    assert not any(dtype.is_float() for dtype in table.dtypes)
