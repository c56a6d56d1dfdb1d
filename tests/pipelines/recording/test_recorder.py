"""The recorder keeps what it receives, notes when it does not listen, and lets nothing grow."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload

from pipelines.config import ROOT, Settings
from pipelines.generations.draft import exclusive
from pipelines.recording import segments
from pipelines.recording.recorder import Pace, Recorder
from pipelines.recording.streams import binance, bybit, okx
from pipelines.recording.tape import Tape
from tests.pipelines.recorder_kit import CONFIRMED, VENUES, kept, listening, ran
from tests.replay.websocket import Feed, played

ORDER = (
    '{{"stream":"!forceOrder@arr","data":{{"e":"forceOrder","E":{0},"o":{{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC",'
    '"q":"0.014","p":"9910","ap":"9910.12","X":"FILLED","l":"0.014","z":"0.014","T":{0}}}}}}}'
)
MANY = 600_000
HUNG_UP = 60
FLAT_KILOBYTES = 30_000
CONTROL = VENUES["binance"].said(VENUES["binance"].control)


@dataclass
class Orders(Sequence[str]):
    """Force orders, numbered in `E`, made when they are asked for; `at` looks in at some of them."""

    count: int
    at: dict[int, Callable[[], None]] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.count

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(self.count))]
        if look := self.at.get(number):
            look()
        return ORDER.format(number)


@contextmanager
def recording(data_dir: Path, feed: Feed, *more: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m pipelines record --venue binance` against a played feed."""
    environment = {
        **os.environ,
        "CRASHDAY_DATA_DIR": str(data_dir),
        "CRASHDAY_URL_STREAM_BINANCE": feed.base,
        "CRASHDAY_BACKOFF_SECONDS": "0",
    }
    command = [sys.executable, "-m", "pipelines", "record", "--venue", "binance", *more]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def stopped(process: subprocess.Popen[str]) -> str:
    """What the recorder says when it is asked to stop, which must end well."""
    process.send_signal(signal.SIGTERM)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 0, words
    return words


def numbers(lines: list[tuple[int, str, str]]) -> list[int]:
    return [int(re.search(r'"E":(\d+)', text)[1]) for _, mark, text in lines if mark == "m"]


def kilobytes(process: int) -> int:
    """Memory of a process."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())[1])


def test_600_000_messages_are_each_kept_once_every_gap_is_noted_and_memory_stays_flat(tmp_path: Path) -> None:
    chance = random.Random(7)
    hang_ups = {chance.randrange(1, MANY): chance.choice(("close", "drop")) for _ in range(HUNG_UP)}
    memory: list[int] = []
    orders = Orders(MANY)
    with played(Feed(orders, hang_ups)) as feed, recording(tmp_path, feed) as process:
        orders.at = dict.fromkeys(range(50_000, MANY, 50_000), lambda: memory.append(kilobytes(process.pid)))
        # Nobody reads what it says until it stops: less than a pipe holds.
        feed.played.wait()
        stopped(process)
    lines = kept(tmp_path / "inbox" / "recorded_binance")
    assert numbers(lines) == list(range(MANY))
    lost = [text for _, mark, text in lines if mark == "x"]
    assert len(lost) == len(hang_ups) + 1 and lost[-1] == "the recorder was stopped"
    assert max(memory) - memory[0] < FLAT_KILOBYTES


def test_what_is_lost_when_a_line_breaks_lies_in_a_noted_gap(tmp_path: Path) -> None:
    hang_ups = {number * 400: "reset" for number in range(1, 10)}
    with played(Feed(Orders(4_000), hang_ups)) as feed, recording(tmp_path, feed) as process:
        feed.played.wait()
        stopped(process)
    before, since_gap = -1, False
    for _, mark, text in kept(tmp_path / "inbox" / "recorded_binance"):
        if mark == "m":
            (number,) = numbers([(0, "m", text)])
            assert number > before
            assert number == before + 1 or since_gap, f"{before} to {number} without a gap"
            before, since_gap = number, False
        elif mark == "x":
            since_gap = True
    assert before == 3_999


def test_a_killed_recorder_has_kept_all_it_received_and_the_next_one_notes_the_gap(tmp_path: Path) -> None:
    folder = tmp_path / "inbox" / "recorded_binance"
    with played(Feed(Orders(500), control=CONTROL)) as feed, recording(tmp_path, feed) as process:
        assert process.stderr is not None
        feed.played.wait()
        watched(folder, 500)
        process.kill()
        process.wait()
        assert segments.closed(folder) == []
        with recording(tmp_path, feed) as second:
            assert second.stderr is not None
            assert "listening" in second.stderr.readline()
            stopped(second)
    lines = kept(folder)
    assert numbers(lines) == list(range(500))
    assert [text for _, mark, text in lines if mark == "x"] == [
        "the recorder was killed",
        "the recorder was not running",
        "the recorder was stopped",
    ]
    first, again = (moment for moment, mark, text in lines if mark == "x" and "stopped" not in text)
    assert first == again


def watched(folder: Path, messages: int) -> None:
    """Wait until the growing segment holds so many messages; every line is in the file as soon as it is received."""
    while True:
        growing = next(iter(folder.glob(f"*{segments.OPEN}")), None)
        if growing and growing.read_bytes().count(b" m ") >= messages:
            return


def test_only_one_process_records_a_feed(tmp_path: Path) -> None:
    with (
        played(Feed(Orders(0))) as feed,
        exclusive(tmp_path / "inbox" / "recorded_binance", "recorder.lock"),
        recording(tmp_path, feed) as process,
    ):
        _, words = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "another process records this feed already" in words
    assert feed.connections == 0


def test_an_unknown_venue_is_said_with_exit_code_2(tmp_path: Path) -> None:
    with played(Feed(Orders(0))) as feed, recording(tmp_path, feed, "--venue", "nope") as process:
        _, words = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "There is no recorded venue 'nope'" in words


def test_segments_are_cut_by_size_without_a_gap(tmp_path: Path) -> None:
    with played(Feed(Orders(3_000))) as feed:
        heard = ran(tmp_path, feed.base, binance, lambda _: feed.played.is_set(), Pace(segment_bytes=50_000))
    assert len(segments.closed(heard.folder)) > 5
    lines = kept(heard.folder)
    assert numbers(lines) == list(range(3_000))
    ends = [moment for moment, mark, _ in lines if mark == "e"]
    assert ends and set(ends) <= {moment for moment, mark, _ in lines if mark == "b"}
    assert [mark for _, mark, _ in lines].count("x") == 1


def test_segments_are_cut_by_the_clock_even_where_nothing_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "inbox" / "recorded_binance"
    with played(Feed([CONTROL] * 3)) as feed:
        heard = ran(
            tmp_path, feed.base, binance, lambda _: len(segments.closed(folder)) >= 2, Pace(beat=0.01, segment=0)
        )
    assert "m" not in [mark for _, mark, _ in kept(heard.folder)]


def test_listening_begins_when_every_subscription_is_confirmed_and_the_line_delivers(tmp_path: Path) -> None:
    with played(VENUES["bybit"].feed()) as feed:
        heard = ran(tmp_path, feed.base, bybit, listening)
    asked = [json.loads(words)["args"] for words in feed.heard if "subscribe" in words]
    assert [len(topics) for topics in asked] == [100, 51]
    assert len({topic for topics in asked for topic in topics}) == 151
    assert [mark for _, mark, _ in kept(heard.folder)].count("b") == 1


def test_a_refused_subscription_is_no_listening_and_is_said(tmp_path: Path) -> None:
    refusal = '{"event":"error","code":"60018","msg":"Wrong URL or channel"}'
    feed = Feed([], confirm=lambda _: refusal, pages=VENUES["okx"].pages)
    with played(feed):
        heard = ran(tmp_path, feed.base, okx, lambda said: len(said) >= 2)
    assert "OKX answers 60018, Wrong URL or channel" in heard.said[0]
    assert not listening(heard.said)
    assert list(heard.folder.glob("*.gz")) == list(heard.folder.glob("*.list.gz"))


def test_where_a_part_of_the_contracts_is_refused_nothing_counts_as_recorded(tmp_path: Path) -> None:
    answers = itertools.cycle([CONFIRMED, '{"success":false,"ret_msg":"too long","op":"subscribe"}'])
    bybit_played = VENUES["bybit"]
    control = bybit_played.said(bybit_played.control)
    feed = Feed([], confirm=lambda _: next(answers), control=control, pages=bybit_played.pages)
    with played(feed):
        heard = ran(tmp_path, feed.base, bybit, lambda said: len(said) >= 2)
    assert "Bybit answers too long" in heard.said[0]
    assert not listening(heard.said) and not kept(heard.folder)


def test_what_was_heard_before_an_outage_does_not_wait_for_its_end(tmp_path: Path) -> None:
    """The segment of a lost connection is cut by the clock although nobody listens, and the gap goes on in the next."""
    closed_meanwhile = []
    with played(Feed(Orders(20), {10: "close"})) as feed:
        settings = Settings(data_dir=tmp_path, url={"stream_binance": feed.base}, backoff_seconds=0.0)
        folder, tries = settings.inbox_dir / "recorded_binance", iter(range(99))

        class Cut(Recorder):
            """Reaches nobody for a while after the first connection."""

            def _address(self) -> str:
                return "ws://127.0.0.1:1" if next(tries) in (1, 2) else feed.base

            async def _connection(self) -> tuple[str, str]:
                ended = await super()._connection()
                await self._packer.done()
                closed_meanwhile.append(len(segments.closed(folder)))
                return ended

        async def run() -> None:
            stop = asyncio.Event()
            one = Cut(binance, settings, Tape(folder), lambda _: None, Pace(segment=0), stop)
            async with asyncio.timeout(60), asyncio.TaskGroup() as group:
                group.create_task(one.run())
                await asyncio.to_thread(feed.played.wait)
                stop.set()

        asyncio.run(run())
    assert closed_meanwhile[:3] == [0, 1, 1]
    lines = kept(folder)
    assert numbers(lines) == list(range(20))
    lost = [(moment, text) for moment, mark, text in lines if mark == "x"]
    assert lost[0] == lost[1] and lost[0][1] == "the connection ended (code 1012)"
