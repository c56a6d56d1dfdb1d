"""The life of the warehouse: drafts, publication, what is kept, and the way back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.config import ROOT
from pipelines.generations import draft as warehouse
from pipelines.tables.canonical import TABLES

NOW = datetime(2025, 10, 20, 12, tzinfo=UTC)


def publish(folder: Path, names: list[str], now: datetime = NOW) -> warehouse.Generation | None:
    """Publish a generation whose table `venues` holds these names and nothing else."""
    with warehouse.exclusive(folder), warehouse.Draft(folder) as draft:
        draft.connection.execute("DELETE FROM venues")
        rows = [
            {"venue": name, "name": name, "kind": "cex", "status": "open", "source_id": "s", "snapshot_id": "b"}
            for name in names
        ]
        fields = TABLES["venues"].columns()
        draft.insert("venues", pl.DataFrame(rows, schema={name: field.dtype for name, field in fields.items()}))
        return draft.publish(now)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(("refresh.lock", "tmp")))


def test_a_publication_is_a_named_file_and_a_pointer(tmp_path: Path) -> None:
    published = publish(tmp_path, ["binance"])
    assert published == warehouse.current(tmp_path)
    assert published is not None
    assert published.sha256 == warehouse.file_sha256(tmp_path / "gen-000001.duckdb")
    assert files(tmp_path) == ["current.json", "gen-000001.duckdb", "gen-000001.json"]
    assert json.loads((tmp_path / "current.json").read_bytes()) == asdict(published)


def test_the_same_content_is_not_published_again(tmp_path: Path) -> None:
    publish(tmp_path, ["binance", "okx"])
    before = (tmp_path / "current.json").read_bytes()
    assert publish(tmp_path, ["okx", "binance"], NOW + timedelta(1)) is None
    assert (tmp_path / "current.json").read_bytes() == before
    assert warehouse.generations(tmp_path) == [1]


def test_other_content_has_another_hash(tmp_path: Path) -> None:
    one, two = publish(tmp_path, ["binance"]), publish(tmp_path, ["binance", "binance"])
    assert one is not None and two is not None
    assert one.content_hash != two.content_hash


@pytest.mark.parametrize("together", [1, 3, 1000])
def test_rows_are_published_whole_however_many_a_transaction_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr(warehouse, "ROWS_A_COMMIT", together)
    fields = {name: field.dtype for name, field in TABLES["venues"].columns().items()}
    row = {"kind": "cex", "status": "open", "source_id": "s"}
    with warehouse.exclusive(tmp_path), warehouse.Draft(tmp_path) as draft:
        for name in ("a", "b", "c", "d", "e"):
            rows = [{"venue": name, "name": name, **row, "snapshot_id": name}]
            draft.insert("venues", pl.DataFrame(rows, schema=fields))
        draft.forget(["b", "d"])
        assert draft.publish(NOW) is not None
    with warehouse.Draft(tmp_path) as draft:
        assert draft.rows("SELECT venue FROM venues ORDER BY venue")["venue"].to_list() == ["a", "c", "e"]


def test_a_draft_that_dies_leaves_what_was_published(tmp_path: Path) -> None:
    publish(tmp_path, ["binance"])
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    with pytest.raises(RuntimeError, match="died"), warehouse.exclusive(tmp_path), warehouse.Draft(tmp_path) as draft:
        draft.connection.execute("DELETE FROM venues")
        raise RuntimeError("died")
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


@pytest.mark.parametrize("step", range(1, 10))
def test_whatever_step_a_publication_dies_at_the_next_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    publish(tmp_path, ["binance"])
    calls = iter(range(1, 100))

    def dying(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if next(calls) == step:
                raise KeyboardInterrupt
            return original(*arguments)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", dying(os.replace))
        patch.setattr(os, "fsync", dying(os.fsync))
        if step < 9:
            with pytest.raises(KeyboardInterrupt):
                publish(tmp_path, ["okx"])
        else:
            publish(tmp_path, ["okx"])
    assert whole(tmp_path).generation == (2 if step > 7 else 1)
    assert publish(tmp_path, ["kraken"]) == whole(tmp_path)
    warehouse.prune(tmp_path, NOW)
    assert warehouse.rollback(tmp_path) == whole(tmp_path)


def whole(folder: Path) -> warehouse.Generation:
    """The published generation, which must be whole."""
    published = warehouse.current(folder)
    assert published is not None
    assert warehouse.is_whole(folder, published)
    return published


def test_what_a_killed_build_left_lying_is_swept_away(tmp_path: Path) -> None:
    publish(tmp_path, ["binance"])
    (tmp_path / "building-000002.duckdb").write_bytes(b"half")
    (tmp_path / "building-000002.duckdb.wal").write_bytes(b"half")
    publish(tmp_path, ["okx"])
    assert not list(tmp_path.glob("building-*"))
    assert whole(tmp_path).generation == 2


def test_a_damaged_generation_is_not_built_upon(tmp_path: Path) -> None:
    publish(tmp_path, ["binance"])
    (tmp_path / "gen-000001.duckdb").write_bytes(b"damaged")
    publish(tmp_path, ["binance"])
    assert whole(tmp_path).generation == 2


def test_one_build_at_a_time_and_the_lock_dies_with_its_holder(tmp_path: Path) -> None:
    hold = (
        "from pathlib import Path; from pipelines.generations.draft import exclusive\n"
        f"with exclusive(Path({str(tmp_path)!r})): print('held', flush=True); input()"
    )
    holder = subprocess.Popen([sys.executable, "-c", hold], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
    with pytest.raises(warehouse.Busy, match="nothing was done"), warehouse.exclusive(tmp_path):
        pass
    holder.kill()
    holder.communicate()
    with warehouse.exclusive(tmp_path):
        pass


def test_rollback_points_to_the_one_before_or_to_the_one_named(tmp_path: Path) -> None:
    for name in ("binance", "okx", "kraken"):
        publish(tmp_path, [name])
    assert warehouse.rollback(tmp_path).generation == 2
    assert whole(tmp_path).generation == 2
    assert warehouse.rollback(tmp_path, 1).generation == 1
    assert warehouse.rollback(tmp_path, 3).generation == 3
    assert whole(tmp_path).generation == 3


def test_after_a_rollback_numbers_go_on_and_build_on_what_is_published(tmp_path: Path) -> None:
    first = publish(tmp_path, ["binance"])
    publish(tmp_path, ["okx"])
    warehouse.rollback(tmp_path)
    assert publish(tmp_path, ["binance"]) is None
    third = publish(tmp_path, ["kraken"])
    assert first is not None and third is not None
    assert third.generation == 3


@pytest.mark.parametrize(
    ("wanted", "says"), [(None, "There is no earlier generation. Kept: 1"), (7, "Generation 7 is not on disk. Kept: 1")]
)
def test_rollback_to_nothing_says_what_is_kept(tmp_path: Path, wanted: int | None, says: str) -> None:
    publish(tmp_path, ["binance"])
    with pytest.raises(ValueError, match=says):
        warehouse.rollback(tmp_path, wanted)


def test_rollback_refuses_a_damaged_generation(tmp_path: Path) -> None:
    publish(tmp_path, ["binance"])
    publish(tmp_path, ["okx"])
    with (tmp_path / "gen-000001.duckdb").open("r+b") as handle:
        handle.seek(5000)
        handle.write(b"flipped")
    with pytest.raises(ValueError, match="Generation 1 is damaged"):
        warehouse.rollback(tmp_path)
    assert whole(tmp_path).generation == 2


def keep(folder: Path, number: int, built_at: datetime) -> None:
    """A generation as far as pruning looks at it."""
    generation = warehouse.Generation(number, f"gen-{number:06d}.duckdb", "", "", built_at.isoformat())
    (folder / generation.file).touch()
    (folder / f"gen-{number:06d}.json").write_text(json.dumps(asdict(generation)))
    warehouse.point_to(folder, generation)


def test_the_last_three_are_kept_however_old(tmp_path: Path) -> None:
    for number in range(1, 6):
        keep(tmp_path, number, NOW - timedelta(days=100 - number))
    assert warehouse.prune(tmp_path, NOW) == [1, 2]
    assert warehouse.generations(tmp_path) == [3, 4, 5]
    assert files(tmp_path) == ["current.json", *(f"gen-{n:06d}.{end}" for n in (3, 4, 5) for end in ("duckdb", "json"))]


def test_the_last_of_each_utc_day_is_kept_for_fourteen_days(tmp_path: Path) -> None:
    midnight = NOW.replace(hour=0)
    times = [
        midnight - timedelta(days=14, hours=1),
        midnight - timedelta(days=13, hours=1),
        midnight - timedelta(seconds=1),
        midnight,
        midnight + timedelta(hours=1),
        *(midnight + timedelta(hours=hour) for hour in (2, 3, 4)),
    ]
    for number, built_at in enumerate(times, start=1):
        keep(tmp_path, number, built_at)
    assert warehouse.prune(tmp_path, NOW) == [1, 4, 5]


def test_the_pinned_and_the_published_are_kept(tmp_path: Path) -> None:
    for number in range(1, 8):
        keep(tmp_path, number, NOW - timedelta(days=100 - number))
    (tmp_path / "pins.json").write_text("[2]")
    warehouse.point_to(tmp_path, warehouse.Generation(1, "gen-000001.duckdb", "", "", NOW.isoformat()))
    assert warehouse.prune(tmp_path, NOW) == [3, 4]


def test_tables_that_were_declared_otherwise_are_built_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path, ["binance"])
    with monkeypatch.context() as patch:
        patch.setattr(warehouse, "layout", lambda: "another version's")
        with warehouse.exclusive(tmp_path), warehouse.Draft(tmp_path) as draft:
            assert draft.base is None
            assert draft.rows("SELECT count(*) AS rows FROM venues")["rows"].to_list() == [0]
    with warehouse.exclusive(tmp_path), warehouse.Draft(tmp_path) as draft:
        assert draft.base == whole(tmp_path)
        assert draft.rows("SELECT venue FROM venues")["venue"].to_list() == ["binance"]
