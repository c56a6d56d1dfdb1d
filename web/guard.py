"""The process beside the server that ends it when it stands still: nothing inside such a process runs any more.

Its input is a pipe from the server: a zero byte for every page that has run, and the number of every signal the server
gets, which the interpreter writes even where no Python code can run. The end of the pipe is the end of the server.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

ASKED_TO_STOP = {signal.SIGINT, signal.SIGTERM}
TO_WRITE_ITS_STACKS = 10.0


def watch(server: int, silence: float, stop: float) -> None:
    """End the server after this many seconds without a page, or this many after it was asked to stop."""
    end, stopping = time.monotonic() + silence, False
    while _something_comes_before(end):
        heard = os.read(0, 4096)
        if not heard:
            return
        if not stopping:
            stopping = bool(ASKED_TO_STOP & set(heard))
            end = time.monotonic() + (stop if stopping else silence)
    if not stopping:
        print(
            f"No page has run for {silence:g} s. The server ends, and shows where it stood:",
            file=sys.stderr,
            flush=True,
        )
        _end(server, signal.SIGABRT)
        end = time.monotonic() + TO_WRITE_ITS_STACKS
        while _something_comes_before(end):
            if not os.read(0, 4096):
                return
    else:
        print(f"The server did not end within {stop:g} s of being asked to, and is ended.", file=sys.stderr, flush=True)
    _end(server, signal.SIGKILL)


def _something_comes_before(end: float) -> bool:
    return bool(select.select([0], [], [], max(0.0, end - time.monotonic()))[0])


def _end(server: int, how: signal.Signals) -> None:
    if os.getppid() == server:
        os.kill(server, how)


if __name__ == "__main__":
    for one in ASKED_TO_STOP:  # both reach the whole group of processes; the guard outlives the server
        signal.signal(one, signal.SIG_IGN)
    watch(os.getppid(), float(sys.argv[1]), float(sys.argv[2]))
