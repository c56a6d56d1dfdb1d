"""Whole tables are sent by a few threads, a few at a time: the others wait, and pages and health stay quick."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

HEAVY = 2
"""Heavy answers at a time."""
THREADS = 4
"""Threads for all answers of the API, so that light ones pass the heavy ones."""
PATIENCE = 20.0
"""Seconds a heavy answer waits for its turn."""

T = TypeVar("T")
_turns: RunVar[anyio.Semaphore] = RunVar("turns")
_threads: RunVar[anyio.CapacityLimiter] = RunVar("threads")


class Busy(Exception):
    """Nobody was done in time."""


@asynccontextmanager
async def turn() -> AsyncIterator[None]:
    """One of the turns of heavy answers, first come, first served. Raises Busy."""
    turns = _turns.get(None) or anyio.Semaphore(HEAVY)
    _turns.set(turns)
    with anyio.move_on_after(PATIENCE) as waiting:
        await turns.acquire()
    if waiting.cancelled_caught:
        raise Busy
    try:
        yield
    finally:
        turns.release()


async def aside(work: Callable[[], T]) -> T:
    """Do this in one of the API's threads."""
    threads = _threads.get(None) or anyio.CapacityLimiter(THREADS)
    _threads.set(threads)
    return await anyio.to_thread.run_sync(work, limiter=threads)
