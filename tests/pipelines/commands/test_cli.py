"""The command line: exit codes 0, 1, 2, and JSON that machines can read."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from pipelines.commands.cli import app
from pipelines.config import ROOT, Settings
from pipelines.generations import draft
from pipelines.tables.canonical import TABLES
from pipelines.tables.dictionary import column_names


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def damage(own: Settings) -> None:
    with (own.warehouse_dir / "gen-000001.duckdb").open("r+b") as handle:
        handle.seek(5000)
        handle.write(b"flipped")


def test_a_build_says_what_it_published_and_then_that_nothing_changed(tmp_path: Path, own: Settings) -> None:
    shutil.rmtree(own.warehouse_dir)
    first, again = run("build"), run("build")
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "rows loaded, 0 refused" in first.stdout
    assert "Published generation 1" in first.stdout
    assert "Nothing changed. Generation 1, built " in again.stdout


def test_a_build_in_json(own: Settings) -> None:
    result = run("build", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert told["new"] is False
    assert told["published"]["generation"] == 1
    assert [(source["loader"], source["outcome"]) for source in told["sources"]] == [("reference_pack", "unchanged")]


def test_a_failed_build_in_json(own: Settings) -> None:
    (own.reference_dir / "trades.csv").unlink()
    result = run("build", "--json")
    assert result.exit_code == 1
    assert "trades.csv is missing" in json.loads(result.stdout)["sources"][0]["error"]


def test_a_second_build_while_one_runs_says_so_and_is_no_failure(own: Settings) -> None:
    with draft.exclusive(own.warehouse_dir):
        result = run("build")
    assert result.exit_code == 0
    assert "Another build or refresh is running on this warehouse; nothing was done." in result.stderr


def test_status(own: Settings) -> None:
    told = json.loads(run("status", "--json").stdout)
    published = draft.current(own.warehouse_dir)
    assert published is not None
    assert told["whole"] is True
    assert told["kept"] == [1]
    assert told["content_hash"] == published.content_hash
    assert f"Generation 1, built {published.built_at}" in run("status").stdout


def test_status_finds_a_damaged_file_and_building_again_mends_it(own: Settings) -> None:
    damage(own)
    result = run("status")
    assert result.exit_code == 1
    assert "DAMAGED" in result.stdout
    assert json.loads(run("status", "--json").stdout)["whole"] is False
    assert run("build").exit_code == 0
    assert run("status").exit_code == 0


def test_status_finds_a_file_that_is_gone(own: Settings) -> None:
    (own.warehouse_dir / "gen-000001.duckdb").unlink()
    result = run("status")
    assert result.exit_code == 1
    assert "DAMAGED" in result.stdout


@pytest.mark.parametrize("command", [["status"], ["tables"], ["export", "out"]])
def test_what_needs_a_warehouse_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("CRASHDAY_DATA_DIR", str(tmp_path))
    result = run(*command)
    assert result.exit_code == 1
    assert "Nothing is published yet. Run: python -m pipelines build" in result.stderr


def test_sources(own: Settings) -> None:
    listed = json.loads(run("sources", "--json").stdout)
    assert "reference_pack" in [source["id"] for source in listed]
    assert all(source["licence"] and source["method"] for source in listed)
    assert run("sources").exit_code == 0


def test_tables(own: Settings) -> None:
    listed = {row["table"]: row for row in json.loads(run("tables", "--json").stdout)}
    assert list(listed) == list(TABLES)
    assert listed["crash_days"]["rows"] > 0
    assert "crash_days" in run("tables").stdout


def test_the_columns_of_one_table(own: Settings) -> None:
    columns = json.loads(run("tables", "bars", "--json").stdout)
    assert [row["column"] for row in columns] == column_names("bars")
    assert "taker_buy_base" in run("tables", "bars").stdout


@pytest.mark.parametrize("command", [["tables"], ["export", "out"]])
def test_data_of_other_tables_than_the_codes_are_said_to_be_so(
    own: Settings, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setattr("pipelines.generations.readers.layout", lambda: "with a table more")
    result = run(*command)
    assert result.exit_code == 1
    assert "have the tables of another version. Run: python -m pipelines build" in result.stderr
    assert not Path("out").exists()


@pytest.mark.parametrize("command", [["tables", "nope"], ["export", "out", "--table", "nope"]])
def test_an_unknown_table_is_wrong_use_and_names_the_tables(own: Settings, command: list[str]) -> None:
    result = run(*command)
    assert result.exit_code == 2
    assert "There is no table 'nope'" in result.stderr
    assert all(name in result.stderr for name in TABLES)
    assert not Path("out").exists()


@pytest.mark.parametrize("command", [["nope"], ["build", "--nope"], ["export"], ["rollback", "first"], []])
def test_wrong_use_exits_with_two(own: Settings, command: list[str]) -> None:
    assert run(*command).exit_code == 2


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_export_writes_the_published_tables_and_the_dictionary(own: Settings, tmp_path: Path, form: str) -> None:
    out = tmp_path / "deep" / "out"
    result = run(
        "export", str(out), "--table", "trades", "--table", "venues", *(["--parquet"] if form == "parquet" else [])
    )
    assert result.exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == ["dictionary.csv", f"trades.{form}", f"venues.{form}"]
    trades = (
        pl.read_parquet(out / "trades.parquet")
        if form == "parquet"
        else pl.read_csv(out / "trades.csv", try_parse_dates=True)
    )
    assert trades.columns == column_names("trades")
    assert trades["price"].min() == 0.001
    if form == "csv":
        assert pl.read_csv(out / "trades.csv", infer_schema=False)["ts"].str.contains(r"^2025-10-10T.*Z$").all()


def test_rollback(own: Settings) -> None:
    path = own.reference_dir / "crash_days.csv"
    path.write_text(path.read_text().replace(",curated,", ",proposed,", 1))
    assert run("build").exit_code == 0
    result = run("rollback")
    assert result.exit_code == 0
    assert "Generation 1 (built " in result.stdout
    assert json.loads(run("status", "--json").stdout)["generation"] == 1
    gone = run("rollback", "9")
    assert gone.exit_code == 1
    assert "Generation 9 is not on disk. Kept: 1, 2." in gone.stderr


def test_it_runs_as_a_module_with_help(data_dir: Path) -> None:
    result = subprocess.run([sys.executable, "-m", "pipelines", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0
    for command in ("build", "status", "sources", "tables", "export", "rollback"):
        assert command in result.stdout
