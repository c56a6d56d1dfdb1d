"""kill -9 at any moment of a refresh: what is published stays whole, and the next refresh makes up for it."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from pipelines.warehouse import exclusive
from tests.faults.victim import FORKS, Scene, die_beside_workers, handle_of, has_ended, refresh, started

KILLS = int(os.environ.get("CRASHDAY_TEST_KILLS", "25"))
"""At random moments; 200 before a release: CRASHDAY_TEST_KILLS=200."""
MOST_STEPS = 300


def seconds_of_a_refresh(scene: Scene, folder: Path) -> float:
    """How long a refresh in a process takes that nobody disturbs; the first one starts the server of processes."""
    for name in ("first", "second"):
        with scene.copy(folder / name) as settings:
            began = time.perf_counter()
            undisturbed = started(refresh, settings)
            undisturbed.join()
            assert undisturbed.exitcode == 0
    return time.perf_counter() - began


def test_killed_at_random_moments(scene: Scene, tmp_path: Path) -> None:
    whole = seconds_of_a_refresh(scene, tmp_path)
    chance, killed, attempts = random.Random(20251010), 0, 0
    while killed < KILLS:
        attempts += 1
        assert attempts < 4 * KILLS, "most refreshes were over before they were killed"
        with scene.copy(tmp_path / str(attempts)) as settings:
            process = started(refresh, settings)
            process.join(chance.uniform(0, whole))
            process.kill()
            process.join()
            if process.exitcode == -signal.SIGKILL:
                killed += 1
                scene.check_as_published(settings)
                scene.check_completes(settings)


def test_killed_before_every_step(scene: Scene, tmp_path: Path) -> None:
    for step in range(1, MOST_STEPS):
        with scene.copy(tmp_path / str(step)) as settings:
            process = started(refresh, settings, step)
            process.join()
            scene.check_as_published(settings)
            if process.exitcode == 0:
                break
            assert process.exitcode == -signal.SIGKILL
            scene.check_completes(settings)
    assert 20 < step < MOST_STEPS - 1


def test_the_lock_and_the_workers_die_with_the_refresh(scene: Scene, tmp_path: Path) -> None:
    with scene.copy(tmp_path / "data") as settings, ExitStack() as handles:
        told, telling = FORKS.Pipe(duplex=False)
        process = started(die_beside_workers, settings, telling)
        workers, ended = told.recv(), []
        assert workers
        for worker in workers:
            # One that ends so soon that it cannot be taken hold of has ended.
            with suppress(ProcessLookupError):
                ended.append(handles.enter_context(handle_of(worker)))
        process.join()
        assert process.exitcode == -signal.SIGKILL
        with exclusive(settings.warehouse_dir):
            pass
        assert all(has_ended(handle) for handle in ended)
        scene.check_completes(settings)


def test_a_lock_file_somebody_left_behind_stops_nobody(scene: Scene, tmp_path: Path) -> None:
    with scene.copy(tmp_path / "data") as settings:
        (settings.warehouse_dir / "refresh.lock").write_text("pid 1")
        scene.check_completes(settings)
