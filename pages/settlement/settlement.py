"""The settlement simulator: an account below zero, a deposit, a rule, and who pays to the cent."""

from __future__ import annotations

from functools import partial

import polars as pl
import streamlit as st

from analytics.exchange import profile
from analytics.who_paid import settlement
from analytics.who_paid.settlement import Scenario
from charts.terms import DEBT_RULES
from charts.who_paid import settlement as drawn
from charts.who_paid.settlement import exact
from pages.settlement.form import chosen_rule, chosen_scenario, set_rule
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.columns import NUMBER, TEXT, dollars
from pages.shared.reports import STATED, stated
from pages.shared.words import safe

ACCOUNT = {
    "side": TEXT("Side"),
    "quantity": NUMBER("Quantity"),
    "entry": NUMBER("Entry price"),
    "bankruptcy_price": NUMBER("Bankruptcy price"),
    "fill": NUMBER("Liquidation fill"),
    "won": dollars("Won or lost at the fill"),
}
COMPARED = {
    "words": TEXT("Rule", width="medium"),
    "reaches_user": dollars("Reaches the user"),
    "user_pays": dollars("Taken of the deposit"),
    "counterparties_pay": dollars("Winners pay"),
    "insurance_pays": dollars("Fund pays"),
    "others_pay": dollars("All others pay"),
    "reachable_after": NUMBER("In reach after, minutes"),
}
STEPS = {
    "minute": NUMBER("Minute", width=70),
    "event": TEXT("What happens", width="medium"),
    **{
        column: dollars(f"{name}{suffix}")
        for party, (name, _) in drawn.PARTIES.items()
        for column, suffix in ((f"{party}_change", ": change"), (party, ""))
    },
    "outside_change": dollars("From outside: change"),
    "reachable": dollars("User can withdraw"),
}
SIMULATED = "Simulated from the inputs, not measured"


def finding(compared: pl.DataFrame, rule: str) -> str:
    """What the chosen rule makes of the deposit, and under how many others the user keeps it."""
    row = compared.row(by_predicate=pl.col("rule") == rule, named=True)
    debt, deposit = exact(row["debt"]), exact(row["deposit"])
    if not row["debt"]:
        return "The liquidation leaves no debt: whatever the rule, the user keeps the deposit"
    if not row["deposit"]:
        return f"The liquidation leaves a debt of {debt}, and nothing is deposited"
    if not row["user_pays"]:
        return f"The user keeps the whole deposit of {deposit}; others pay the debt of {debt}"
    kept = f"{exact(row['reaches_user'])}: the rest" if row["reaches_user"] else "nothing: it"
    whole = compared.filter(pl.col("user_pays") == 0).height
    return (
        f"Of a {deposit} deposit the user keeps {kept} pays the old debt of {debt}. Under {whole} other rules the "
        "user keeps it all"
    )


def results(scenario: Scenario, rule: str, compared: pl.DataFrame) -> None:
    """Everything below the inputs: who pays, the chosen rule step by step, and the account itself."""
    row = compared.row(by_predicate=pl.col("rule") == rule, named=True)
    worded = compared.with_columns(words=pl.col("rule").replace_strict(DEBT_RULES, return_dtype=pl.String))
    card(
        f"Who pays a debt of {exact(row['debt'])}" if row["debt"] else "There is no debt to pay",
        worded,
        partial(drawn.who_pays, compared) if row["debt"] else None,
        key="payers",
        about=(
            f"{SIMULATED}. One scenario, five rules; each bar is the whole debt. What a fund cannot pay all other "
            "accounts pay. USD"
        ),
        alt="; ".join(
            (
                f"{one['words']}: user {exact(one['user_pays'])}, winners {exact(one['counterparties_pay'])}, fund "
                f"{exact(one['insurance_pays'])}, all others {exact(one['others_pay'])}"
            )
            for one in worded.iter_rows(named=True)
        ),
        table=COMPARED,
    )
    _step_by_step(scenario, rule)
    _account(scenario)


def _step_by_step(scenario: Scenario, rule: str) -> None:
    steps = settlement.through_time(scenario, rule)
    card(
        f"{DEBT_RULES[rule]}: step by step",
        steps,
        partial(drawn.balances, steps),
        key="steps",
        about=(
            f"{SIMULATED}. What each party has from one step to the next; the changes of every row, with what comes "
            "from outside, add up to zero. A settlement and a deposit in one minute: the settlement first. USD"
        ),
        alt="; ".join(
            f"minute {one['minute']}, {one['event']}: user {exact(one['user'])}" for one in steps.iter_rows(named=True)
        ),
        table=STEPS,
    )


def _account(scenario: Scenario) -> None:
    before = settlement.account(scenario)
    left = before["left"][0]
    outcome = f"{exact(-left)} below zero" if left < 0 else f"{exact(left)} left"
    card(
        f"Collateral {exact(before['collateral'][0])}; after the fills {outcome}",
        before,
        key="account",
        about=(
            f"{SIMULATED}. Collateral is entry value over leverage. At the bankruptcy price a position has lost its "
            "part of it, by entry value. USD"
        ),
        table=ACCOUNT,
    )


def presets() -> None:
    """How venues describe what they do, with a button for each rule that is described."""
    rows = ask(profile.settlement_rules)
    known = rows.filter(pl.col("rule") != "unknown").unique(["venue", "rule"], keep="first", maintain_order=True)
    unknown = rows.filter(pl.col("rule") == "unknown")["venue"].n_unique()
    card(
        f"How {known['venue'].n_unique()} venues describe it; of {unknown} nothing was found",
        stated(rows),
        key="presets",
        about=(
            "What was said or shown about negative balances, one row a statement. No venue's full rule book was "
            "read; a rule named here is a reading of these words"
        ),
        table={"name": TEXT("Exchange"), **STATED},
    )
    st.caption("Take over a rule as described:")
    with st.container(horizontal=True, key="take-over"):
        for row in known.iter_rows(named=True):
            st.button(
                safe(f"{row['name']}: {DEBT_RULES[row['rule']]}"),
                on_click=set_rule,
                args=(row["rule"],),
                key=f"take-{row['venue']}-{row['rule']}",
            )


heading = st.container()
rule = chosen_rule()
left, right = st.columns([2, 3])
with left, st.container(border=True):
    scenario = chosen_scenario()
if scenario is None:
    heading.title("Settlement: mend the marked fields")
    right.info("What the rules make of the deposit stands here once every field can be used.", icon=":material/edit:")
else:
    compared = settlement.compared(scenario)
    heading.title(safe(finding(compared, rule)))
    with right:
        card(
            "What reaches the user of the deposit, rule by rule",
            compared,
            partial(drawn.reaching_user, compared),
            key="reaching",
            about=f"{SIMULATED}. USD",
            alt="Bars: "
            + ", ".join(
                f"{DEBT_RULES[row['rule']]} {exact(row['reaches_user'])} of {exact(row['deposit'])}"
                for row in compared.iter_rows(named=True)
            ),
            note=(
                "The example is made of round numbers; it is no case of record. Every field is in the link, and "
                "each card's data is a CSV."
            ),
        )
    results(scenario, rule, compared)
presets()
