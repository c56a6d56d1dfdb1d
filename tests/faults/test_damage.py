"""State files cut at any byte, emptied, zeroed: every command works or says one sentence, and nothing needs a hand."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipelines import condition, health
from pipelines.commands.cli import app
from pipelines.config import Settings
from pipelines.generations import notes
from pipelines.generations.draft import is_whole, prune, rollback
from pipelines.generations.readers import GenerationGone, opened, reading
from pipelines.refreshing.outcome import Outcome
from pipelines.refreshing.snapshots import Store
from tests.faults import victim
from tests.faults.victim import Scene
from tests.replay.server import Replay

NOW = datetime(2026, 11, 22, tzinfo=UTC)
COMMANDS = (["status"], ["tables"], ["sources"], ["export", "out", "--table", "venues"], ["rollback", "1"])
FILES = {
    "runs.jsonl": "runs.jsonl",
    "index.jsonl": "snapshots/index.jsonl",
    "pins.json": "warehouse/pins.json",
    "current.json": "warehouse/current.json",
    "note of the published": "warehouse/gen-000002.json",
    "note of another": "warehouse/gen-000001.json",
}
EVERY_FILE = pytest.mark.parametrize("file", FILES.values(), ids=FILES)


def cuts(whole: bytes) -> Iterator[bytes]:
    """The file cut at each byte of its last line. A note is one line to us: half of it is nothing."""
    last = 0 if whole.startswith((b"{\n", b"[")) else whole.rstrip(b"\n").rfind(b"\n") + 1
    return (whole[:end] for end in range(last, len(whole)))


def zeros(whole: bytes) -> list[bytes]:
    """Emptied, and what a power cut leaves of blocks that were never written."""
    return [b"", bytes(len(whole)), whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2)]


def some_damage(whole: bytes) -> list[bytes]:
    each = list(cuts(whole))
    return [each[1], each[len(each) // 2], each[-2], *zeros(whole)]


@pytest.fixture(scope="module")
def stated(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two generations, the first of them pinned, two fetched pieces, and a log of some runs."""
    folder = tmp_path_factory.mktemp("stated") / "data"
    shutil.copytree(scene.before, folder)
    victim.refresh(scene.settings(folder))
    notes.pin(folder / "warehouse", 1)
    notes_there = sorted(path.stem for path in (folder / "warehouse").glob("*.json"))
    assert notes_there == ["current", "gen-000001", "gen-000002", "pins"]
    return folder


@dataclass
class Hurt:
    """A copy of the data folder of which one file is damaged."""

    settings: Settings
    path: Path
    whole: bytes

    def by(self, damaged: bytes) -> None:
        self.path.write_bytes(damaged)


@pytest.fixture
def hurt(
    stated: Path, scene: Scene, replay: Replay, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Hurt:
    folder = tmp_path / "data"
    shutil.copytree(stated, folder)
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # no power is cut here, and there are a thousand cuts
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRASHDAY_DATA_DIR", str(folder))
    monkeypatch.setenv("CRASHDAY_URL_BINANCE_TRADES", replay.base)
    monkeypatch.setenv("CRASHDAY_BACKOFF_SECONDS", "0")
    return Hurt(scene.settings(folder), folder / file, (folder / file).read_bytes())


def command(*arguments: str) -> Result:
    """A command, which may fail, but only with words of ours."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code in (0, 1), (arguments, result.output)
    assert result.exception is None or isinstance(result.exception, SystemExit), (arguments, result.exc_info)
    return result


def damage(settings: Settings) -> list[str]:
    return [*condition.damage(settings), *condition.index_damage(settings)]


@EVERY_FILE
def test_every_command_works_and_the_next_build_mends(hurt: Hurt) -> None:
    name, pointer = hurt.path.name, hurt.settings.warehouse_dir / "current.json"
    published = pointer.read_bytes()
    for damaged in some_damage(hurt.whole):
        pointer.write_bytes(published)
        hurt.by(damaged)
        sentences = damage(hurt.settings)
        assert [name in sentence for sentence in sentences] == [True]
        for arguments in COMMANDS:
            result = command(*arguments)
            if arguments != ["rollback", "1"] or name != "gen-000001.json":
                assert result.exit_code == 0, (arguments, result.output)
            pointer.write_bytes(published)
            hurt.by(damaged)
        assert sentences[0] in command("status").stderr
        mended = command("build")
        assert mended.exit_code == 0 and sentences[0] in mended.stderr
        if name != "gen-000001.json":
            assert damage(hurt.settings) == []
            assert name not in command("build").stderr


@pytest.mark.parametrize("file", ["warehouse/current.json", "warehouse/gen-000002.json"])
@pytest.mark.parametrize(
    "nonsense",
    [
        {"built_at": "yesterday"},
        {"built_at": "2026-11-22T00:00:00"},
        {"built_at": 5},
        {"generation": "2"},
        {"generation": True},
        {"generation": -2, "file": "gen--00002.duckdb"},
        {"file": "../2.duckdb"},
        {"sha256": None},
        {"content_hash": ["0"]},
        {"layout": {}},
    ],
    ids=str,
)
def test_a_note_that_says_nonsense_is_as_good_as_none(hurt: Hurt, nonsense: dict[str, object]) -> None:
    published = notes.current(hurt.settings.warehouse_dir)
    hurt.by(json.dumps(json.loads(hurt.whole) | nonsense).encode())
    (sentence,) = damage(hurt.settings)
    assert f"{hurt.path.name} cannot be read" in sentence and sentence in command("status").stderr
    assert notes.current(hurt.settings.warehouse_dir) == published
    assert command("build").exit_code == 0 and damage(hurt.settings) == [] and hurt.path.read_bytes() == hurt.whole


@pytest.mark.parametrize("file", ["warehouse/gen-000002.json"])
def test_a_note_on_another_generation_says_nothing_of_this_one(hurt: Hurt) -> None:
    hurt.by(hurt.path.with_name("gen-000001.json").read_bytes())
    (sentence,) = damage(hurt.settings)
    assert "gen-000002.json cannot be read" in sentence
    assert command("build").exit_code == 0 and hurt.path.read_bytes() == hurt.whole


@EVERY_FILE
def test_a_refresh_goes_on(hurt: Hurt) -> None:
    span = ["--start", f"{victim.SPAN.start:%Y-%m-%dT%H:%MZ}", "--end", f"{victim.SPAN.end:%Y-%m-%dT%H:%MZ}"]
    for damaged in some_damage(hurt.whole)[2:5]:
        hurt.by(damaged)
        result = command("refresh", "--source", victim.SOURCE, "--symbol", "BTC/USDT:USDT", *span)
        assert result.exit_code == 0, result.output
        published = notes.current(hurt.settings.warehouse_dir)
        assert published is not None and is_whole(hurt.settings.warehouse_dir, published)
        assert len(Store(hurt.settings.snapshot_dir).entries) == 2
        assert health.health(hurt.settings.data_dir, NOW)[-1].last_success is not None


@pytest.mark.parametrize("file", ["runs.jsonl"])
def test_runs_are_read_and_added_wherever_the_log_was_cut(hurt: Hurt) -> None:
    data_dir, before = hurt.settings.data_dir, health.runs(hurt.settings.data_dir)
    more = Outcome("r", "okx_liquidations", NOW, NOW, "loaded")
    for damaged in [*cuts(hurt.whole), *zeros(hurt.whole)]:
        hurt.by(damaged)
        left = health.runs(data_dir)
        assert left == before[: len(left)]
        assert len(left) >= len(before) - 1 or b"\0" in damaged or not damaged
        health.note(data_dir, [more])
        assert health.runs(data_dir)[:-1] == left and health.runs(data_dir)[-1].loader == more.loader
        assert not health.log(data_dir).content().damaged


@pytest.mark.parametrize("file", ["snapshots/index.jsonl"])
def test_pieces_are_known_and_added_wherever_the_index_was_cut(hurt: Hurt) -> None:
    folder = hurt.settings.snapshot_dir
    entries = list(Store(folder).entries.values())
    for damaged in [*cuts(hurt.whole), *zeros(hurt.whole)]:
        hurt.by(damaged)
        store = Store(folder)
        assert list(store.entries.values()) == entries[: len(store.entries)]
        store.record(entries[-1])
        assert list(Store(folder).entries.values())[-1] == entries[-1]
        assert not store.index.content().damaged


@pytest.mark.parametrize("file", ["snapshots/index.jsonl"])
def test_a_rebuild_never_loses_what_the_index_forgot(hurt: Hurt) -> None:
    published = notes.current(hurt.settings.warehouse_dir)
    hurt.by(b"")
    refused = command("refresh", "--offline")
    assert refused.exit_code == 1 and "Not rebuilt: the stored bytes of binance_trades" in refused.stderr
    assert notes.current(hurt.settings.warehouse_dir) == published
    hurt.by(hurt.whole)
    assert command("refresh", "--offline").exit_code == 0


@pytest.mark.parametrize("file", ["warehouse/pins.json"])
def test_what_may_have_been_pinned_stays(hurt: Hurt) -> None:
    folder = hurt.settings.warehouse_dir
    for damaged in [*cuts(hurt.whole), *zeros(hurt.whole)]:
        hurt.by(damaged)
        assert notes.pinned(folder) == {1, 2}
        notes.unpin(folder, 2)
        assert notes.pinned(folder) == {1} and notes.damage(folder) == []
        hurt.by(damaged)
        notes.mend(folder)
        assert notes.pinned(folder) == {1, 2} and notes.damage(folder) == []


@pytest.mark.parametrize("file", ["warehouse/current.json"])
def test_the_newest_whole_generation_stands_in_for_what_is_published(hurt: Hurt) -> None:
    folder = hurt.settings.warehouse_dir
    published = notes.current(folder)
    assert published is not None and published.generation == 2
    for damaged in [*cuts(hurt.whole), *zeros(hurt.whole)]:
        hurt.by(damaged)
        assert notes.current(folder) == published
        assert rollback(folder).generation == 1 and notes.current(folder) != published
        hurt.by(damaged)
        notes.mend(folder)
        assert hurt.path.read_bytes() == hurt.whole


@pytest.mark.parametrize("file", ["warehouse/current.json"])
def test_a_generation_that_is_not_whole_never_stands_in(hurt: Hurt) -> None:
    hurt.by(b"")
    with (hurt.settings.warehouse_dir / "gen-000002.duckdb").open("r+b") as file:
        file.truncate(100_000)
    assert notes.current(hurt.settings.warehouse_dir).generation == 1
    assert command("tables").exit_code == 0


@pytest.mark.parametrize("file", ["warehouse/gen-000001.json"])
def test_a_generation_whose_note_is_lost_is_not_shown_and_goes_with_its_age(hurt: Hurt) -> None:
    folder = hurt.settings.warehouse_dir
    for damaged in [*cuts(hurt.whole), *zeros(hurt.whole)]:
        hurt.by(damaged)
        with pytest.raises(GenerationGone, match="the note on it is lost"), opened(folder, 1):
            pass
        with pytest.raises(ValueError, match="nothing proves its file"):
            rollback(folder, 1)
        assert prune(folder, NOW) == []
    hurt.path.unlink()
    notes.unpin(folder, 1)
    assert prune(folder, NOW, keep=1, days=0) == [1]
    assert notes.generations(folder) == [2]


@pytest.mark.parametrize("file", ["warehouse/gen-000002.json"])
def test_the_note_on_the_published_generation_is_written_anew(hurt: Hurt) -> None:
    folder = hurt.settings.warehouse_dir
    for damaged in [*cuts(hurt.whole), *zeros(hurt.whole), None]:
        hurt.path.unlink() if damaged is None else hurt.by(damaged)
        with reading(folder) as published:
            assert published.generation == 2
        notes.mend(folder)
        assert hurt.path.read_bytes() == hurt.whole


@pytest.mark.parametrize("file", ["warehouse/gen-000002.duckdb"])
@pytest.mark.parametrize("share", [None, 0, 0.01, 0.5, 0.99])
def test_a_published_file_that_is_gone_or_was_cut_is_said_and_replaced(hurt: Hurt, share: float | None) -> None:
    hurt.path.unlink() if share is None else hurt.by(hurt.whole[: int(share * len(hurt.whole))])
    assert command("status").exit_code == 1
    exported = command("export", "out")
    assert exported.exit_code == 1 and "The file of generation 2 cannot be read whole" in exported.stderr
    built = command("build")
    assert built.exit_code == 0 and "Published generation 3" in built.stdout
    assert command("export", "out").exit_code == 0


@pytest.mark.parametrize("file", ["warehouse/current.json"])
def test_litter_of_killed_commands_is_swept_away(hurt: Hurt) -> None:
    settings = hurt.settings
    litter = [settings.warehouse_dir / "current.json.tmp", settings.warehouse_dir / "gen-000009.json"]
    litter += [settings.data_dir / "runs.jsonl.tmp", settings.snapshot_dir / "index.jsonl.tmp"]
    for path in litter:
        path.write_bytes(b"half")
    assert command("build").exit_code == 0
    assert not [path for path in litter if path.exists()]
