"""What a tokenized stock is: facts about products, joined with rules that are data.

A ruleset tries its positions in order; the first one whose conditions all hold gives the class. So a product moves
between classes when a fact that the ruleset asks about changes, and for no other reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from analytics.warehouse import Columns, Warehouse

ANY, UNKNOWN, OWN = "any", "unknown", "own"
COUNTS, DOES_NOT = "counts", "does not count"
NAMES = {
    "press-2025": "As the 2025 press used it",
    "sec-2026-01-28": "SEC staff taxonomy of Jan 28, 2026",
    "rwa-xyz": "rwa.xyz: distributed or represented",
    "legal-claim": "Legal claim on the share",
    OWN: "My own rule",
}
"""Names of rulesets for people; one that is not named here goes by its identifier."""

RULES: Columns = {
    "ruleset": pl.String,
    "position": pl.Int64,
    "fact": pl.String,
    "values": pl.String,
    "class_name": pl.String,
}
TRUST = pl.Enum(["low", "medium", "high"])


def facts(warehouse: Warehouse) -> pl.DataFrame:
    """Each product's facts as last read: `product_id fact value detail as_of as_of_precision confidence source_id`."""
    return warehouse.query(
        """
        SELECT product_id, fact, value, detail, as_of, as_of_precision, confidence, source_id
        FROM tokenized_facts
        QUALIFY row_number() OVER (PARTITION BY product_id, fact ORDER BY tokenized_facts.as_of DESC) = 1
        ORDER BY product_id, fact
        """
    )


def answers(warehouse: Warehouse) -> pl.DataFrame:
    """The answers each fact has been given, what a rule of the reader's own can ask for: `fact answer products
    source_id`."""
    return (
        facts(warehouse)
        .filter(pl.col("value") != UNKNOWN)
        .group_by("fact", answer="value")
        .agg(products=pl.len(), source_id=pl.col("source_id").unique().sort().str.join(";"))
        .sort("fact", "products", "answer", descending=[False, True, False])
    )


def rules(warehouse: Warehouse) -> pl.DataFrame:
    """The rulesets as data: `ruleset name position fact values class_name source_id`."""
    found = warehouse.query(
        """
        SELECT ruleset, position, fact, values, class_name, source_id
        FROM classification_rules
        ORDER BY ruleset, position, fact
        """
    )
    name = pl.col("ruleset").replace(NAMES)
    order = pl.col("ruleset").replace_strict({key: place for place, key in enumerate(NAMES)}, default=len(NAMES))
    return found.with_columns(name=name).sort(order, "ruleset", "position", "fact")


def own(wanted: Mapping[str, Sequence[str]], given: pl.DataFrame) -> pl.DataFrame:
    """The reader's rule, in the columns of the rules: a product counts if each asked fact has one of the wanted
    answers.

    One known answer outside the wanted ones is enough not to count; what is left is not known. `given` are the
    `answers`.
    """
    asked = [(fact, sorted(values)) for fact, values in sorted(wanted.items()) if values]
    lines = [(OWN, 1, fact, "|".join(values), COUNTS) for fact, values in asked]
    for position, (fact, values) in enumerate(asked, start=2):
        others = given.filter((pl.col("fact") == fact) & ~pl.col("answer").is_in(values))["answer"].to_list()
        if others:
            lines.append((OWN, position, fact, "|".join(others), DOES_NOT))
    if lines:
        lines.append((OWN, len(asked) + 2, ANY, ANY, "not known"))
    return pl.DataFrame(lines, schema=RULES, orient="row").with_columns(
        name=pl.lit(NAMES[OWN]), source_id=pl.lit(None, dtype=pl.String)
    )


def classify(facts: pl.DataFrame, rules: pl.DataFrame) -> pl.DataFrame:
    """The class of every product under every ruleset: `ruleset product_id position class_name confidence source_id`.

    `confidence` is the weakest of the facts the deciding position asked for; `source_id` names those facts' and the
    rule's sources. Raises ValueError where one position of a ruleset names two classes.
    """
    classes = rules.group_by("ruleset", "position").agg(pl.col("class_name").n_unique())
    if torn := classes.filter(pl.col("class_name") > 1).rows():
        raise ValueError(f"Ruleset {torn[0][0]}, position {torn[0][1]} names more than one class.")
    asked = (
        facts.select("product_id")
        .unique()
        .join(rules.rename({"source_id": "rule_source"}), how="cross")
        .join(facts, on=["product_id", "fact"], how="left")
    )
    answered = pl.col("value").fill_null(UNKNOWN).is_in(pl.col("values").str.split("|"))
    evidence = pl.concat([pl.col("source_id"), pl.col("rule_source")]).drop_nulls().unique().sort().str.join(";")
    return (
        asked.group_by("ruleset", "product_id", "position")
        .agg(
            holds=((pl.col("fact") == ANY) | answered).all(),
            class_name=pl.col("class_name").first(),
            confidence=pl.col("confidence").cast(TRUST).min().cast(pl.String),
            source_id=evidence,
        )
        .filter("holds")
        .sort("ruleset", "product_id", "position")
        .unique(subset=["ruleset", "product_id"], keep="first", maintain_order=True)
        .drop("holds")
    )


def order(rules: pl.DataFrame) -> pl.DataFrame:
    """The classes of each ruleset in the order they are tried: `ruleset name class_name rank ranks`.

    `rank` 1 is tried first, `ranks` is how many classes a ruleset's facts can give; the class of its `any` has no rank.
    """
    classes = rules.group_by("ruleset", "name", "class_name", maintain_order=True).agg(
        pl.col("position").min(), fallback=(pl.col("fact") == ANY).all()
    )
    ranked = pl.when(~pl.col("fallback")).then(pl.col("position"))
    return classes.with_columns(
        rank=ranked.rank("dense").over("ruleset").cast(pl.Int64), ranks=ranked.count().over("ruleset").cast(pl.Int64)
    ).drop("position", "fallback")


def rulesets(warehouse: Warehouse, own_rule: tuple[tuple[str, tuple[str, ...]], ...] = ()) -> pl.DataFrame:
    """The rules of every ruleset, with the reader's own where it asks for something."""
    mine = own(dict(own_rule), answers(warehouse))
    return pl.concat([rules(warehouse), mine], how="diagonal")
