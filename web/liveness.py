"""Whether pages still run: asked by a visit of our own, and acted upon by a guard outside this process."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from streamlit import runtime
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.session_manager import SessionClient

from web.turns import Turns

GUARD = Path(__file__).with_name("guard.py")
EVERY = 20.0
SILENCE = 90.0
STOP = 10.0
PAGE_HAS_RUN = b"\0"


class Guard:
    """The process that ends this one when no page has run for long, or when it does not stop though it was asked to."""

    def __init__(self, silence: float, stop: float) -> None:
        reads, self._writes = os.pipe()
        os.set_blocking(self._writes, False)
        self._process = subprocess.Popen([sys.executable, "-IS", str(GUARD), str(silence), str(stop)], stdin=reads)
        os.close(reads)
        faulthandler.enable()  # on the guard's SIGABRT the stacks of all threads are written, also when all stand still
        signal.set_wakeup_fd(self._writes, warn_on_full_buffer=False)

    def page_has_run(self) -> None:
        with suppress(OSError):
            os.write(self._writes, PAGE_HAS_RUN)


class Visitor(SessionClient):
    """Somebody who looks at the first page and reads only whether it has run to its end."""

    def __init__(self) -> None:
        self.has_seen_it = asyncio.Event()

    def write_forward_msg(self, msg: ForwardMsg) -> None:
        if msg.WhichOneof("type") == "script_finished":
            self.has_seen_it.set()


async def visit(patience: float) -> None:
    """Run the first page in a session as any reader's. Raises TimeoutError where that takes longer."""
    visitor, server = Visitor(), runtime.get_instance()
    session = server.connect_session(visitor, user_info={})
    try:
        server.handle_backmsg(session, BackMsg(rerun_script=ClientState()))
        await asyncio.wait_for(visitor.has_seen_it.wait(), patience)
    finally:
        server.close_session(session)


@asynccontextmanager
async def guarded(
    turns: Turns, every: float = EVERY, silence: float = SILENCE, stop: float = STOP
) -> AsyncIterator[None]:
    """Pages run, also where there is no reader, or the process ends after this silence; asked to stop,
    it ends within `stop`."""
    turns.after_each = Guard(silence, stop).page_has_run
    visits = asyncio.create_task(_visits(every))
    try:
        yield
    finally:
        visits.cancel()


async def _visits(every: float) -> None:
    while True:
        await asyncio.sleep(every)  # at first too: what a fresh server has yet to build is shown to its first reader
        with suppress(TimeoutError):  # a busy server is alive: the guard counts the pages of all readers
            await visit(EVERY)
