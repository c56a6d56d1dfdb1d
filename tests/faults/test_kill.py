"""kill -9 at any moment of a refresh: what is published stays whole, and the next refresh makes up for it."""

from __future__ import annotations

import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from tests.faults.victim import FORKS, Scene, count_steps, ended, refresh, started

KILLS = 200
AT_ONCE = 2
"""Scenes played beside each other: each is one process that waits a lot."""


def seconds_of_a_refresh(scene: Scene, folder: Path) -> float:
    """How long a refresh in a process takes that nobody disturbs, beside others as busy; the first starts the server
    of processes."""

    def one(name: str) -> float:
        with scene.copy(folder / name) as settings:
            began = time.perf_counter()
            assert ended(started(refresh, settings)) == 0
        return time.perf_counter() - began

    one("first")
    with ThreadPoolExecutor(AT_ONCE) as beside:
        return max(beside.map(one, map(str, range(AT_ONCE))))


def test_killed_at_random_moments(scene: Scene, tmp_path: Path) -> None:
    whole, chance = seconds_of_a_refresh(scene, tmp_path), random.Random(20251010)
    moments = [chance.uniform(0, whole) for _ in range(4 * KILLS)]
    kills, enough = count(), threading.Event()

    def kill(attempt: int) -> str | None:
        """Kill one refresh at its moment; returns what was published by then, None where it was over already."""
        if enough.is_set():
            return None
        with scene.copy(tmp_path / f"kill-{attempt}") as settings:
            process = started(refresh, settings)
            ended(process, moments[attempt])
            process.kill()
            if ended(process) != -signal.SIGKILL:
                return None
            published = scene.check_as_published(settings)
            scene.check_completes(settings)
            if next(kills) + 1 >= KILLS:
                enough.set()
            return published

    with ThreadPoolExecutor(AT_ONCE) as beside:
        published = [found for found in beside.map(kill, range(len(moments))) if found]
    assert len(published) >= KILLS, "most refreshes were over before they were killed"
    assert published.count(scene.content_before) > KILLS // 2


def test_killed_before_every_step(scene: Scene, tmp_path: Path) -> None:
    told, telling = FORKS.Pipe(duplex=False)
    with scene.copy(tmp_path / "counted") as settings:
        assert ended(started(count_steps, settings, telling)) == 0
    steps = told.recv()
    assert steps > 20

    def kill(step: int) -> None:
        with scene.copy(tmp_path / f"step-{step}") as settings:
            assert ended(started(refresh, settings, step)) == -signal.SIGKILL
            scene.check_as_published(settings)
            scene.check_completes(settings)

    with ThreadPoolExecutor(AT_ONCE) as beside:
        list(beside.map(kill, range(1, steps + 1)))
