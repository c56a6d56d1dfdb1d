"""The hub: readers keep what they lease while others publish, and can do nothing but read."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from analytics.warehouse import GenerationGone, Hub, NoWarehouse, Warehouse, generation_named
from pipelines.config import ROOT
from pipelines.generations import draft as publishing
from pipelines.generations import notes, readers
from tests.pipelines.generations.test_warehouse import NOW, publish

VENUES = "SELECT venue FROM venues ORDER BY venue"


def venues(warehouse: Warehouse) -> list[str]:
    return warehouse.query(VENUES)["venue"].to_list()


def test_a_reader_keeps_its_generation_and_the_next_one_sees_the_new(tmp_path: Path) -> None:
    publish(tmp_path, ["binance"])
    hub = Hub(tmp_path)
    with hub.lease() as before:
        publish(tmp_path, ["okx"])
        assert venues(before) == ["binance"]
        with hub.lease() as after:
            assert venues(after) == ["okx"]
            assert after.number == before.number + 1
        assert venues(before) == ["binance"]


def test_a_link_may_name_an_older_generation(tmp_path: Path) -> None:
    publish(tmp_path, ["binance"])
    publish(tmp_path, ["okx"])
    with Hub(tmp_path).lease(1) as old:
        assert (old.number, venues(old)) == (1, ["binance"])


def test_a_leased_generation_is_not_removed(tmp_path: Path) -> None:
    for name in ("binance", "bybit", "gemini", "kraken"):
        publish(tmp_path, [name])
    hub = Hub(tmp_path)
    with hub.lease(1) as old:
        assert publishing.prune(tmp_path, NOW + timedelta(days=30)) == []
        assert venues(old) == ["binance"]
    assert publishing.prune(tmp_path, NOW + timedelta(days=30)) == [1]
    with pytest.raises(GenerationGone, match=r"Generation 1 is no longer kept\. Kept are: 2, 3, 4\."), hub.lease(1):
        pass


def test_a_generation_nobody_reads_is_let_go(tmp_path: Path) -> None:
    publish(tmp_path, ["binance"])
    hub = Hub(tmp_path)
    with hub.lease():
        publish(tmp_path, ["okx"])
        with hub.lease():
            pass
    with hub.lease() as current:
        attached = current.query("SELECT database_name FROM duckdb_databases() WHERE NOT internal AND path IS NOT NULL")
        assert attached["database_name"].to_list() == ["g000002"]


def test_readers_see_one_whole_generation_while_others_publish(tmp_path: Path) -> None:
    publish(tmp_path, ["0"] * 3)
    hub, done = Hub(tmp_path), threading.Event()

    def read() -> list[tuple[int, list[str]]]:
        seen = []
        while not done.is_set() or not seen:
            with hub.lease() as warehouse:
                seen.append((warehouse.number, venues(warehouse)))
        return seen

    with ThreadPoolExecutor(2) as readers:
        reading = [readers.submit(read) for _ in range(2)]
        for number in range(1, 6):
            publish(tmp_path, [str(number)] * 3)
            publishing.prune(tmp_path, datetime.now(UTC) + timedelta(days=5000))
        done.set()
        seen = [one for reader in reading for one in reader.result()]
    assert all(names == [str(number - 1)] * 3 for number, names in seen)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "COPY venues TO '/tmp/crashday-venues.csv'",
        "ATTACH '/tmp/crashday-other.duckdb'",
        "INSERT INTO venues SELECT * FROM venues",
        "DELETE FROM venues",
        "DROP TABLE venues",
        "CREATE TABLE mine AS SELECT 1 AS one",
        "SET memory_limit = '64GB'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "LOAD httpfs",
    ],
)
def test_the_hub_only_reads_what_is_published(tmp_path: Path, statement: str) -> None:
    publish(tmp_path, ["binance"])
    with Hub(tmp_path).lease() as warehouse:
        with pytest.raises(duckdb.Error):
            warehouse.query(statement)
        assert venues(warehouse) == ["binance"]


def test_times_are_utc_wherever_the_machine_stands(data_dir: Path) -> None:
    script = "\n".join(
        [
            "from analytics.warehouse import hub",
            "with hub().lease() as warehouse:",
            "    times = warehouse.query('SELECT ts, ts::VARCHAR AS words FROM trades ORDER BY ts LIMIT 1')",
            "print(times.schema['ts'], times['words'][0])",
        ]
    )
    told = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "TZ": "America/New_York"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.startswith("Datetime(time_unit='us', time_zone='UTC') 2025-10-10 2")
    assert told.stdout.rstrip().endswith("+00")


def test_values_are_parameters(warehouse: Warehouse) -> None:
    evil = "'; DROP TABLE bars; --"
    found = warehouse.query(
        "SELECT $value AS value, (SELECT count(*) FROM bars WHERE venue = $value) AS rows", value=evil
    )
    assert found.row(0) == (evil, 0)


def test_a_kept_generation_of_other_tables_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path, ["binance"])
    for module in ("analytics.warehouse", "pipelines.generations.readers"):
        monkeypatch.setattr(f"{module}.layout", lambda: "with a table more")
    with pytest.raises(GenerationGone, match="the tables of another version"), Hub(tmp_path).lease(1):
        pass
    with pytest.raises(NoWarehouse, match="the tables of another version"), Hub(tmp_path).lease():
        pass


def test_a_reader_whose_generation_was_removed_a_moment_ago_gets_the_one_published_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, ["binance"])
    first = notes.current(tmp_path)
    publish(tmp_path, ["okx"])
    assert readers.remove(tmp_path, 1)
    second, answers = notes.current(tmp_path), iter([first])
    monkeypatch.setattr(readers, "current", lambda _: next(answers, second))
    with Hub(tmp_path).lease() as warehouse:
        assert venues(warehouse) == ["okx"]


def test_nothing_published_is_said_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(NoWarehouse, match="python -m pipelines build"), Hub(tmp_path).lease():
        pass


@pytest.mark.parametrize(
    ("text", "number"),
    [("42", 42), ("042", 42), ("", None), ("-1", None), ("1.5", None), ("9" * 400, None), ("²", None)],
)
def test_a_link_names_a_generation_by_its_number(text: str, number: int | None) -> None:
    assert generation_named(text) == number
