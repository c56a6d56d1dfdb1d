"""Building is reproducible: the same bytes give the same content, and twice the same bytes give nothing new."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from pipelines.config import ROOT, Settings
from pipelines.generations import draft
from pipelines.refreshing import build, load, reference
from pipelines.source import Piece
from pipelines.sources import reference_pack
from pipelines.tables.canonical import TABLES


def fresh(folder: Path) -> Settings:
    return Settings(data_dir=folder)


def count(settings: Settings, table: str) -> int:
    published = draft.current(settings.warehouse_dir)
    assert published is not None
    with duckdb.connect(str(settings.warehouse_dir / published.file), read_only=True) as connection:
        rows = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert rows is not None
    return int(rows[0])


def test_two_builds_in_fresh_folders_have_the_same_content(tmp_path: Path) -> None:
    (one, _), (two, _) = build.build(fresh(tmp_path / "one")), build.build(fresh(tmp_path / "two"))
    assert one is not None and two is not None
    assert one.content_hash == two.content_hash
    assert one.generation == two.generation == 1


def test_building_again_from_the_same_bytes_publishes_nothing(own: Settings) -> None:
    before = (own.warehouse_dir / "current.json").read_bytes()
    generation, outcomes = build.build(own)
    assert generation is None
    assert [outcome.outcome for outcome in outcomes] == ["unchanged"]
    assert (own.warehouse_dir / "current.json").read_bytes() == before
    assert draft.generations(own.warehouse_dir) == [1]


def test_a_new_row_is_a_new_generation_and_only_its_file_is_read_again(own: Settings) -> None:
    path = own.reference_dir / "crash_days.csv"
    path.write_text(
        path.read_text()
        + "jan-1-2030,Jan 1,2030-01-01T00:00:00Z,2030-01-02T00:00:00Z,2030-01-01T00:00:00Z,2030-01-02T00:00:00Z,"
        + ",proposed,,crashday\n"
    )
    before = count(own, "crash_days")
    generation, (outcome,) = build.build(own)
    assert generation is not None and generation.generation == 2
    assert outcome.rows_loaded == before + 1
    assert count(own, "crash_days") == before + 1
    assert count(own, "bars") == reference_pack.LEAST_ROWS["bars"]


def test_taking_the_row_back_restores_the_content(own: Settings) -> None:
    first = draft.current(own.warehouse_dir)
    path = own.reference_dir / "crash_days.csv"
    was = path.read_text()
    path.write_text(was.replace(",curated,", ",proposed,", 1))
    changed, _ = build.build(own)
    path.write_text(was)
    restored, _ = build.build(own)
    assert first is not None and changed is not None and restored is not None
    assert changed.content_hash != first.content_hash
    assert restored.content_hash == first.content_hash


def test_another_parser_reads_the_same_bytes_again(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "fingerprint", lambda module: "another parser")
    generation, (outcome,) = build.build(own)
    assert generation is not None
    assert outcome.rows_loaded == sum(count(own, table) for table in reference_pack.SOURCE.tables)


def test_every_row_leads_to_the_bytes_it_was_read_from(own: Settings) -> None:
    published = draft.current(own.warehouse_dir)
    assert published is not None
    with duckdb.connect(str(own.warehouse_dir / published.file), read_only=True) as connection:
        for table in reference_pack.SOURCE.tables:
            known = connection.execute(
                "SELECT s.url, s.sha256, s.rows_loaded, count(*) "
                f"FROM {table} t JOIN snapshots s USING (snapshot_id) GROUP BY ALL"
            ).fetchall()
            digest = reference.sha256_of(reference_pack.bodies(own.reference_dir, Piece(table)))
            rows = count(own, table)
            assert known == [(f"data/reference/{table}.csv", digest, rows, rows)]


def test_a_run_is_noted_also_when_it_failed(own: Settings) -> None:
    (own.reference_dir / "trades.csv").unlink()
    build.build(own)
    noted = [json.loads(line) for line in (own.data_dir / "runs.jsonl").read_text().splitlines()]
    assert noted[-1]["outcome"] == "failed"
    assert "trades.csv is missing" in noted[-1]["error"]


def test_a_build_that_finds_no_facts_at_all_publishes_nothing(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, reference_dir=tmp_path / "nowhere")
    generation, (outcome,) = build.build(settings)
    assert generation is None
    assert outcome.outcome == "failed"
    assert draft.current(settings.warehouse_dir) is None


def test_each_embedded_file_belongs_to_a_table_and_each_table_is_declared() -> None:
    files = {path.stem for path in (ROOT / "data" / "reference").glob("*.csv")}
    assert files == set(reference_pack.SOURCE.tables) >= set(reference_pack.LEAST_ROWS)
    assert files < set(TABLES)
