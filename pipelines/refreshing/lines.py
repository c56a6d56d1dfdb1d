"""Connections that do not wait for ever: a socket's time-out is for each byte,
so one byte a second would hold it open."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Timer
from typing import Any

from requests.adapters import HTTPAdapter
from requests_ratelimiter import LimiterMixin
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

HEAD_SECONDS = 60.0
"""For the handshake, and again for the status and headers of an answer."""

for chatty in ("urllib3", "requests_ratelimiter"):
    # Their lines hold whole addresses, a mirror's with its token, and bytes that a server sent.
    logging.getLogger(chatty).propagate = False


class _Timed(HTTPConnection):
    """Hangs up where the head of an answer is not whole in time."""

    _line: socket.socket | None = None

    def connect(self) -> None:
        with self._in_time():
            super().connect()

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3 types it so itself
        with self._in_time():
            return super().getresponse()

    def close(self) -> None:
        if self._line:
            self._line.close()
            self._line = None
        super().close()

    def _new_conn(self) -> socket.socket:
        opened = super()._new_conn()
        # A second handle: the first one goes into the TLS socket, and cannot be hung up while that shakes hands.
        self._line = opened.dup()
        return opened

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Raises TimeoutError where it is not: headers that were cut would pass for whole ones."""
        late = Event()
        timer = Timer(HEAD_SECONDS, self._hang_up, (late,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            if late.is_set():
                raise TimeoutError

    def _hang_up(self, late: Event) -> None:
        late.set()
        if line := self._line:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


class _TimedTLS(_Timed, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Timed


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _TimedTLS


class Direct(HTTPAdapter):
    """Sends at once."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}


class Paced(LimiterMixin, Direct):  # type: ignore[misc]  # the mixin's `send` takes any arguments
    """Sends to each host at the pace it is made for."""
