"""Two refreshes at once: one works, the other says so and is no failure; nothing is damaged."""

from __future__ import annotations

import errno
import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analytics.warehouse import Hub
from pipelines.commands import refresh as refresh_command
from pipelines.commands.cli import app
from pipelines.config import Settings
from tests.faults.test_disk import command
from tests.faults.victim import Scene, refresh, started
from tests.replay.server import Replay, Route


@contextmanager
def held(replay: Replay, patch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Requests get no answer until the block ends; the event tells that one has arrived."""
    arrived, go_on, find = threading.Event(), threading.Event(), replay.find

    def waiting(path: str, query: dict[str, str], body: str) -> Route | None:
        arrived.set()
        go_on.wait()
        return find(path, query, body)

    with patch.context() as patched:
        patched.setattr(replay, "find", waiting)
        try:
            yield arrived
        finally:
            go_on.set()


@pytest.mark.parametrize("stale", [False, True], ids=["clean", "beside a lock somebody left behind"])
def test_two_refreshes_at_once(
    scene: Scene, replay: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stale: bool
) -> None:
    with scene.copy(tmp_path / "data") as settings:
        if stale:
            (settings.warehouse_dir / "refresh.lock").write_text("pid 1")
        with held(replay, monkeypatch) as arrived:
            first = started(refresh, settings)
            arrived.wait()
            second = command(settings, replay)
            assert second.returncode == 0
            assert "Another build or refresh is running on this warehouse; nothing was done." in second.stderr
            assert scene.check_as_published(settings) == scene.content_before
        first.join()
        assert first.exitcode == 0
        scene.check_completes(settings)


def test_a_file_system_whose_locks_other_machines_do_not_see_is_said(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh_command, "locks_end_here", lambda _: "fuse.sshfs")
    done = CliRunner().invoke(app, ["refresh", "--group", "fast"])
    assert done.exit_code == 0
    assert "lies on fuse.sshfs, where a lock holds on this machine only: refresh it from one machine." in done.stderr


def test_a_file_system_that_cannot_lock_is_said_and_still_read(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    done = CliRunner().invoke(app, ["build"])
    assert done.exit_code == 1
    assert "lies on a file system that cannot lock (No locks available)" in done.stderr
    with Hub(own.warehouse_dir).lease() as warehouse:
        assert warehouse.query("SELECT count(*) AS n FROM venues")["n"].item() > 0
