"""What the Data page says about the warehouse is what the warehouse holds."""

from __future__ import annotations

from datetime import date
from functools import partial

import polars as pl

from analytics.data import catalogue
from analytics.warehouse import Hub, Warehouse
from pipelines.config import Settings
from pipelines.refreshing import build
from pipelines.source import discover
from pipelines.tables.canonical import TABLES


def test_every_table_is_counted(warehouse: Warehouse) -> None:
    held = catalogue.tables(warehouse)
    assert held["table"].to_list() == list(TABLES)
    for name, rows, meaning in held.select("table", "rows", "meaning").iter_rows():
        assert rows == warehouse.query(f"SELECT count(*) AS n FROM {name}")["n"].item()
        assert meaning.endswith(".")
    bars = held.row(by_predicate=pl.col("table") == "bars", named=True)
    assert f"{bars['first']:%Y-%m-%d}" == "2025-04-06"
    assert bars["sources"] == warehouse.query("SELECT count(DISTINCT source_id) AS n FROM bars")["n"].item()


def test_the_dictionary_describes_every_column_of_a_table(warehouse: Warehouse) -> None:
    for name in TABLES:
        assert set(catalogue.columns(warehouse, name)["column"]) == set(TABLES[name].columns())


def test_a_preview_has_at_most_as_many_rows_as_asked(warehouse: Warehouse) -> None:
    assert catalogue.preview(warehouse, "bars", 7).height == 7
    assert catalogue.preview(warehouse, "liquidations", 7).is_empty()


def test_sources_are_found_by_all_the_words(warehouse: Warehouse) -> None:
    everything = catalogue.sources(warehouse)
    assert everything.height == warehouse.query("SELECT count(*) AS n FROM sources")["n"].item()
    found = catalogue.sources(warehouse, "BINANCE candles")
    assert 0 < found.height < everything.height
    assert all("binance" in row["publisher"].lower() for row in found.iter_rows(named=True))
    assert catalogue.sources(warehouse, "%").height < everything.height
    assert catalogue.sources(warehouse, "no such thing").is_empty()


def test_only_what_may_be_linked_is_linked(warehouse: Warehouse) -> None:
    found = catalogue.sources(warehouse)
    assert found.filter(~pl.col("linkable"))["link"].null_count() == found.filter(~pl.col("linkable")).height
    assert found["link"].drop_nulls().str.starts_with("https://").all()


def test_sources_count_the_rows_they_state(warehouse: Warehouse) -> None:
    top = catalogue.sources(warehouse).row(0, named=True)
    stated = warehouse.query("SELECT count(*) AS n FROM bars WHERE source_id = $id", id=top["source_id"])["n"].item()
    assert top["rows"] >= stated > 0


def test_every_loader_declares_itself(warehouse: Warehouse) -> None:
    declared = catalogue.loaders(warehouse, date(2025, 10, 10))
    assert set(declared["loader"]) == set(discover())
    assert set(declared["reaches"]) <= {"yes", "no", "not known"}
    pack = declared.row(by_predicate=pl.col("loader") == "reference_pack", named=True)
    assert pack["rows"] == warehouse.query("SELECT sum(rows_loaded)::BIGINT AS n FROM snapshots")["n"].item()


def test_a_refused_row_is_shown_with_its_rule_and_its_file(own: Settings) -> None:
    with (own.reference_dir / "tokenized_metrics.csv").open("a") as file:
        file.write(
            "t1,2026-11-01T00:00:00Z,day,Ondo,issuer,,market_share,101,percent,all,somebody,high,false,,crashday\n"
        )
    assert build.build(own)[0] is not None
    with Hub(own.warehouse_dir).lease() as fresh:
        row = catalogue.refused(fresh).row(0, named=True)
    assert row["rule"] == "share_within_100" and row["url"].endswith("tokenized_metrics.csv")
    assert '"value":101' in row["row_json"]


def test_bytes_and_runs_are_listed(warehouse: Warehouse) -> None:
    assert catalogue.refused(warehouse).is_empty()
    assert (catalogue.snapshots(warehouse)["sha256"].str.len_chars() == 64).all()
    assert catalogue.runs(warehouse)["outcome"].to_list() == ["loaded"]


def test_every_answer_names_a_source_that_exists(warehouse: Warehouse) -> None:
    known = set(warehouse.query("SELECT source_id FROM sources")["source_id"])
    for answer in (
        catalogue.tables,
        partial(catalogue.loaders, day=date(2025, 10, 10)),
        catalogue.snapshots,
        catalogue.runs,
        catalogue.generation,
    ):
        assert set(answer(warehouse)["source_id"]) <= known
