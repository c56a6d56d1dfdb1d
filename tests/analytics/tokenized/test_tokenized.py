"""The tokenized-stock market by reading, by rule and over time."""

from __future__ import annotations

import polars as pl
import pytest

from analytics.tokenized import classification, history, market, products
from analytics.warehouse import Hub, Warehouse
from pipelines.config import Settings
from pipelines.refreshing import build

OWN = (("redemption", ("share",)), ("vote", ("yes",)))


@pytest.fixture(scope="module")
def latest(warehouse: Warehouse) -> str:
    return market.readings(warehouse)["reading"][0]


def share(classes: pl.DataFrame, ruleset: str, name: str) -> float:
    return classes.row(by_predicate=(pl.col("ruleset") == ruleset) & (pl.col("class_name") == name), named=True)["share_pct"]  # fmt: skip


def rebuilt(own: Settings, *readings: str) -> Hub:
    """A warehouse whose readings also hold these lines."""
    with (own.reference_dir / "tokenized_metrics.csv").open("a") as file:
        file.writelines(line + "\n" for line in readings)
    generation, outcomes = build.build(own)
    assert generation is not None, outcomes
    return Hub(own.warehouse_dir)


def test_the_latest_reading_by_value_that_names_issuers_comes_first(warehouse: Warehouse) -> None:
    first = market.readings(warehouse).row(0, named=True)
    assert (f"{first['as_of']:%Y-%m-%d}", first["origin"], first["metric"]) == ("2026-09-13", "rwa.xyz", "distributed_value")  # fmt: skip
    assert first["total"] == 2.85e9 and first["issuers"] == 8
    assert first["named_pct"] == pytest.approx(97.4386, abs=1e-4)


def test_under_every_rule_the_shares_make_100_percent(warehouse: Warehouse) -> None:
    for reading in market.readings(warehouse)["reading"]:
        classes = market.by_class(warehouse, reading, OWN)
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
    for ruleset, name in (("press-2025", "real"), ("sec-2026-01-28", "issuer-sponsored"), ("legal-claim", "registered share")):  # fmt: skip
        assert share(classes, ruleset, name) == pytest.approx(14.456, abs=5e-4)


def test_under_the_press_rule_the_synthetic_issuers_stand_by_name(warehouse: Warehouse, latest: str) -> None:
    classes = market.by_class(warehouse, latest)
    synthetic = classes.row(by_predicate=(pl.col("ruleset") == "press-2025") & (pl.col("class_name") == "synthetic"), named=True)  # fmt: skip
    assert synthetic["members"] == "Ondo, Binance bStocks, Backed (xStocks), Bitget Reality, Robinhood"
    assert synthetic["share_pct"] == pytest.approx(82.9825, abs=1e-4) and synthetic["issuers"] == 5
    assert share(classes, "rwa-xyz", "distributed") == pytest.approx(97.4386, abs=1e-4)
    assert share(classes, "rwa-xyz", "represented") == 0


def test_backed_and_ondo_have_50_5_percent(warehouse: Warehouse, latest: str) -> None:
    both = market.shares(warehouse).filter((pl.col("reading") == latest) & pl.col("product_id").is_in(["xstocks", "ondo-stocks"]))  # fmt: skip
    assert both["share_pct"].sum() == pytest.approx(50.526, abs=1e-3)


def test_what_the_pack_computed_is_what_is_computed_here(warehouse: Warehouse, latest: str) -> None:
    stated = warehouse.query("SELECT subject, value FROM tokenized_metrics WHERE origin LIKE 'computed from%' AND subject_kind = 'issuer'")  # fmt: skip
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
    row = market.members(warehouse, latest).row(by_predicate=(pl.col("ruleset") == "press-2025") & (pl.col("subject") == "Ondo"), named=True)  # fmt: skip
    assert {"unpublished-note-a1a9a9", "unpublished-note-cebe78", "the-defiant-ce93c3"} <= set(
        row["source_id"].split(";")
    )


def test_an_unknown_reading_has_no_classes(warehouse: Warehouse) -> None:
    assert market.by_class(warehouse, "no such reading").is_empty()


def test_volume_and_value_are_never_in_one_reading(warehouse: Warehouse) -> None:
    rows = market.shares(warehouse)
    assert (rows.group_by("reading").agg(pl.col("measure", "unit", "scope", "origin").n_unique()).drop("reading").max_horizontal() == 1).all()  # fmt: skip
    volume = market.by_class(warehouse, market.readings(warehouse).filter(pl.col("measure") == "volume")["reading"][0])  # fmt: skip
    assert volume["total"].unique().to_list() == [15.6e9]
    assert share(volume, "press-2025", market.NOT_NAMED) == pytest.approx(100 * 1.5 / 15.6)


def test_a_reading_whose_issuers_exceed_its_total_is_not_divided(own: Settings) -> None:
    hub = rebuilt(
        own,
        "t1,2026-11-01T00:00:00Z,day,all,market,,distributed_value,100,USD,tokenized stocks,somebody,medium,false,,crashday",
        "t2,2026-11-01T00:00:00Z,day,Ondo,issuer,ondo-stocks,distributed_value,80,USD,tokenized stocks,somebody,medium,false,,crashday",
        "t3,2026-11-01T00:00:00Z,day,Dinari,issuer,dinari-dshares,distributed_value,30,USD,tokenized stocks,somebody,medium,false,,crashday",
    )
    with hub.lease() as fresh:
        assert "somebody" not in market.shares(fresh)["origin"]


def test_a_new_reading_is_rows_of_data_and_disagreement_makes_shares_the_least_they_can_be(own: Settings) -> None:
    line = "2026-11-01T00:00:00Z,day,{},distributed_value,{},USD,tokenized stocks,somebody,medium,false,,crashday"
    hub = rebuilt(
        own,
        "t1," + line.format("all,market,", 100),
        "t2," + line.format("all,market,", 120),
        "t3," + line.format("Ondo,issuer,ondo-stocks", 60),
        "t4," + line.format("Dinari,issuer,dinari-dshares", 20),
        "t5," + line.format("Nobody knows,issuer,", 10),
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
    hub = rebuilt(own, "t1,2026-11-01T00:00:00Z,day,Ondo,issuer,ondo-stocks,market_share,101,percent,tokenized stocks,somebody,high,false,,crashday")  # fmt: skip
    with hub.lease() as fresh:
        rules = dict(fresh.query("SELECT table_name, rule FROM quarantine").iter_rows())
        assert "somebody" not in market.shares(fresh)["origin"]
    assert rules["tokenized_metrics"] == "share_within_100" and rules["tokenized_products"].startswith("issuer")


def test_a_line_never_joins_two_scopes_or_publishers(warehouse: Warehouse) -> None:
    for measure in ("value", "volume", "holders"):
        points = history.sizes(warehouse, measure)
        within = points.group_by("series").agg(pl.col("origin", "scope", "metric", "unit").n_unique())
        assert (within.drop("series").max_horizontal() == 1).all()
    value = history.sizes(warehouse, "value")
    distributed = value.filter(pl.col("name") == "rwa.xyz: distributed value")
    assert distributed["value"].to_list() == [2.85e9, 3.13e9, 3.21e9, 3.24e9]
    wider = value.filter(pl.col("value").is_in([5.48e9, 4.87e9]))
    assert wider.height == 2 and wider["name"].null_count() == 2
    assert not set(wider["series"]) & set(distributed["series"])


def test_readings_of_one_scope_and_month_that_disagree_are_a_range(warehouse: Warehouse) -> None:
    torn = history.sizes(warehouse, "value").filter(pl.col("low") < pl.col("high"))
    assert torn.select("value", "low", "high").sort("value").rows() == [(0.8e9, 0.8e9, 1.2e9), (1.2e9, 0.8e9, 1.2e9)]


def test_no_open_interest_of_stock_perpetuals_is_known(warehouse: Warehouse) -> None:
    assert history.sizes(warehouse, "open interest").is_empty()


def test_shares_of_a_part_of_the_market_and_low_confidence_are_not_drawn(warehouse: Warehouse) -> None:
    points = history.issuers(warehouse)
    assert "issuers of debt notes" not in points["scope"] and "low" not in points["confidence"]
    ondo = points.filter(pl.col("subject") == "Ondo")
    assert ondo["value"].round(1).to_list() == [53, 58, 29.2]
    quoted = points.filter(pl.col("subject") == "Backed + Ondo").row(0, named=True)
    assert quoted["value"] == 95 and quoted["as_of_precision"] == "unknown"


def test_a_class_over_time_is_a_range_as_a_part_is_never_named(warehouse: Warehouse) -> None:
    points = history.classes(warehouse, "press-2025")
    march = points.filter(pl.col("as_of").dt.strftime("%Y-%m-%d") == "2026-03-12").select("subject", "value", "low", "high")  # fmt: skip
    assert dict((row[0], row[1:]) for row in march.iter_rows()) == {"real": (None, 0, 18), "synthetic": (82, 82, 100)}
    last = points.filter(pl.col("subject") == "real").tail(1)
    assert last.select("low", "high").row(0) == pytest.approx((14.456, 17.0175), abs=1e-3)


def test_the_index_of_concentration_is_a_range(warehouse: Warehouse) -> None:
    rows = history.concentration(warehouse)
    march = rows.filter(pl.col("as_of").dt.strftime("%Y-%m-%d") == "2026-03-12").row(0, named=True)
    low, high = 57.5**2 + 23.5**2, 58.5**2 + 24.5**2 + 19**2
    assert (march["hhi_low"], march["hhi_high"]) == pytest.approx((low, high))
    last = rows.row(-1, named=True)
    values = [832, 626, 608, 279, 153, 146, 86, 47]
    assert last["hhi_low"] == pytest.approx(sum((100 * (value - 0.5) / 2855) ** 2 for value in values))
    assert rows["hhi_high"].max() <= 10_000


def test_all_readings_are_listed_with_their_denominator(warehouse: Warehouse) -> None:
    rows = market.everything(warehouse)
    assert rows.height == warehouse.query("SELECT count(*) AS n FROM tokenized_metrics")["n"].item()
    assert set(rows["measure"]) == {"value", "volume", "holders"}


def test_a_reading_and_a_product_of_the_future_are_refused(own: Settings) -> None:
    with (own.reference_dir / "tokenized_products.csv").open("a") as file:
        file.write("tomorrows,Somebody,A product,A note,,,unknown,,,live,2999-01-01T00:00:00Z,day,medium,false,,crashday\n")  # fmt: skip
    hub = rebuilt(own, "t1,2999-01-01T00:00:00Z,day,all,market,,distributed_value,5,USD,tokenized stocks,somebody,high,false,,crashday")  # fmt: skip
    with hub.lease() as fresh:
        refused = fresh.query("SELECT table_name, rule FROM quarantine WHERE table_name LIKE 'tokenized%' ORDER BY ALL")
        assert "somebody" not in history.sizes(fresh, "value")["origin"]
        assert "tomorrows" not in products.moves(fresh)["product_id"]
    assert refused.rows() == [("tokenized_metrics", "as_of_in_the_future"), ("tokenized_products", "as_of_in_the_future")]  # fmt: skip


def test_every_product_entered_once_or_is_only_announced_and_no_day_is_made_up(warehouse: Warehouse) -> None:
    rows = products.moves(warehouse)
    listed = warehouse.query("SELECT product_id, launched, status FROM tokenized_products")
    assert sorted(rows.filter(pl.col("move") != "left")["product_id"]) == sorted(listed["product_id"])
    undated = rows.filter(pl.col("ts").is_null())
    assert set(undated["product_id"]) == set(listed.filter(pl.col("launched").is_null())["product_id"])
    assert undated["year"].null_count() == undated.height and set(undated["precision"]) == {"unknown"}
    assert set(rows.filter(pl.col("move") == "announced")["product_id"]) == {"backpack-superstate", "sharplink-sbet"}
    left = rows.filter(pl.col("move") == "left")
    assert left.select("product_id", pl.col("ts").dt.strftime("%Y-%m-%d")).rows() == [("remora", "2026-02-23")]
    assert rows["source_id"].null_count() == 0


def test_moves_by_year_count_the_days_that_are_known(warehouse: Warehouse) -> None:
    years = products.moves_by_year(warehouse)
    assert years.select("year", "move", "products").rows() == [(2023, "entered", 1), (2025, "entered", 8), (2026, "entered", 7), (2026, "left", 1)]  # fmt: skip
    assert years["products"].sum() + years["low_confidence"].sum() == products.moves(warehouse)["ts"].drop_nulls().len()


def test_a_closed_product_without_a_day_left_at_a_time_not_known(own: Settings) -> None:
    with (own.reference_dir / "tokenized_products.csv").open("a") as file:
        file.write("gone,Somebody,A product,A note,,,unknown,,,closed,2026-11-01T00:00:00Z,day,medium,false,,crashday\n")  # fmt: skip
    with rebuilt(own).lease() as fresh:
        gone = products.moves(fresh).filter(pl.col("product_id") == "gone")
    assert gone.select("move", "ts", "year").rows() == [("entered", None, None), ("left", None, None)]


def test_a_chain_counted_in_several_ways_is_as_many_series(warehouse: Warehouse) -> None:
    rows = history.chains(warehouse)
    assert rows.height == warehouse.query("SELECT count(*) AS n FROM tokenized_metrics WHERE subject_kind = 'chain'")["n"].item()  # fmt: skip
    values = rows.filter((pl.col("unit") == "USD") & (pl.col("measure") == "value"))
    assert sorted(values["value"]) == [102e6, 684e6, 1.85e9] and values["series"].n_unique() == 3
    shares = rows.filter(pl.col("unit") == "percent").select("measure", "value").rows()
    assert sorted(shares) == [("value", 20.4), ("volume", 97.0)]


def test_a_chain_read_again_in_the_same_way_continues_its_line_and_no_other(own: Settings) -> None:
    again = (
        "2026-11-01T00:00:00Z,day,Solana,chain,,{},700000000,USD,tokenized equity on Solana,{},medium,false,,crashday"
    )
    hub = rebuilt(own, "t1," + again.format("value", "Solana Compass/Token Terminal"), "t2," + again.format("value", "somebody"))  # fmt: skip
    with hub.lease() as fresh:
        values = history.chains(fresh).filter(pl.col("unit") == "USD")
    joined = values.filter(pl.col("series").is_duplicated())
    assert joined["value"].to_list() == [684e6, 7e8] and joined["origin"].n_unique() == 1


def test_no_single_reading_makes_a_line(warehouse: Warehouse) -> None:
    for kind in ("issuer", "token"):
        assert history.lines(warehouse, kind, "value").is_empty()
