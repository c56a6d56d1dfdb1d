"""How many pages run at once. All at once, nobody gets one before the last is done,
and the server itself is not heard."""

from __future__ import annotations

import gc
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

AT_ONCE = 3
COLLECT_EVERY = 10
"""Garbage: Streamlit would collect it after every page, and Python whenever it likes,
together for almost half of all work."""

P = ParamSpec("P")
R = TypeVar("R")


class Turns:
    """A number of places, handed on in the order in which they were asked for."""

    def __init__(self, places: int) -> None:
        self._guard = threading.Lock()
        self._free = places
        self._waiting: deque[threading.Event] = deque()
        self._of_this_thread = threading.local()
        self._ended = 0
        self.after_each: Callable[[], None] = lambda: None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a place and hold it; a thread that holds one already (a fragment inside its page) goes on with
        that."""
        if getattr(self._of_this_thread, "held", False):
            yield
            return
        with self._guard:
            called = threading.Event()
            if self._free:
                self._free -= 1
                called.set()
            else:
                self._waiting.append(called)
        called.wait()
        self._of_this_thread.held = True
        try:
            yield
        finally:
            self._of_this_thread.held = False
            with self._guard:
                if self._waiting:
                    self._waiting.popleft().set()
                else:
                    self._free += 1
                self._ended += 1
                due = self._ended % COLLECT_EVERY == 0
            self.after_each()
            if due:
                gc.collect()

    def bounded(self, work: Callable[P, R]) -> Callable[P, R]:
        """The same work, done when it has its turn."""

        @wraps(work)
        def in_turn(*arguments: P.args, **named: P.kwargs) -> R:
            with self.turn():
                return work(*arguments, **named)

        return in_turn


TURNS = Turns(AT_ONCE)
