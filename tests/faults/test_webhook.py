"""A webhook hears of failures, recoveries and new crash days, once each; one that is dead, angry or silent hurts
nobody."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from pipelines import health
from pipelines.commands.cli import app
from pipelines.config import Settings
from pipelines.generations.draft import Draft, current
from pipelines.refreshing.validate import accept
from tests.faults import victim
from tests.faults.victim import Scene
from tests.pipelines.test_detect import FIRST, bars
from tests.replay.server import Fault, Replay


@dataclass
class Hook:
    """Where messages are posted to, and what was."""

    url: str = ""
    status: int = 200
    heard: list[str] = field(default_factory=list)


@pytest.fixture
def hook() -> Iterator[Hook]:
    told = Hook()

    class Listening(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(told.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listening)
    told.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


def refreshed(settings: Settings, replay: Replay, patch: pytest.MonkeyPatch, hook: str) -> Result:
    """`python -m pipelines refresh` of the two days."""
    patch.setenv("CRASHDAY_DATA_DIR", str(settings.data_dir))
    patch.setenv("CRASHDAY_URL_BINANCE_TRADES", replay.base)
    patch.setenv("CRASHDAY_BACKOFF_SECONDS", "0")
    patch.setenv("CRASHDAY_WEBHOOK_URL", hook)
    span = (f"{victim.SPAN.start:%Y-%m-%dT%H:%MZ}", f"{victim.SPAN.end:%Y-%m-%dT%H:%MZ}")
    words = ["--source", victim.SOURCE, "--symbol", "BTC/USDT:USDT", "--start", span[0], "--end", span[1]]
    return CliRunner().invoke(app, ["refresh", *words])


@contextmanager
def down(replay: Replay) -> Iterator[None]:
    """The source refuses everybody."""
    for route in replay.routes:
        route.fault = Fault("status", times=-1, status=403)
    yield
    for route in replay.routes:
        route.fault = None


def test_a_failure_and_a_recovery_are_told_once(
    scene: Scene, replay: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: Hook
) -> None:
    with scene.copy(tmp_path / "data") as settings:
        with down(replay):
            assert refreshed(settings, replay, monkeypatch, hook.url).exit_code == 1
            (failure,) = hook.heard
            assert refreshed(settings, replay, monkeypatch, hook.url).exit_code == 1
            assert hook.heard == [failure]
        assert refreshed(settings, replay, monkeypatch, hook.url).exit_code == 0
        assert refreshed(settings, replay, monkeypatch, hook.url).exit_code == 0
    assert failure.startswith("Crashday: binance_trades failed: ") and "403" in failure
    assert hook.heard == [failure, "Crashday: binance_trades works again."]


def test_a_new_crash_day_is_told_once_it_is_published(
    scene: Scene, replay: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: Hook
) -> None:
    with scene.copy(tmp_path / "data") as settings:
        with Draft(settings.warehouse_dir) as draft:
            draft.insert("bars", accept("bars", bars(FIRST + timedelta(days=28)), "x").good)
            draft.publish(victim.SPAN.now)
        assert refreshed(settings, replay, monkeypatch, hook.url).exit_code == 0
        (told,) = hook.heard
        assert refreshed(settings, replay, monkeypatch, hook.url).exit_code == 0
    day = date(2027, 1, 29)
    assert told.startswith(f"Crashday: A crash day is proposed: {day:%b-%d-%Y}.".replace("Jan", "jan"))
    assert "times the trailing median" in told and hook.heard == [told]


@pytest.mark.parametrize(
    "how", ["refuses", "is angry", "says nothing", "http://a..b/", "http://[::1", "nonsense", "gopher://x/"]
)
def test_a_dead_webhook_does_not_hurt_a_refresh(
    scene: Scene, replay: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: Hook, how: str
) -> None:
    monkeypatch.setattr(health, "WEBHOOK_SECONDS", 0.2)
    hook.status = 500
    with scene.copy(tmp_path / "data") as settings, socket.create_server(("127.0.0.1", 0)) as silent:
        with down(replay):
            refreshed(settings, replay, monkeypatch, "")
        port = silent.getsockname()[1]
        if how == "refuses":
            silent.close()
        here = {
            "is angry": hook.url,
            "refuses": f"http://127.0.0.1:{port}/",
            "says nothing": f"http://127.0.0.1:{port}/",
        }
        url = here.get(how, how)
        done = refreshed(settings, replay, monkeypatch, url)
        assert done.exit_code == 0, done.stderr
        assert "The webhook could not be told" in done.stderr and "Traceback" not in done.stderr
        published = current(settings.warehouse_dir)
        assert published is not None and published.content_hash == scene.content_after
