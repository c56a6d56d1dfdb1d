"""Keep what venues say only once: their live liquidation feeds, by WebSocket, into segments that a refresh loads.

Each feed has a connection, a folder below the inbox and a lock of its own. Whatever breaks, the moment until which
everything was heard is noted, the connection is made again, and the time between is a gap in the record, never silence.
What counts as heard is proven by delivery: a line that is connected and says nothing proves nothing.
Messages are written before the next one is read: when the disk is slow, the venue's buffer fills and not our memory.
"""

from __future__ import annotations

import asyncio
import math
import random
import signal
import zlib
from collections.abc import Awaitable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from pipelines.config import Settings
from pipelines.generations.draft import Busy, exclusive
from pipelines.recording import segments
from pipelines.recording.segments import Say, Tape
from pipelines.recording.streams import Answer, Denied, Heard, StreamModule
from pipelines.refreshing.fetch_failed import FetchFailed
from pipelines.refreshing.http import Client
from pipelines.source import Request, fault_in, next_page

LONGEST_PAUSE = 60.0
LARGEST_MESSAGE = 2 << 20
"""Packed and unpacked: it bounds what one message takes of the time of the other feeds."""
LARGEST_LIST = 8 << 20
"""Of a page of a venue's list of contracts, and of the whole of it."""
LONG_MESSAGE = 1 << 16
LONGEST_WORDS = 300
OPEN_SECONDS, CLOSE_SECONDS = 15, 5
GZIP = zlib.MAX_WBITS | 16


class NotListening(RuntimeError):
    """A connection that cannot be used: what was asked for is refused, or the line delivers nothing."""


class Rejected(NotListening):
    """The venue refuses what was asked for, in words of its own."""


class Direct(connect):
    """A connection to the venue itself: a redirect to somewhere else is a failure."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


@dataclass
class Pace:
    """How often things happen, in seconds and bytes."""

    beat: float = 20
    """Between two signs of life to the venue; what was received is on the disk as often."""
    segment: float = 600
    segment_bytes: int = 32 << 20
    listing: float = 3600
    """After which the venue's list of contracts is asked for again."""


async def record(settings: Settings, streams: Iterable[StreamModule], say: Say, pace: Pace | None = None) -> None:
    """Record these feeds until SIGTERM or SIGINT. A feed that another process records already is left to it."""

    def tell(words: str) -> None:
        # That nobody can read it is no reason to stop.
        with suppress(OSError, ValueError):
            say(words)

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        for stream in streams:
            group.create_task(_keep(settings, stream, tell, pace or Pace(), stop))


async def _keep(settings: Settings, stream: StreamModule, say: Say, pace: Pace, stop: asyncio.Event) -> None:
    """Record one feed. Whatever happens to it is said and tried again: it is no matter of the other feeds."""
    name = stream.STREAM.source.id

    def tell(words: str) -> None:
        say(f"{name}: {words}")

    while not stop.is_set():
        try:
            with exclusive(settings.inbox_dir / name, "recorder.lock"):
                tape = Tape(settings.inbox_dir / name, say=tell)
                await Recorder(stream, settings, tape, tell, pace, stop).run()
        except Busy:
            tell("another process records this feed already; it is left to it.")
            return
        except Exception as error:
            tell(f"cannot be recorded now ({_named(error)}); the other feeds go on, and it is tried again in a minute")
            await _soon(stop.wait(), LONGEST_PAUSE)


@dataclass
class Recorder:
    """One feed."""

    stream: StreamModule
    settings: Settings
    tape: Tape
    say: Say
    pace: Pace
    stop: asyncio.Event
    _asked: set[str] = field(default_factory=set)
    """What is subscribed to on this connection."""
    _unconfirmed: int = 0
    _listing: list[bytes] = field(default_factory=list)
    _listed: float = -math.inf
    _delivered: float = 0
    """When the line last delivered something since everything is confirmed; before, when it was connected."""
    _ended: list[Path] = field(default_factory=list)
    _packing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Connect, listen, and connect again, until stopped."""
        pause = 1.0
        try:
            while not self.stop.is_set():
                began = self._now()
                why, details = await self._connection()
                if self.stop.is_set():
                    break
                self.tape.lose(why)
                self.say(f"not listening: {details}")
                pause = 1.0 if self._now() - began > LONGEST_PAUSE else min(2 * pause, LONGEST_PAUSE)
                await _soon(self.stop.wait(), pause * random.uniform(0.5, 1) * self.settings.backoff_seconds)
        finally:
            await self._end()

    async def _end(self) -> None:
        try:
            self._pack(self.tape.close())
            await self._packed()
            self.say("stopped; what was recorded waits for the next refresh")
        except OSError as error:
            self.say(f"stopped; the last segment could not be closed ({error}) and will be when it is recorded again")

    async def _connection(self) -> tuple[str, str]:
        """Listen on one connection until it ends; returns why it ended, and the same with the venue's own words."""
        why = details = "stopped"
        try:
            await self._cut_if_due()
            await self._renew_list()
            async with (
                Direct(
                    self._address(),
                    additional_headers=self.stream.STREAM.headers,
                    max_size=LARGEST_MESSAGE,
                    open_timeout=OPEN_SECONDS,
                    close_timeout=CLOSE_SECONDS,
                    ping_interval=None,
                ) as socket,
                asyncio.TaskGroup() as group,
            ):
                beside = [group.create_task(self._beat(socket)), group.create_task(self._leave(socket))]
                why = details = await self._listen(socket)
                for task in beside:
                    task.cancel()
        except* Exception as failures:
            # Also what a stream's own code raises where a venue says what it never said before.
            errors = list(_each(failures))
            why, details = ("; ".join(map(words, errors)) for words in (_reason, _named))
        return why, details

    async def _listen(self, socket: ClientConnection) -> str:
        """Keep every message until the connection ends. Raises NotListening."""
        self._asked, self._unconfirmed, self._delivered = set(), 0, self._now()
        await self._subscribe(socket)
        try:
            while True:
                message = await self._next(socket)
                match self.stream.heard(message):
                    case Heard.KEPT:
                        # What no reader can take apart would make its whole segment unreadable.
                        orjson.loads(message)
                        self._deliver()
                        self.tape.message(message)
                        if self.tape.size > self.pace.segment_bytes:
                            await self._cut()
                    case Heard.CONTROL:
                        self._deliver()
                    case Heard.CONFIRMED:
                        self._unconfirmed -= 1
                    case Answer(text):
                        with suppress(ConnectionClosed):
                            await socket.send(text)
                    case Denied(why):
                        raise Rejected(why)
                if len(message) > LONG_MESSAGE:
                    # Another may wait already: first it is the other feeds' turn.
                    await asyncio.sleep(0)
        except ConnectionClosed as closed:
            return f"the connection ended ({f'code {closed.rcvd.code}' if closed.rcvd else 'without a goodbye'})"

    async def _next(self, socket: ClientConnection) -> bytes:
        """The next message. Raises NotListening where the line delivers nothing for longer than it is ever quiet."""
        silence = self.stream.STREAM.silence
        try:
            async with asyncio.timeout_at(self._delivered + silence):
                message = await socket.recv(decode=False)
        except TimeoutError:
            what = "the subscription was not confirmed" if self._unconfirmed > 0 else "the line delivered nothing"
            raise NotListening(f"{what} for {silence:g} s") from None
        return _plain(message) if self.stream.STREAM.packed else message

    async def _subscribe(self, socket: ClientConnection) -> None:
        """Ask for every topic that is not asked for yet."""
        wanted = [topic for topic in self.stream.topics(self._listing) if topic not in self._asked]
        messages = self.stream.subscribe(wanted)
        self._asked.update(wanted)
        self._unconfirmed += len(messages)
        for message in messages:
            await socket.send(message)

    def _deliver(self) -> None:
        """The line has delivered something: it is listened to, once everything that was asked for is confirmed."""
        if self._unconfirmed > 0:
            return
        self._delivered = self._now()
        if self.tape.listening:
            self.tape.prove()
        else:
            self.tape.begin()
            self.say("listening")

    async def _beat(self, socket: ClientConnection) -> None:
        """Tell the venue now and then that somebody listens, sync, and cut segments by the clock."""
        # A connection that ends is for `_listen` to find out: messages that arrived before may still wait to be kept.
        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(self.pace.beat)
                if self.stream.STREAM.ping:
                    await socket.send(self.stream.STREAM.ping)
                await asyncio.to_thread(self.tape.sync)
                if await self._cut_if_due():
                    await self._subscribe(socket)

    async def _leave(self, socket: ClientConnection) -> None:
        """Hang up when stopped: the messages that are on their way still arrive."""
        await self.stop.wait()
        await socket.close()

    async def _cut_if_due(self) -> bool:
        """Go on in another segment when this one is old, with a fresh list of contracts when that is old too."""
        due = self.tape.started and self.tape.clock() - self.tape.started > self.pace.segment * 1_000_000
        if due:
            try:
                await self._renew_list()
            except Exception as failure:
                self.say(f"goes on with the list of contracts it has: {_named(failure)}")
            await self._cut()
        return bool(due)

    async def _cut(self) -> None:
        """Go on in another segment. Waits for the one before to be packed: a slow disk slows the reading."""
        await self._packed()
        self._pack(self.tape.cut())

    def _pack(self, ended: Path | None) -> None:
        self._ended += [ended] if ended else []
        self._packing = asyncio.create_task(asyncio.to_thread(self._pack_ended))

    def _pack_ended(self) -> None:
        while self._ended:
            segments.pack(self._ended[0])
            self._ended.pop(0)

    async def _packed(self) -> None:
        """Wait for what is being packed. What cannot be packed is tried again with the next one."""
        if self._packing:
            try:
                await self._packing
            except Exception as error:
                self.say(f"a segment waits to be packed: {_named(error)}")

    async def _renew_list(self) -> None:
        """Ask for the venue's list of contracts, where the stream needs one and the last is old. Raises FetchFailed."""
        if self.stream.STREAM.listing and self._now() - self._listed > self.pace.listing:
            listing = await asyncio.to_thread(self._fetched_list, self.stream.STREAM.listing)
            # A list that cannot be read is not kept: it would make the segments that name it unreadable.
            self.stream.topics(listing)
            self.stream.reader(listing)
            await asyncio.to_thread(self.tape.keep_list, listing)
            self._listing, self._listed = listing, self._now()

    def _fetched_list(self, request: Request) -> list[bytes]:
        """The pages of the list, over HTTP from where the stream comes from."""
        base = self._base and self._base.replace("ws", "http", 1)
        source = replace(self.stream.STREAM.source, max_bytes=LARGEST_LIST)
        client = Client(source, self.tape.folder / "partial", base, sleep=_not_now)
        pages: list[bytes] = []
        following: Request | None = request
        while following:
            reply = client.get(following)
            pages.append(reply.path.read_bytes())
            reply.path.unlink()
            if fault := fault_in(self.stream, pages[-1]):
                raise FetchFailed(f"{reply.url}: {fault.message}")
            if sum(map(len, pages)) > LARGEST_LIST:
                raise FetchFailed(f"the list of contracts has more than {LARGEST_LIST:,} bytes")
            following = next_page(self.stream, pages[-1], following)
        return pages

    @property
    def _base(self) -> str | None:
        """A mirror in place of the venue: CRASHDAY_URL_STREAM_<VENUE>=ws://…"""
        return self.settings.url.get(f"stream_{self.stream.STREAM.venue}")

    def _address(self) -> str:
        there, here = urlsplit(self.stream.STREAM.url), urlsplit(self._base or self.stream.STREAM.url)
        return urlunsplit((here.scheme, here.netloc, there.path, there.query, ""))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


async def _soon(event: Awaitable[object], seconds: float) -> bool:
    """Whether it happens in time."""
    try:
        # Not wait_for: in Python 3.11 it swallows a cancellation that comes together with the event.
        async with asyncio.timeout(seconds):
            await event
    except TimeoutError:
        return False
    return True


def _not_now(_: float) -> None:
    """In place of a pause before the next try: the connection is tried again as a whole, and may be stopped
    meanwhile."""
    raise FetchFailed("the venue does not give its list of contracts now")


def _plain(message: bytes) -> bytes:
    """The text of a gzip message. Raises NotListening, where it has more than one may have before it is unpacked."""
    inflating = zlib.decompressobj(GZIP)
    try:
        text = inflating.decompress(message, LARGEST_MESSAGE)
    except zlib.error as error:
        raise NotListening(f"a message cannot be unpacked ({error})") from None
    if not inflating.eof:
        raise NotListening(f"a message was cut off, or has more than {LARGEST_MESSAGE:,} bytes")
    return text


def _reason(error: BaseException) -> str:
    """What is published of a failure: words of our own, and nothing that a venue sent."""
    match error:
        case Rejected():
            return "the venue refuses what was asked for"
        case NotListening():
            return str(error)
        case FetchFailed():
            return "the venue's list of contracts cannot be had"
        case OSError() | WebSocketException():
            return f"no connection ({type(error).__name__})"
        case _:
            return f"something that cannot be read ({type(error).__name__})"


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")[:LONGEST_WORDS]


def _each(failures: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for failure in failures.exceptions:
        yield from _each(failure) if isinstance(failure, BaseExceptionGroup) else (failure,)
