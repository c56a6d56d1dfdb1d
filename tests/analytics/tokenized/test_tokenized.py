"""The tokenized-stock market by reading and by rule."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.tokenized import classification, history, market
from analytics.warehouse import Warehouse
from pipelines.config import Settings
from tests.analytics.tokenized.rebuilt import ALL, DINARI, ONDO, reading, rebuilt

OWN = (("redemption", ("share",)), ("vote", ("yes",)))


@pytest.fixture(scope="module")
def latest(warehouse: Warehouse) -> str:
    return market.readings(warehouse)["reading"][0]


def share(classes: pl.DataFrame, ruleset: str, name: str) -> float:
    return classes.row(by_predicate=(pl.col("ruleset") == ruleset) & (pl.col("class_name") == name), named=True)[
        "share_pct"
    ]


def test_the_latest_reading_by_value_that_names_issuers_comes_first(warehouse: Warehouse) -> None:
    first = market.readings(warehouse).row(0, named=True)
    assert (f"{first['as_of']:%Y-%m-%d}", first["origin"], first["metric"]) == (
        "2026-09-13",
        "rwa.xyz",
        "distributed_value",
    )
    assert first["total"] == 2.85e9 and first["issuers"] == 8
    assert first["named_pct"] == pytest.approx(97.4386, abs=1e-4)


def test_under_every_rule_the_shares_make_100_percent(warehouse: Warehouse) -> None:
    for each in market.readings(warehouse)["reading"]:
        classes = market.by_class(warehouse, each, OWN)
        sums = classes.group_by("ruleset").agg(pl.col("share_pct").sum())
        assert set(sums["ruleset"]) == {market.ISSUERS, *classification.NAMES}
        assert sums["share_pct"].to_list() == pytest.approx([100] * sums.height)


def test_the_part_not_named_by_issuer_is_a_part_of_every_bar(warehouse: Warehouse, latest: str) -> None:
    rest = market.by_class(warehouse, latest).filter(pl.col("class_name") == market.NOT_NAMED)
    assert rest.height == 5 and rest["share_pct"].to_list() == pytest.approx([2.5614] * 5, abs=1e-4)


def test_only_a_class_that_rests_on_low_confidence_alone_is_marked(warehouse: Warehouse, latest: str) -> None:
    marked = market.by_class(warehouse, latest).filter("low_confidence")
    assert marked.select("ruleset", "class_name").rows() == [("sec-2026-01-28", "third-party custodial")]


def test_registered_issuer_sponsored_shares_are_14_46_percent(warehouse: Warehouse, latest: str) -> None:
    classes = market.by_class(warehouse, latest)
    for ruleset, name in (
        ("press-2025", "real"),
        ("sec-2026-01-28", "issuer-sponsored"),
        ("legal-claim", "registered share"),
    ):
        assert share(classes, ruleset, name) == pytest.approx(14.456, abs=5e-4)


def test_under_the_press_rule_the_synthetic_issuers_stand_by_name(warehouse: Warehouse, latest: str) -> None:
    classes = market.by_class(warehouse, latest)
    synthetic = classes.row(
        by_predicate=(pl.col("ruleset") == "press-2025") & (pl.col("class_name") == "synthetic"), named=True
    )
    assert synthetic["members"] == "Ondo, Binance bStocks, Backed (xStocks), Bitget Reality, Robinhood"
    assert synthetic["share_pct"] == pytest.approx(82.9825, abs=1e-4) and synthetic["issuers"] == 5
    assert share(classes, "rwa-xyz", "distributed") == pytest.approx(97.4386, abs=1e-4)
    assert share(classes, "rwa-xyz", "represented") == 0


def test_backed_and_ondo_have_50_5_percent(warehouse: Warehouse, latest: str) -> None:
    both = market.shares(warehouse).filter(
        (pl.col("reading") == latest) & pl.col("product_id").is_in(["xstocks", "ondo-stocks"])
    )
    assert both["share_pct"].sum() == pytest.approx(50.526, abs=1e-3)


def test_what_the_pack_computed_is_what_is_computed_here(warehouse: Warehouse, latest: str) -> None:
    stated = warehouse.query(
        "SELECT subject, value FROM tokenized_metrics WHERE origin LIKE 'computed from%' AND subject_kind = 'issuer'"
    )
    here = market.shares(warehouse).filter(pl.col("reading") == latest)
    both = stated.join(here.select("subject", "share_pct"), on="subject")
    assert both.height == stated.height == 8
    assert both.select((pl.col("share_pct") - pl.col("value")).abs().max()).item() <= 0.05 + 1e-9
    assert not market.shares(warehouse)["origin"].str.starts_with("computed").any()


def test_issuers_stand_in_one_order_under_all_rules(warehouse: Warehouse, latest: str) -> None:
    rows = market.members(warehouse, latest, OWN)
    orders = {tuple(group["subject"]) for _, group in rows.group_by("ruleset", maintain_order=True)}
    assert len(orders) == 1 and next(iter(orders))[-1] == market.NOT_NAMED


def test_a_class_names_the_sources_of_figure_facts_and_rule(warehouse: Warehouse, latest: str) -> None:
    row = market.members(warehouse, latest).row(
        by_predicate=(pl.col("ruleset") == "press-2025") & (pl.col("subject") == "Ondo"), named=True
    )
    assert {"unpublished-note-a1a9a9", "unpublished-note-cebe78", "the-defiant-ce93c3"} <= set(
        row["source_id"].split(";")
    )


def test_an_unknown_reading_has_no_classes(warehouse: Warehouse) -> None:
    assert market.by_class(warehouse, "no such reading").is_empty()


def test_volume_and_value_are_never_in_one_reading(warehouse: Warehouse) -> None:
    rows = market.shares(warehouse)
    assert (
        rows.group_by("reading")
        .agg(pl.col("measure", "unit", "scope", "origin").n_unique())
        .drop("reading")
        .max_horizontal()
        == 1
    ).all()
    volume = market.by_class(warehouse, market.readings(warehouse).filter(pl.col("measure") == "volume")["reading"][0])
    assert volume["total"].unique().to_list() == [15.6e9]
    assert share(volume, "press-2025", market.NOT_NAMED) == pytest.approx(100 * 1.5 / 15.6)


def test_a_reading_whose_issuers_exceed_its_total_is_not_divided(own: Settings) -> None:
    hub = rebuilt(
        own,
        reading("t1", ALL, 100),
        reading("t2", ONDO, 80),
        reading("t3", DINARI, 30),
    )
    with hub.lease() as fresh:
        assert "somebody" not in market.shares(fresh)["origin"]


def test_a_new_reading_is_rows_of_data_and_disagreement_makes_shares_the_least_they_can_be(own: Settings) -> None:
    hub = rebuilt(
        own,
        reading("t1", ALL, 100),
        reading("t2", ALL, 120),
        reading("t3", ONDO, 60),
        reading("t4", DINARI, 20),
        reading("t5", "Nobody knows,issuer,", 10),
    )
    with hub.lease() as fresh:
        first = market.readings(fresh).row(0, named=True)
        classes = market.by_class(fresh, first["reading"])
        sizes = history.sizes(fresh, "value").filter(pl.col("origin") == "somebody")
    assert (first["origin"], first["total"], first["issuers"]) == ("somebody", 120, 3)
    assert share(classes, "press-2025", "synthetic") == pytest.approx(50)
    assert share(classes, "press-2025", "unclassified") == pytest.approx(100 / 12)
    assert sizes.select("low", "high").rows() == [(100, 120), (100, 120)]


def test_a_share_above_100_percent_and_a_product_without_issuer_are_refused(own: Settings) -> None:
    with (own.reference_dir / "tokenized_products.csv").open("a") as file:
        file.write("nobodys,,A product,A note,,,unknown,,,live,2026-11-01T00:00:00Z,day,medium,false,,crashday\n")
    hub = rebuilt(own, reading("t1", ONDO, 101, "market_share", "percent"))
    with hub.lease() as fresh:
        rules = dict(fresh.query("SELECT table_name, rule FROM quarantine").iter_rows())
        assert "somebody" not in market.shares(fresh)["origin"]
    assert rules["tokenized_metrics"] == "share_within_100" and rules["tokenized_products"].startswith("issuer")
