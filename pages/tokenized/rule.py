"""What the reader chooses: the reading, the rule, and the facts of a rule of their own."""

from __future__ import annotations

from typing import Any, NamedTuple

import polars as pl
import streamlit as st

from analytics.tokenized import classification, market, products
from charts.words import utc
from pages.shared.ask import ask
from pages.shared.choose import say_unusable
from pages.tokenized.words import in_words


class Chosen(NamedTuple):
    """What the whole page follows."""

    reading: dict[str, Any] | None
    rule: str
    name: str
    mine: market.Own


def chosen_reading(container: Any) -> dict[str, Any] | None:
    """The reading whose shares are classified, by link or by choice."""
    known = {
        f"{utc(row['as_of'], row['as_of_precision'])}, {in_words(row['metric'])}, {row['origin']}": row
        for row in ask(market.readings).iter_rows(named=True)
    }
    if not known:
        return None
    say_unusable("reading", list(known), "reading")
    name = container.selectbox("Reading", list(known), key="reading", bind="query-params", width=360)
    return known[name]


def own_rule() -> market.Own:
    """The reader's rule: which answers to which facts must hold, kept in the link."""
    with (
        st.expander("My own rule: a token counts if …", icon=":material/rule:", key="own", bind="query-params"),
        st.grid("auto", min_column_width=300),
    ):
        asked = [_ticked(fact, rows) for fact, rows in facts_asked().items()]
    return tuple((fact, answers) for fact, answers in asked if answers)


def facts_asked() -> dict[str, list[str]]:
    rows = ask(classification.answers)
    order = [*products.QUESTIONS, *sorted(set(rows["fact"]) - set(products.QUESTIONS))]
    return {fact: rows.filter(pl.col("fact") == fact)["answer"].to_list() for fact in order if fact in rows["fact"]}


def _ticked(fact: str, answers: list[str]) -> tuple[str, tuple[str, ...]]:
    said = {products.words(answer): answer for answer in answers}
    key = f"own_{fact}"
    say_unusable(key, list(said), "answer")
    ticked = st.pills(
        products.question(fact), list(said), selection_mode="multi", key=key, bind="query-params", wrap=True
    )
    return fact, tuple(sorted(said[one] for one in ticked))


def chosen_rule(mine: market.Own) -> tuple[str, str]:
    """The ruleset the page follows, as identifier and name; the reader's own only if it asks for something."""
    rules = ask(classification.rules).select("name", "ruleset").unique(maintain_order=True)
    known = {**dict(rules.iter_rows()), classification.NAMES[classification.OWN]: classification.OWN}
    say_unusable("rule", list(known), "rule")
    name = st.pills(
        "Rule the page follows", list(known), default=next(iter(known)), key="rule", bind="query-params", required=True
    )
    if known[name] == classification.OWN and not mine:
        st.info("Tick at least one answer above to make a rule of your own. Until then the first rule is followed.")
        name = next(iter(known))
    return known[name], name
