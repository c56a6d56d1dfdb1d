"""Refreshes in processes that may be killed, and what must hold of the data folder they leave behind."""

from __future__ import annotations

import multiprocessing
import os
import select
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import duckdb

from benchmarks.tape import agg_trades, zipped
from pipelines.config import Settings
from pipelines.generations.draft import content_hash_of, current, is_whole
from pipelines.refreshing.snapshots import Store
from pipelines.sources.common import binance
from tests.pipelines.sources_kit import ask, run
from tests.replay.server import Route

SOURCE = "binance_trades"
SPAN = ask("2025-10-10T00:00Z", "2025-10-12T00:00Z", "BTC/USDT:USDT")
STEPS = {"os.rename", "os.remove", "os.mkdir", "os.truncate", "shutil.copyfile"}
"""What Python tells an audit hook before a file changes its name, goes, or comes."""

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])
ONE_AT_A_TIME = threading.Lock()
"""`start` and `join` collect the exit codes of all children: of two threads that read one code, one is told 255."""


def tape() -> list[Route]:
    """Two days of trades, as the archive serves them."""
    routes = []
    for day in (10, 11):
        one = binance.archive("aggTrades", "BTC/USDT:USDT", date(2025, 10, day))
        body, checksum = zipped(agg_trades(800, date(2025, 10, day)), one.facts["file"].removesuffix(".zip"))
        for request, content in zip(one.requests, (body, checksum), strict=True):
            routes.append(Route(request.url.removeprefix(binance.BASE), content))
    return routes


def refresh(settings: Settings, die_at: int | None = None) -> None:
    """One refresh of both days; with `die_at`, dead by kill -9 before that step (a change to a file, or a sync)."""
    if die_at is not None:
        _die_at(die_at, settings.data_dir)
    outcome = run(settings, SOURCE, SPAN)
    assert outcome.error is None, outcome.error


def count_steps(settings: Settings, told: Connection) -> None:
    """One undisturbed refresh; tells how many steps it has."""
    counted: list[int] = []
    _at_every_step(lambda: counted.append(1), settings.data_dir)
    refresh(settings)
    told.send(len(counted))


def children_of(process: int) -> list[int]:
    return [
        int(child)
        for thread in Path(f"/proc/{process}/task").iterdir()
        for child in (thread / "children").read_text().split()
    ]


@contextmanager
def handle_of(process: int) -> Iterator[int]:
    """A handle that becomes readable when that process, a child or not, has ended."""
    handle = os.pidfd_open(process)
    try:
        yield handle
    finally:
        os.close(handle)


def has_ended(handle: int) -> bool:
    return bool(select.select([handle], [], [], 60)[0])


def _die_at(step: int, data_dir: Path) -> None:
    left = [step]

    def die_when_it_comes() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    _at_every_step(die_when_it_comes, data_dir)


def _at_every_step(act: Callable[[], None], data_dir: Path) -> None:
    """Act before every change to a file in this folder, and before every sync."""
    sync = os.fsync

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if (writes and str(arguments[0]).startswith(str(data_dir))) or event in STEPS:
            act()

    def fsync(handle: int) -> None:
        act()
        sync(handle)

    os.fsync = fsync
    sys.addaudithook(hook)


def started(work: Callable[..., None], *arguments: object) -> BaseProcess:
    """Work in a process of its own that has its imports done."""
    process = FORKS.Process(target=work, args=arguments)
    with ONE_AT_A_TIME:
        process.start()
    return process


def ended(process: BaseProcess, timeout: float | None = None) -> int | None:
    """The exit code of a process, as soon as it has one; None where it still runs after `timeout` seconds."""
    wait([process.sentinel], timeout)
    with ONE_AT_A_TIME:
        process.join(0)
        return process.exitcode


@dataclass
class Scene:
    """A data folder before a refresh, and what the warehouse holds after one that nobody disturbs."""

    before: Path
    settings: Callable[[Path], Settings]
    content_before: str
    content_after: str

    @contextmanager
    def copy(self, folder: Path) -> Iterator[Settings]:
        """A fresh copy of the data folder, for one refresh; generations are linked, since nobody may write them."""
        shutil.copytree(self.before, folder, copy_function=_linked)
        yield self.settings(folder)
        shutil.rmtree(folder)

    def check_as_published(self, settings: Settings) -> str:
        """The published generation opens and is what was published: returns its content hash."""
        published = current(settings.warehouse_dir)
        assert published is not None and is_whole(settings.warehouse_dir, published)
        with duckdb.connect(str(settings.warehouse_dir / published.file), read_only=True) as connection:
            assert content_hash_of(connection) == published.content_hash
        assert published.content_hash in (self.content_before, self.content_after)
        return published.content_hash

    def check_completes(self, settings: Settings) -> None:
        """The next refresh works, equals an undisturbed one, and leaves nothing lying about."""
        refresh(settings)
        assert self.check_as_published(settings) == self.content_after
        assert len(Store(settings.snapshot_dir).entries) == 2
        litter = [
            path for path in settings.data_dir.rglob("*") if path.name.startswith("building-") or ".tmp" in path.name
        ]
        assert litter == []


def _linked(source: str, target: str) -> None:
    same_disk = os.stat(source).st_dev == os.stat(Path(target).parent).st_dev
    if source.endswith(".duckdb") and same_disk:
        os.link(source, target)
    else:
        shutil.copy2(source, target)
