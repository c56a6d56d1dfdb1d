"""The inputs of the settlement simulator: each in the link, each with its own sentence where it cannot be used."""

from __future__ import annotations

from typing import Any

import streamlit as st

from analytics.who_paid.settlement import RULES, Scenario
from analytics.who_paid.settlement_inputs import FIELDS, OF_SECOND, POSITION, SIDES, Unusable, scenario
from charts.terms import DEBT_RULES
from pages.shared.choose import say_unusable
from pages.shared.words import safe

LABELS = {
    "quantity": "Quantity",
    "entry": "Entry price, USD",
    "fill": "Liquidation fill, USD",
    "leverage": "Leverage of the account",
    "fund": "Insurance fund, USD",
    "deposit": "Later deposit, USD",
    "deposited": "Deposited after, minutes",
    "settled": "Debt settled after, minutes",
}
EXAMPLE = {
    "quantity": "100",
    "entry": "200",
    "fill": "175",
    "leverage": "10",
    "fund": "200",
    "deposit": "400",
    "deposited": "30",
    "settled": "90",
}
"""Round numbers that show the rules apart: no case of record."""
RULE = "debt"
"""The name under which the rule for a debt stands in the link."""
HOW = {
    "insurance": (
        "At the settlement an insurance fund pays the debt, and all other accounts what it cannot pay. A deposit "
        "made before is not touched, but has to wait."
    ),
    "carry": (
        "The debt stays on the account until it is settled. What the user deposits before then pays it first; a "
        "fund pays the rest."
    ),
    "ring-fence": (
        "A fund pays the debt as above, and what the user deposits after the liquidation is kept apart: it is in "
        "reach at once (a ring-fence)."
    ),
    "adl": (
        "The position is closed against winners at its bankruptcy price: they give up a part of their profit, and "
        "no debt is left (auto-deleveraging)."
    ),
    "socialise": "At the settlement all other accounts pay the debt, and no fund does (socialised losses).",
}


def chosen_rule() -> str:
    """The rule for a negative balance, by link, by choice, or by a venue's button."""
    names = {DEBT_RULES[rule]: rule for rule in RULES}
    say_unusable(RULE, list(names), "rule for a negative balance")
    st.session_state.setdefault(RULE, DEBT_RULES["carry"])
    name = str(
        st.segmented_control(
            "What the venue does with a balance below zero", list(names), key=RULE, bind="query-params", required=True
        )
    )
    st.caption(safe(HOW[names[name]]))
    return names[name]


def set_rule(rule: str) -> None:
    st.session_state[RULE] = DEBT_RULES[rule]


def chosen_scenario() -> Scenario | None:
    """The scenario of the fields; None where a field says why there is none."""
    given: dict[str, str] = {}
    cells = _fields("", EXAMPLE, given)
    second = bool(st.query_params.get(f"quantity{OF_SECOND}"))
    with st.expander("A second position of the same account", expanded=second, icon=":material/add:"):
        cells |= _fields(OF_SECOND, dict.fromkeys(POSITION, ""), given)
    try:
        return scenario(given)
    except Unusable as unusable:
        for name, sentence in unusable.problems:
            cells[name].error(safe(sentence), icon=":material/edit:")
        return None


def _fields(ending: str, defaults: dict[str, str], given: dict[str, str]) -> dict[str, Any]:
    """Draw the fields, put their texts into `given`, and return each one's cell, where its sentence belongs."""
    grid = st.grid(2, min_column_width=150, key=f"fields{ending}")
    cells = {f"{name}{ending}": grid.container() for name in ("side", *defaults)}
    side = f"side{ending}"
    with cells[side]:
        say_unusable(side, list(SIDES), "side")
        given[side] = st.segmented_control(
            "Side", list(SIDES), default=SIDES[0], key=side, bind="query-params", required=True
        )
    for name, default in defaults.items():
        with cells[f"{name}{ending}"]:
            given[f"{name}{ending}"] = (
                st.text_input(LABELS[name], default, key=f"{name}{ending}", bind="query-params", help=_help(name)) or ""
            )
    return cells


def _help(name: str) -> str:
    least = "above 0" if FIELDS[name].above_zero else f"from {FIELDS[name].least:f}"
    return safe(f"A number {least} to {FIELDS[name].most:,f}")
