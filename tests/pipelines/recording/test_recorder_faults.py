"""Nothing a venue says and nothing that lies in a feed's folder stops the other feeds, or the process."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import signal
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import orjson
import pytest
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from pipelines.config import Settings
from pipelines.recording import failures, messages, recorder, segments
from pipelines.recording.recorder import Pace
from pipelines.recording.streams import binance, bybit
from tests.pipelines.recorder_kit import MOMENT, VENUES, Hurried, Played, kept, ran
from tests.replay.websocket import Feed, played

DEADLINE = 60
"""Seconds: reached only by a recorder that stopped listening."""
DEEP = "[" * 200_000 + "]" * 200_000
TEXTS = {
    "nested 200,000 deep": DEEP,
    "an object nested 100,000 deep": '{"op":' * 100_000 + "1" + "}" * 100_000,
    "a number of 100,000 digits": "1" * 100_000,
    "null": "null",
    "a list": "[]",
    "a number": "1",
    "an object without a field": "{}",
    "fields of other types": '{"op":["notify"],"topic":7,"data":{},"channel":[],"event":0}',
    "half a message": '{"op":"notify","topic":"public.*.liquidation_orders","data":[{"pri',
    "no JSON": "<html>502 Bad Gateway</html>",
    "nothing": "",
    "NUL": "\0" * 100,
    "a lone surrogate in a refusal": '{"op":"subscribe","ret_msg":"\\ud800"}',
    "a lone surrogate in a refusal of HTX": '{"op":"error","err-code":1,"err-msg":"\\ud800"}',
    "a refusal of a megabyte": '{"op":"subscribe","ret_msg":"%s"}' % ("x" * 1_000_000),
    "more than a message may have": '{"op":"x","data":"%s"}' % (" " * messages.LARGEST_MESSAGE),
    "no memory": "no memory",
}
RAW: dict[str, str | bytes] = {
    "no gzip": b"hello there",
    "half a gzip": gzip.compress(b'{"op":"notify"}' * 99)[:-9],
    "a gzip with a wrong sum": gzip.compress(b"{}")[:-8] + b"12345678",
    "a gzip of 64 MB": gzip.compress(b" " * (64 << 20), 9),
}
PLACES = ("before it is confirmed", "before it delivers", "first of all", "between two", "last of all")


def faults(venue: Played) -> dict[str, str | bytes]:
    """Everything wrong this venue may send."""
    packed = venue.stream.STREAM.packed
    texts = {name: gzip.compress(text.encode()) if packed else text for name, text in TEXTS.items()}
    good = json.dumps(venue.message(0))
    kept = {
        "a liquidation that is no UTF-8": good.encode().replace(b"1", b"\xff\xfe"),
        "a liquidation with a lone surrogate": good.replace('"data"', '"a":"\\ud800","data"').encode(),
        "a liquidation nested 200,000 deep": good.replace('"data"', f'"a":{DEEP},"data"').encode(),
    }
    return (
        texts | {name: gzip.compress(body) if packed else body for name, body in kept.items()} | (RAW if packed else {})
    )


@dataclass
class Scripted(Feed):
    """A venue that says something else on each connection, and hangs up."""

    scripts: list[list[str | bytes]] = field(default_factory=list)
    before: list[bool] = field(default_factory=list)
    """Whether the first word of a script comes before the confirmations."""
    turn: list[threading.Semaphore] = field(default_factory=list)
    """Released at the end of every script: the other venues go on beside it."""

    async def play(self, connection: ServerConnection) -> None:
        number, self.connections = self.connections, self.connections + 1
        if number >= len(self.scripts):
            await connection.wait_closed()
            return
        with suppress(ConnectionClosed):
            script = list(self.scripts[number])
            if self.before[number]:
                await connection.send(script.pop(0))
            for _ in range(self.asked):
                await self._answer(connection)
            for message in script:
                await connection.send(message)
        await connection.close()
        for other in self.turn:
            other.release()


@dataclass
class InTurn(Sequence[str | bytes]):
    """Numbered messages of a venue, each said when it is its turn."""

    venue: Played
    count: int
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> str | bytes:  # type: ignore[override]
        if isinstance(number, slice):
            return []
        assert self.turn.acquire(timeout=60)
        return self.venue.said(self.venue.message(number))


def scripts(venue: Played) -> Iterator[tuple[str, list[str | bytes], bool, int]]:
    """Every fault at every place: what it is, the script, whether it begins before the confirmations, what is kept."""
    control, good = venue.said(venue.control), [venue.said(venue.message(number)) for number in range(3)]
    for name, fault in faults(venue).items():
        for place, where in zip((0, 0, 1, 2, 4), PLACES, strict=True):
            script = [control, *good]
            script.insert(place, fault)
            yield f"{name}, {where}", script, where == PLACES[0], max(0, place - 1)


def recorded(settings: Settings, venues: list[Played], said: list[str], until: Callable[[], bool]) -> None:
    """The recorder of these venues in this process, from its start until it is told to stop."""

    async def run() -> None:
        async def watch() -> None:
            try:
                async with asyncio.timeout(DEADLINE):
                    while not until():
                        await asyncio.sleep(0)
            finally:
                signal.raise_signal(signal.SIGTERM)

        watching = asyncio.create_task(watch())
        await recorder.record(settings, [venue.stream for venue in venues], said.append)
        await watching

    with asyncio.Runner(loop_factory=Hurried) as runner:
        runner.run(run())


def settings_of(data_dir: Path, feeds: dict[str, Feed]) -> Settings:
    return Settings(
        data_dir=data_dir, url={f"stream_{venue}": feed.base for venue, feed in feeds.items()}, backoff_seconds=0.0
    )


def times(folder: Path) -> list[int]:
    """The numbers of the liquidations kept."""
    text = " ".join(text for _, mark, text in kept(folder) if mark == "m")
    return [int(number) - MOMENT for number in re.findall(rf"\b{str(MOMENT)[:9]}\d{{4}}\b", text)]


@contextmanager
def beside_each_other(
    victim: Played, others: dict[str, Played], scripted: list[tuple[str, list[str | bytes], bool, int]]
) -> Iterator[dict[str, Feed]]:
    """The feeds of all venues: the victim plays its scripts, and after each the others say one message."""
    _, played_scripts, before, _ = zip(*scripted, strict=True)
    turns = {venue: InTurn(one, len(scripted)) for venue, one in others.items()}
    with ExitStack() as stack:
        feeds: dict[str, Feed] = {}
        for venue, one in others.items():
            feed = one.feed()
            feed.messages = turns[venue]
            feeds[venue] = stack.enter_context(played(feed))
        bad = Scripted(
            [],
            confirm=victim.confirm(),
            asked=len(victim.confirmations),
            pages=victim.pages,
            scripts=list(played_scripts),
            before=list(before),
            turn=[one.turn for one in turns.values()],
        )
        feeds[victim.stream.STREAM.venue] = stack.enter_context(played(bad))
        for turn in turns.values():
            stack.callback(turn.turn.release, len(scripted))
        yield feeds


@pytest.mark.parametrize("name", ["htx", "bybit"])
def test_a_hundred_faults_of_one_feed_cost_the_others_no_message(tmp_path: Path, name: str) -> None:
    victim = VENUES[name]
    others = {venue: one for venue, one in VENUES.items() if venue != name}
    scripted = list(scripts(victim))
    assert len(scripted) >= 100
    heard = victim.stream.heard

    def out_of_memory(message: bytes) -> object:
        if message == b"no memory":
            raise MemoryError
        return heard(message)

    said: list[str] = []
    with patch.object(victim.stream, "heard", out_of_memory), beside_each_other(victim, others, scripted) as feeds:
        bad = feeds[name]
        recorded(
            settings_of(tmp_path, feeds),
            list(VENUES.values()),
            said,
            lambda: (
                bad.connections > len(scripted)
                and all(feed.played.is_set() for feed in feeds.values() if feed is not bad)
            ),
        )
    inbox = tmp_path / "inbox"
    for venue, one in others.items():
        folder = inbox / one.stream.STREAM.source.id
        assert len([mark for _, mark, _ in kept(folder) if mark == "m"]) == len(scripted), venue
        assert [mark for _, mark, _ in kept(folder) if mark in "bx"] == ["b", "x"], venue
    messages = [orjson.loads(text) for _, mark, text in kept(inbox / victim.stream.STREAM.source.id) if mark == "m"]
    assert len(messages) >= sum(good for *_, good in scripted)
    spoken = [words for words in said if words.startswith(f"recorded_{name}: not listening")]
    assert len(spoken) >= len(scripted)


def test_a_message_that_unpacks_to_gigabytes_is_given_up_at_the_ceiling() -> None:
    packing = zlib.compressobj(9, zlib.DEFLATED, messages.GZIP)
    bomb = b"".join(packing.compress(b"\0" * (1 << 20)) for _ in range(300)) + packing.flush()
    with pytest.raises(failures.NotListening, match=f"more than {messages.LARGEST_MESSAGE:,} bytes"):
        messages.inflated(bomb)


class Elsewhere(Feed):
    """A venue that sends its callers on to another address."""

    def page(self, connection: ServerConnection, request: Request) -> Response | None:
        return Response(302, "Found", Headers({"Location": self.pages["to"].decode(), "Content-Length": "0"}))


def test_what_a_venue_says_is_in_the_log_and_not_in_what_is_published(tmp_path: Path) -> None:
    one = VENUES["okx"]
    secret = one.said({"event": "error", "code": "1", "msg": "CRASHDAY_KEY=abc"})
    with played(one.feed(secret)) as feed:
        heard = ran(tmp_path, feed.base, one.stream, lambda said: len(said) >= 2)
    assert "CRASHDAY_KEY=abc" in heard.said[1]
    (reason, *_) = [text for _, mark, text in kept(heard.folder) if mark == "x"]
    assert reason == "the venue refuses what was asked for"


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with played(VENUES["binance"].feed()) as other, played(Elsewhere([], pages={"to": other.base.encode()})) as feed:
        heard = ran(tmp_path, feed.base, binance, bool)
    assert "not listening" in heard.said[0] and "302" in heard.said[0]
    assert other.connections == 0


@pytest.mark.parametrize("body", [b'{"retCode":0,"result":{}}', DEEP.encode(), b"[]", b"\0", b'{"retCode":0}'])
def test_a_list_of_contracts_that_cannot_be_read_is_not_kept(tmp_path: Path, body: bytes) -> None:
    with played(Feed([], pages={"/v5/market/instruments-info": body})) as feed:
        heard = ran(tmp_path, feed.base, bybit, bool)
    assert heard.said[0].startswith("not listening") and feed.connections == 0
    assert not list(heard.folder.glob(f"*{segments.LIST}"))


def test_what_was_received_is_put_on_the_disk_at_every_beat(tmp_path: Path) -> None:
    synced: list[int] = []
    with played(VENUES["binance"].feed()) as feed, patch("pipelines.recording.tape.os.fdatasync", synced.append):
        ran(tmp_path, feed.base, binance, lambda said: len(synced) > 2, Pace(beat=0.001))
    assert len(synced) > 2
