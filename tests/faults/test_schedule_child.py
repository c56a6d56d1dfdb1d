"""The schedule inside the web process: it starts with it, and ends with it, however that ends, refreshes included."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.config import ROOT, SCHEDULE
from pipelines.generations.draft import exclusive
from pipelines.source import discover
from tests.faults.test_together import held
from tests.faults.victim import SOURCE, Scene, children_of, handle_of, has_ended
from tests.replay.server import Replay

NEVER = "0 0 29 2 *"
SECONDS = 60


def nothing_is_due(data_dir: Path) -> None:
    """Every source was tried a moment ago."""
    now = datetime.now(UTC)
    runs = [{"loader": name, "started_at": str(now), "finished_at": str(now)} for name in discover()]
    told = [run | {"outcome": "unchanged", "rows_loaded": 0, "rows_refused": 0, "error": None} for run in runs]
    (data_dir / "runs.jsonl").write_text("".join(json.dumps(run) + "\n" for run in told))


@contextmanager
def web_process(data_dir: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """`streamlit run app.py` with the schedule inside, up and running."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "CRASHDAY_DATA_DIR": str(data_dir),
        "CRASHDAY_RUN_SCHEDULE": "true",
        **{f"CRASHDAY_SCHEDULE_{group.upper()}": NEVER for group in SCHEDULE},
        **more,
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    ) as server:
        try:
            yield server
        finally:
            server.kill()


def schedule_of(server: subprocess.Popen[str]) -> int:
    """The schedule's process, once it has said what it will do."""
    assert server.stdout is not None
    said = []
    for line in server.stdout:
        said.append(line)
        if line.startswith("daily:"):
            (child,) = [
                one for one in children_of(server.pid) if "schedule" in Path(f"/proc/{one}/cmdline").read_text()
            ]
            return child
    raise AssertionError("".join(said))


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["asked to stop", "killed"])
def test_the_schedule_ends_with_the_web_process(scene: Scene, tmp_path: Path, end: signal.Signals) -> None:
    with scene.copy(tmp_path / "data") as settings:
        nothing_is_due(settings.data_dir)
        with web_process(settings.data_dir) as server, handle_of(schedule_of(server)) as schedule:
            server.send_signal(end)
            server.wait(SECONDS)
            assert has_ended(schedule)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["asked to stop", "killed"])
def test_a_refresh_that_is_under_way_ends_with_the_web_process(
    scene: Scene, replay: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: signal.Signals
) -> None:
    """The group of one source was missed, so it is caught up at the start; its server does not answer yet."""
    group = discover()[SOURCE].SOURCE.group
    with scene.copy(tmp_path / "data") as settings, held(replay, monkeypatch) as arrived:
        nothing_is_due(settings.data_dir)
        runs = settings.data_dir / "runs.jsonl"
        long_ago = str(datetime.now(UTC) - timedelta(days=2))
        told = [json.loads(line) for line in runs.read_text().splitlines()]
        late = [
            run | ({"started_at": long_ago} if discover()[run["loader"]].SOURCE.group == group else {}) for run in told
        ]
        runs.write_text("".join(json.dumps(run) + "\n" for run in late))
        every = {f"CRASHDAY_URL_{name.upper()}": replay.base for name in discover()}
        due = {f"CRASHDAY_SCHEDULE_{group.upper()}": "20 3 * * *"}
        with web_process(settings.data_dir, **every, **due) as server:
            child = schedule_of(server)
            assert arrived.wait(SECONDS)
            (refresh,) = children_of(child)
            with handle_of(child) as schedule, handle_of(refresh) as refreshing:
                server.send_signal(end)
                server.wait(SECONDS)
                assert has_ended(schedule) and has_ended(refreshing)
        with exclusive(settings.warehouse_dir):
            scene.check_as_published(settings)
