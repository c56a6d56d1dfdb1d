"""From stored bytes to rows, in this process or in others; workers import this room and one source, no more."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import polars as pl

from pipelines.children import die_with_parent
from pipelines.snapshots import Damaged, Entry, bodies
from pipelines.source import CheckFailed, Frames, Refused, named

WORKERS = max(1, len(os.sched_getaffinity(0)))

Found = Frames | str
"""A piece's rows, or why there are none: words, since an exception may not survive the way back from a worker process."""


def read(source: str, entry: Entry, folder: Path, stored: bool) -> Found:
    """The canonical rows of a stored piece, checked; or why there are none."""
    module = named(source)
    try:
        frames = module.parse(bodies(folder, entry, prove=stored), entry.piece)
        module.check(frames, entry.piece)
    except (Refused, CheckFailed, Damaged) as error:
        return f"{error} Nothing of it was loaded; the next refresh fetches it again."
    except (LookupError, TypeError, ValueError, ArithmeticError, pl.exceptions.PolarsError) as error:
        return f"the bytes are not as this source has known them ({type(error).__name__}: {error}). Its format may have changed: pipelines/sources/{source}.py needs a look. Nothing of it was loaded."
    return frames


class Workers:
    """Threads and processes that parse heavy pieces beside each other. The first piece is parsed here: starting a process takes as long."""

    def __enter__(self) -> Workers:
        self._here: ThreadPoolExecutor | None = None
        self._pool: ProcessPoolExecutor | None = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._here:
            self._here.shutdown(cancel_futures=True)
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
            os.environ.pop("POLARS_MAX_THREADS")

    def submit(self, source: str, entry: Entry, folder: Path, stored: bool) -> Callable[[], Found]:
        pool: Executor
        if self._here is None:
            pool = self._here = ThreadPoolExecutor(1)
        elif self._pool is None:
            # Spawned, not forked: a fork would inherit the refresh lock and hold it after the parent's death.
            os.environ["POLARS_MAX_THREADS"] = "1"
            pool = self._pool = ProcessPoolExecutor(
                WORKERS, get_context("spawn"), initializer=die_with_parent, initargs=(os.getpid(),)
            )
        else:
            pool = self._pool
        return pool.submit(read, source, entry, folder, stored).result
