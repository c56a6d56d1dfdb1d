"""A server that stands still is ended from outside, and says where it stood; one that does not stop is made to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from pipelines.config import ROOT

FROZEN = "mutex = ctypes.create_string_buffer(64); [ctypes.PyDLL(None).pthread_mutex_lock(mutex) for _ in range(2)]"
"""A deadlock that holds the interpreter's lock: no other thread runs, and no signal is heard."""
HEARS_SIGTERM = "signal.signal(signal.SIGTERM, lambda *_: os._exit(0))"
"""As a server does; it is not left to the system, which would end the process at once."""
PROCESS = f"""
import ctypes, os, signal
from web.liveness import Guard

def stands_still():
    print("frozen", flush=True)
    {FROZEN}

guard = Guard(silence={{silence}}, stop={{stop}})
{{work}}
"""
APP = """
import streamlit as st
from web.liveness import guarded
from web.turns import TURNS

app = st.App("page.py", lifespan=lambda _: guarded(TURNS, every=0.1, silence=3))
"""
PAGE = f"""
import ctypes
import streamlit as st
from web.turns import TURNS

with TURNS.turn():
    st.title("Stands still")
    {FROZEN}
"""


@contextmanager
def started(*command: str, cwd: Path = ROOT) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def working(work: str, silence: float, stop: float) -> AbstractContextManager[subprocess.Popen[str]]:
    return started("-c", PROCESS.format(work=work, silence=silence, stop=stop))


def state_of(process: subprocess.Popen[str]) -> str:
    """R while it runs, S while it waits for something."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_process_on_which_no_page_runs_any_more_shows_its_stacks_and_ends() -> None:
    with working("guard.page_has_run(); stands_still()", silence=1, stop=60) as frozen:
        _, said = frozen.communicate(timeout=60)
    assert frozen.returncode == -signal.SIGABRT
    assert "No page has run for 1 s" in said and "in stands_still" in said


def test_a_stop_that_is_not_heard_is_forced() -> None:
    with working(f"{HEARS_SIGTERM}; stands_still()", silence=600, stop=1) as frozen:
        assert frozen.stdout and frozen.stdout.readline() == "frozen\n"
        while state_of(frozen) != "S":  # it says so shortly before, when a signal would still be heard
            pass
        frozen.send_signal(signal.SIGTERM)
        _, said = frozen.communicate(timeout=60)
    assert frozen.returncode == -signal.SIGKILL
    assert "did not end within 1 s of being asked to" in said


def test_a_process_that_ends_by_itself_is_left_alone() -> None:
    with working("pass", silence=600, stop=600) as ending:
        _, said = ending.communicate(timeout=60)  # the guard holds the same streams: they end when it has ended too
    assert ending.returncode == 0 and said == ""


def test_a_server_whose_page_stands_still_is_found_by_a_visit_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "page.py").write_text(PAGE)
    command = ("-m", "streamlit", "run", "app.py", "--server.port=0", "--server.headless=true")
    with started(*command, cwd=tmp_path) as frozen:
        _, said = frozen.communicate(timeout=120)
    assert frozen.returncode == -signal.SIGABRT, said
    assert "No page has run for 3 s" in said and "page.py" in said
