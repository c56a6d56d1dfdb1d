"""A disk that is full at any point of a refresh: one clear line, what is published stays whole, and the next one
works."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines import health
from pipelines.commands.cli import app
from pipelines.config import ROOT, Settings
from pipelines.generations import notes
from pipelines.refreshing.outcome import Outcome
from tests.faults import victim
from tests.faults.victim import Scene
from tests.replay.server import Replay

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KILOBYTE = 1024
ENOUGH = 512 * KILOBYTE


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """A file system of its own, so small; the test is skipped where mounting is not allowed (test_refresh has a limit
    on files)."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"mounting is not allowed here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def grow(folder: Path) -> None:
    subprocess.run(["mount", "-o", f"remount,rw,size={ENOUGH}k", folder], check=True)


def command(settings: Settings, replay: Replay) -> subprocess.CompletedProcess[str]:
    """`python -m pipelines refresh`, as a person or a schedule runs it."""
    environment = {
        **os.environ,
        "CRASHDAY_DATA_DIR": str(settings.data_dir),
        "CRASHDAY_URL_BINANCE_TRADES": replay.base,
        "CRASHDAY_BACKOFF_SECONDS": "0",
    }
    arguments = ["--source", victim.SOURCE, "--symbol", "BTC/USDT:USDT"]
    arguments += ["--start", f"{victim.SPAN.start:%Y-%m-%dT%H:%MZ}", "--end", f"{victim.SPAN.end:%Y-%m-%dT%H:%MZ}"]
    return subprocess.run(
        [sys.executable, "-m", "pipelines", "refresh", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )


def make_read_only(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)


def size(folder: Path) -> int:
    """Kilobytes a folder takes, in whole pages."""
    return sum(-(-path.stat().st_size // 4096) * 4 for path in folder.rglob("*") if path.is_file())


# Of what a refresh needs beside what is there: in the copy, in the download, in the load, at the end.
@pytest.mark.parametrize("share", [0.3, 0.97, 1.005, 1.02, 1.1, 1.3])
def test_a_full_disk(scene: Scene, replay: Replay, tmp_path: Path, share: float) -> None:
    there = size(scene.before)
    with (
        small_disk(tmp_path / "disk", round(there * (1 + share)) + 64),
        scene.copy(tmp_path / "disk" / "data") as settings,
    ):
        full = command(settings, replay)
        if full.returncode:
            assert full.returncode == 1
            assert "Stopped:" in full.stderr and "Traceback" not in full.stderr, full.stderr
            assert not list(settings.warehouse_dir.glob("building-*"))
        scene.check_as_published(settings)
        grow(tmp_path / "disk")
        scene.check_completes(settings)
    assert full.returncode or share > 1


def test_a_disk_that_is_read_only(
    scene: Scene, replay: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", ENOUGH), scene.copy(tmp_path / "disk" / "data") as settings:
        notes.pin(settings.warehouse_dir, 1)
        make_read_only(tmp_path / "disk")
        monkeypatch.setenv("CRASHDAY_DATA_DIR", str(settings.data_dir))
        out = str(tmp_path / "disk" / "out")
        for arguments in (["status"], ["tables"], ["sources"], ["export", str(tmp_path / "out"), "--table", "venues"]):
            assert CliRunner().invoke(app, arguments).exit_code == 0
        for arguments in (["rollback", "1"], ["pin"], ["unpin", "1"], ["build"], ["export", out]):
            result = CliRunner().invoke(app, arguments)
            assert result.exit_code == 1 and isinstance(result.exception, SystemExit), arguments
            assert "Read-only file system" in result.stderr
        scene.check_as_published(settings)
        grow(tmp_path / "disk")


@pytest.mark.parametrize("kilobytes", [1, 3, 5])
def test_a_log_of_runs_that_a_full_disk_cut_in_the_middle(tmp_path: Path, kilobytes: int) -> None:
    """The folder is on a file system of a few pages, on which the log grows until it is full."""
    run, lines = Outcome("r", "okx_liquidations", NOW, NOW, "failed", error="why " * 60), 0
    with small_disk(tmp_path / "log", 4 * kilobytes):
        with pytest.raises(OSError, match="No space left"):
            while True:
                health.note(tmp_path / "log", [run, run])
                lines += 2
        assert len(health.runs(tmp_path / "log")) == lines
        assert not health.log(tmp_path / "log").content().damaged
        grow(tmp_path / "log")
        health.note(tmp_path / "log", [run])
        assert len(health.runs(tmp_path / "log")) == lines + 1
