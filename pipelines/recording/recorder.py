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
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from pipelines.config import Settings
from pipelines.generations.draft import Busy, exclusive
from pipelines.recording.connection import connection
from pipelines.recording.failures import NotListening, Rejected, each_of, own_words, published_reason
from pipelines.recording.messages import contracts, inflated
from pipelines.recording.packing import Packer
from pipelines.recording.segments import Say
from pipelines.recording.streams import Answer, Denied, Heard, StreamModule
from pipelines.recording.tape import Tape

LONGEST_PAUSE = 60.0
"""Seconds between two connections that end at once; one that lasted longer begins with the shortest again."""
LONG_MESSAGE = 1 << 16
"""Bytes of a message after which it is the other feeds' turn."""


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
            tell(
                f"cannot be recorded now ({own_words(error)}); the other feeds go on, and it is tried again in a minute"
            )
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

    def __post_init__(self) -> None:
        self._packer = Packer(self.say)

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
            self._packer.begin(self.tape.close())
            await self._packer.done()
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
                connection(self.stream.STREAM, self._address()) as socket,
                asyncio.TaskGroup() as group,
            ):
                beside = [group.create_task(self._beat(socket)), group.create_task(self._leave(socket))]
                why = details = await self._listen(socket)
                for task in beside:
                    task.cancel()
        except* Exception as failures:
            # Also what a stream's own code raises where a venue says what it never said before.
            errors = list(each_of(failures))
            why, details = ("; ".join(map(words, errors)) for words in (published_reason, own_words))
        return why, details

    async def _listen(self, socket: ClientConnection) -> str:
        """Keep every message until the connection ends. Raises NotListening."""
        self._asked, self._unconfirmed, self._delivered = set(), 0, self._now()
        await self._subscribe(socket)
        try:
            while True:
                message = await self._next(socket)
                await self._take(message, socket)
                if len(message) > LONG_MESSAGE:
                    # Another may wait already: first it is the other feeds' turn.
                    await asyncio.sleep(0)
        except ConnectionClosed as closed:
            return f"the connection ended ({f'code {closed.rcvd.code}' if closed.rcvd else 'without a goodbye'})"

    async def _take(self, message: bytes, socket: ClientConnection) -> None:
        """Do what one message asks for. Raises NotListening."""
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

    async def _next(self, socket: ClientConnection) -> bytes:
        """The next message. Raises NotListening where the line delivers nothing for longer than it is ever quiet."""
        silence = self.stream.STREAM.silence
        try:
            async with asyncio.timeout_at(self._delivered + silence):
                message = await socket.recv(decode=False)
        except TimeoutError:
            what = "the subscription was not confirmed" if self._unconfirmed > 0 else "the line delivered nothing"
            raise NotListening(f"{what} for {silence:g} s") from None
        return inflated(message) if self.stream.STREAM.packed else message

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
                self.say(f"goes on with the list of contracts it has: {own_words(failure)}")
            await self._cut()
        return bool(due)

    async def _cut(self) -> None:
        """Go on in another segment. Waits for the one before to be packed: a slow disk slows the reading."""
        await self._packer.done()
        self._packer.begin(self.tape.cut())

    async def _renew_list(self) -> None:
        """Ask for the venue's list of contracts, where the stream needs one and the last is old. Raises FetchFailed."""
        if self.stream.STREAM.listing and self._now() - self._listed > self.pace.listing:
            listing = await asyncio.to_thread(
                contracts, self.stream, self.stream.STREAM.listing, self._base, self.tape.folder / "partial"
            )
            # A list that cannot be read is not kept: it would make the segments that name it unreadable.
            self.stream.topics(listing)
            self.stream.reader(listing)
            await asyncio.to_thread(self.tape.keep_list, listing)
            self._listing, self._listed = listing, self._now()

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
