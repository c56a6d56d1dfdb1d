"""A class follows from the facts the rules ask about, and from nothing else."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.tokenized import classification
from analytics.warehouse import Hub, Warehouse
from pipelines.config import ROOT, Settings
from pipelines.refreshing import build

REFERENCE = ROOT / "data" / "reference"
RULES = pl.read_csv(REFERENCE / "classification_rules.csv")
ANSWERS = {
    fact: [*sorted(rows["value"].unique()), classification.UNKNOWN]
    for (fact,), rows in pl.read_csv(REFERENCE / "tokenized_facts.csv").group_by("fact", maintain_order=True)
}
RULESETS = RULES["ruleset"].unique(maintain_order=True).to_list()
PRODUCT = st.fixed_dictionaries({fact: st.sampled_from(values) for fact, values in ANSWERS.items()})


def frame(product: dict[str, str], name: str = "a-product") -> pl.DataFrame:
    rows = [(name, fact, value, "high", f"source-of-{fact}") for fact, value in product.items()]
    return pl.DataFrame(rows, schema=["product_id", "fact", "value", "confidence", "source_id"], orient="row")


def classes(product: dict[str, str], rules: pl.DataFrame = RULES) -> dict[str, str]:
    return dict(classification.classify(frame(product), rules).select("ruleset", "class_name").iter_rows())


def by_hand(product: dict[str, str], ruleset: str) -> str:
    """The same decision, written the long way."""
    conditions = RULES.filter(pl.col("ruleset") == ruleset)
    for position in sorted(conditions["position"].unique()):
        asked = conditions.filter(pl.col("position") == position)
        if all(
            fact == "any" or product[fact] in values.split("|")
            for fact, values in asked.select("fact", "values").iter_rows()
        ):
            return asked["class_name"][0]
    raise AssertionError("a ruleset ends with a rule for the rest")


@given(PRODUCT)
def test_the_first_position_whose_conditions_all_hold_decides(product: dict[str, str]) -> None:
    assert classes(product) == {ruleset: by_hand(product, ruleset) for ruleset in RULESETS}


@pytest.mark.parametrize("fact", ANSWERS)
@given(product=PRODUCT, data=st.data())
def test_a_changed_fact_moves_a_product_only_under_rules_that_use_it(
    fact: str, product: dict[str, str], data: st.DataObject
) -> None:
    changed = {**product, fact: data.draw(st.sampled_from(ANSWERS[fact]))}
    before, after = classes(product), classes(changed)
    using = set(RULES.filter(pl.col("fact") == fact)["ruleset"])
    assert {ruleset for ruleset in RULESETS if before[ruleset] != after[ruleset]} <= using


@pytest.mark.parametrize(
    ("ruleset", "fact"),
    RULES.filter(pl.col("fact") != "any").select("ruleset", "fact").unique().sort("ruleset", "fact").rows(),
)
def test_every_fact_a_rule_asks_for_can_move_a_product(ruleset: str, fact: str) -> None:
    others = [
        {**dict.fromkeys(ANSWERS, "unknown"), "legal_form": form, "issuer_sponsored": sponsored, "transferable": moves}
        for form in ANSWERS["legal_form"]
        for sponsored in ANSWERS["issuer_sponsored"]
        for moves in ANSWERS["transferable"]
    ]
    assert any(len({by_hand({**product, fact: answer}, ruleset) for answer in ANSWERS[fact]}) > 1 for product in others)


def test_a_product_whose_facts_are_not_known_is_unclassified_everywhere() -> None:
    assert set(classes(dict.fromkeys(ANSWERS, "unknown")).values()) == {"unclassified"}
    assert set(classes({"legal_form": "unknown"}).values()) == {"unclassified"}


def test_the_class_carries_the_sources_and_the_weakest_confidence_of_the_facts_that_decided() -> None:
    facts = frame({"legal_form": "debt_note", "issuer_sponsored": "no", "vote": "no"}).with_columns(
        confidence=pl.col("fact").replace_strict({"legal_form": "low"}, default="high")
    )
    decided = classification.classify(facts, RULES).row(by_predicate=pl.col("ruleset") == "sec-2026-01-28", named=True)
    assert decided["class_name"] == "third-party synthetic" and decided["confidence"] == "low"
    rule = RULES.filter((pl.col("ruleset") == "sec-2026-01-28") & (pl.col("position") == 3))["source_id"].unique()
    assert set(decided["source_id"].split(";")) == {"source-of-legal_form", "source-of-issuer_sponsored", *rule}


def test_a_position_with_two_classes_is_refused() -> None:
    torn = pl.concat([RULES.head(1), RULES.head(1).with_columns(fact=pl.lit("vote"), class_name=pl.lit("other"))])
    with pytest.raises(ValueError, match="more than one class"):
        classification.classify(frame({"vote": "yes"}), torn)


def test_a_rule_of_ones_own_counts_refuses_and_admits_what_is_not_known(warehouse: Warehouse) -> None:
    rules = classification.rulesets(warehouse, (("redemption", ("share",)), ("vote", ("yes",))))
    mine = rules.filter(pl.col("ruleset") == classification.OWN)
    assert classes({"vote": "yes", "redemption": "share"}, mine) == {"own": "counts"}
    assert classes({"vote": "no", "redemption": "unknown"}, mine) == {"own": "does not count"}
    assert classes({"vote": "yes", "redemption": "unknown"}, mine) == {"own": "not known"}


def test_a_rule_that_asks_for_nothing_is_no_rule(warehouse: Warehouse) -> None:
    assert classification.rulesets(warehouse).equals(classification.rulesets(warehouse, (("vote", ()),)))
    assert classification.OWN not in classification.rulesets(warehouse)["ruleset"]


def test_facts_as_last_read_count(warehouse: Warehouse) -> None:
    known = classification.facts(warehouse)
    assert known.select("product_id", "fact").is_unique().all()
    form = known.filter((pl.col("product_id") == "dtc") & (pl.col("fact") == "on_share_register"))
    assert form["value"].item() == "no"


def test_a_new_reading_of_a_fact_replaces_the_older_one(own: Settings) -> None:
    with (own.reference_dir / "tokenized_facts.csv").open("a") as file:
        file.write("xstocks,vote,yes,,2026-11-01T00:00:00Z,day,low,unpublished-note-66838c\n")
    assert build.build(own)[0] is not None
    with Hub(own.warehouse_dir).lease() as fresh:
        vote = classification.facts(fresh).filter((pl.col("product_id") == "xstocks") & (pl.col("fact") == "vote"))
    assert vote["value"].to_list() == ["yes"]
