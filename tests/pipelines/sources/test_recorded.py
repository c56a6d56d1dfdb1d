"""What was recorded becomes rows by a refresh without network: liquidations, what was listened to, and the gaps."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from isal import igzip

from pipelines import health as watch
from pipelines.config import Settings
from pipelines.generations.draft import current
from pipelines.recording import segments
from pipelines.recording.streams import StreamModule, binance, bybit
from pipelines.recording.tape import Tape
from pipelines.refreshing.asking import chosen
from pipelines.refreshing.outcome import Outcome
from pipelines.refreshing.refresh import rebuild
from pipelines.source import CheckFailed, Piece, Refused, discover
from pipelines.sources import recorded_binance, recorded_bybit
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.pipelines.streams_kit import BYBIT_LIST

SPAN = ask("2026-11-21T00:00Z", "2026-11-22T00:00Z")
SECOND = 1_000_000
START = 1_790_000_000 * SECOND


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def go(self, seconds: float) -> int:
        self.now += round(seconds * SECOND)
        return self.now


def order(number: int, moment: int, symbol: str = "BTCUSDT", **more: object) -> bytes:
    one = {"s": symbol, "S": "SELL", "q": "1", "p": "100", "ap": "100", "X": "FILLED", "z": str(number + 1)}
    return json.dumps({"e": "forceOrder", "o": one | {"T": moment // 1000} | more}).encode()


def ended(tape: Tape) -> None:
    """Close a tape and pack what it was."""
    left = tape.close()
    if left:
        segments.pack(left)


def tape_of(settings: Settings, stream: StreamModule, clock: Clock) -> Tape:
    return Tape(settings.inbox_dir / stream.STREAM.source.id, clock)


def an_evening(settings: Settings) -> Clock:
    """Ten minutes of listening, a gap of one minute in the middle, one message repeated after it, in two segments."""
    clock = Clock()
    tape = tape_of(settings, binance, clock)
    tape.begin()
    for number in range(10):
        tape.message(order(number, clock.go(30)))
    clock.go(5)
    tape.lose("the connection ended")
    clock.go(60)
    tape.begin()
    tape.message(order(9, clock.now - 65 * SECOND))
    clock.go(1)
    segments.pack(tape.cut())
    tape.message(order(10, clock.go(60)))
    clock.go(10)
    ended(tape)
    return clock


def test_a_refresh_loads_each_liquidation_once_and_the_gap_as_a_row(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "", "nothing")
    an_evening(settings)
    outcome = run(settings, "recorded_binance", SPAN)
    assert (outcome.outcome, outcome.error) == ("loaded", None)
    found = rows(settings, "SELECT * FROM liquidations WHERE source_id = 'recorded_binance' ORDER BY ts")
    assert found["quantity_base"].to_list() == [float(number) for number in range(1, 12)]
    assert outcome.rows_doubled == 0 or found.height == 11
    spans = rows(settings, "SELECT * EXCLUDE (source_id, snapshot_id) FROM feed_coverage ORDER BY span_start")
    began = datetime.fromtimestamp(START / SECOND, UTC)
    assert [(row[2] - began, row[3] - began, *row[4:]) for row in spans.iter_rows()] == [
        (timedelta(0), timedelta(seconds=300), "recorded", None),
        (timedelta(seconds=300), timedelta(seconds=365), "gap", "the connection ended"),
        (timedelta(seconds=365), timedelta(seconds=426), "recorded", None),
    ]


def test_what_is_loaded_leaves_the_inbox_and_a_rebuild_gives_the_same(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "", "nothing")
    an_evening(settings)
    run(settings, "recorded_binance", SPAN)
    assert segments.closed(settings.inbox_dir / "recorded_binance") == []
    content = current(settings.warehouse_dir).content_hash
    assert run(settings, "recorded_binance", SPAN).outcome == "unchanged"
    shutil.rmtree(settings.warehouse_dir)
    generation, _ = rebuild(settings)
    assert generation is not None and generation.content_hash == content


def test_a_repeat_in_a_later_segment_is_loaded_once(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "", "nothing")
    clock = Clock()
    for _ in range(2):
        tape = tape_of(settings, binance, clock)
        tape.begin()
        tape.message(order(1, START))
        clock.go(10)
        ended(tape)
        clock.go(10)
        assert run(settings, "recorded_binance", SPAN).error is None
    assert (
        rows(settings, "SELECT count(*) AS n FROM liquidations WHERE source_id = 'recorded_binance'")["n"].item() == 1
    )
    gap = rows(settings, "SELECT reason FROM feed_coverage WHERE state = 'gap'")
    assert gap["reason"].to_list() == ["the recorder was not running"]


def test_a_list_of_contracts_travels_with_the_segments_that_need_it(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "", "nothing")
    clock = Clock()
    tape = tape_of(settings, bybit, clock)
    tape.keep_list([json.dumps(BYBIT_LIST, indent=1).encode()])
    tape.begin()
    event = {"T": START // 1000, "s": "BTCUSDT", "S": "Buy", "v": "0.5", "p": "100"}
    tape.message(json.dumps({"topic": "allLiquidation.BTCUSDT", "data": [event]}, indent=2).encode())
    clock.go(3)
    tape.keep_list([json.dumps(BYBIT_LIST, indent=1).encode()])
    ended(tape)
    folder = settings.inbox_dir / "recorded_bybit"
    assert len(list(folder.glob(f"*{segments.LIST}"))) == 2
    assert run(settings, "recorded_bybit", SPAN).error is None
    (row,) = rows(settings, "SELECT * FROM liquidations WHERE source_id = 'recorded_bybit'").iter_rows(named=True)
    assert (row["symbol"], row["liquidated_side"], row["notional_usd"]) == ("BTC/USDT:USDT", "long", 50.0)
    assert len(list(folder.glob(f"*{segments.LIST}"))) == 1


def test_a_row_that_cannot_be_read_goes_to_quarantine_and_the_others_are_loaded(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "", "nothing")
    clock = Clock()
    tape = tape_of(settings, binance, clock)
    tape.begin()
    tape.message(order(1, START))
    tape.message(order(2, START, symbol="???"))
    clock.go(1)
    ended(tape)
    outcome = run(settings, "recorded_binance", SPAN)
    assert outcome.rows_refused == 1
    assert rows(settings, "SELECT quantity_base FROM liquidations WHERE venue = 'binance'")[
        "quantity_base"
    ].to_list() == [2.0]


def test_a_message_of_an_unknown_shape_stops_its_segment_only_and_the_bytes_stay(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "", "nothing")
    clock = Clock()
    tape = tape_of(settings, binance, clock)
    tape.begin()
    tape.message(b'{"e":"forceOrder","o":{"s":"BTCUSDT"}}')
    clock.go(1)
    segments.pack(tape.cut())
    tape.message(order(2, START))
    clock.go(1)
    ended(tape)
    outcome = run(settings, "recorded_binance", SPAN)
    assert outcome.outcome == "failed" and "not as this source has known them" in (outcome.error or "")
    assert rows(settings, "SELECT quantity_base FROM liquidations WHERE venue = 'binance'")[
        "quantity_base"
    ].to_list() == [3.0]
    assert len(segments.closed(settings.inbox_dir / "recorded_binance")) == 1


def test_damaged_segments_are_refused_by_name() -> None:
    piece = Piece("20261122T000000.000000")
    for body in (b"", b"no gzip", igzip.compress(b"1 b\n")[:-5], igzip.compress(b"hello there\n")):
        if body:
            with pytest.raises(Refused, match=r"20261122T000000\.000000"):
                recorded_binance.parse([body], piece)


def test_a_clock_that_is_behind_is_noticed() -> None:
    lines = b"%d b\n%d m %s\n%d e\n" % (START, START, order(1, START + 600 * SECOND), START + SECOND)
    frames = recorded_binance.parse([igzip.compress(lines)], Piece("x"))
    with pytest.raises(CheckFailed, match="clock is slow"):
        recorded_binance.check(frames, Piece("x"))


def test_a_clock_that_was_set_back_claims_no_span_that_runs_backwards() -> None:
    lines = b"%d b\n%d p\n%d e\n" % (START, START + 60 * SECOND, START - 3600 * SECOND)
    coverage = recorded_binance.parse([igzip.compress(lines)], Piece("x"))["feed_coverage"]
    assert (coverage["span_end"] - coverage["span_start"]).to_list() == [timedelta(minutes=1)]


def test_a_segment_in_which_nothing_was_said_proves_that_somebody_listened() -> None:
    frames = recorded_bybit.parse([igzip.compress(b"%d b\n%d e\n" % (START, START + 600 * SECOND))], Piece("x"))
    recorded_bybit.check(frames, Piece("x"))
    assert frames["liquidations"].is_empty()
    assert frames["feed_coverage"].select("state", "reason").row(0) == ("recorded", None)


@given(
    st.lists(
        st.tuples(st.sampled_from(["message", "prove", "lose", "begin", "cut", "close", "kill"]), st.integers(1, 900)),
        max_size=40,
    )
)
def test_whatever_happens_what_was_heard_is_recorded_and_everything_between_is_a_gap(  # noqa: C901 a case a step
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """Against a plain account of when somebody listened, and until when that is proven."""
    folder, clock = tmp_path_factory.mktemp("tape"), Clock()
    tape, heard, messages = Tape(folder, clock), [], 0
    for step, seconds in steps:
        clock.go(seconds)
        listening = tape.listening
        match step:
            case "message":
                tape.message(order(messages, clock.now))
                messages += 1
            case "prove":
                tape.prove()
            case "begin" if not listening:
                tape.begin()
                heard.append([clock.now, clock.now])
            case "lose":
                tape.lose("why not")
            case "cut":
                left = tape.cut()
                if left:
                    segments.pack(left)
            case "close":
                ended(tape)
                tape = Tape(folder, clock)
            case "kill":
                tape = Tape(folder, clock)
        if listening and step in ("message", "prove"):
            heard[-1][1] = clock.now
    ended(tape)
    frames = [recorded_binance.parse([path.read_bytes()], Piece(path.name)) for path in segments.closed(folder)]
    assert sum(frame["liquidations"].height for frame in frames) == messages
    spans = pl.concat(frame["feed_coverage"] for frame in frames).sort("span_start") if frames else pl.DataFrame()
    assert recorded(spans) == [(start, end) for start, end in heard if start < end]
    if not spans.is_empty():
        assert spans["span_start"].to_list()[1:] == spans["span_end"].to_list()[:-1]


def recorded(spans: pl.DataFrame) -> list[tuple[int, int]]:
    """Recorded spans in microseconds, those that meet joined into one."""
    joined: list[tuple[int, int]] = []
    for start, end, state in spans.select("span_start", "span_end", "state").iter_rows() if spans.width else ():
        first, last = (round(moment.timestamp() * SECOND) for moment in (start, end))
        if state == "recorded" and joined and joined[-1][1] == first:
            joined[-1] = (joined[-1][0], last)
        elif state == "recorded":
            joined.append((first, last))
    return joined


def test_a_full_disk_takes_no_part_of_a_line_back_into_the_record(tmp_path: Path) -> None:
    class Full:
        """A file that takes five bytes and then no more."""

        def __init__(self, path: Path) -> None:
            self.file = path.open("r+b", buffering=0)
            self.file.seek(0, 2)

        def write(self, data: bytes) -> int:
            return self.file.write(data[:5])

        def __getattr__(self, name: str) -> object:
            return getattr(self.file, name)

    clock = Clock()
    tape = Tape(tmp_path, clock)
    tape.begin()
    tape.message(b"{}")
    (growing,) = tmp_path.glob(f"*{segments.OPEN}")
    whole = growing.read_bytes()
    usual, tape._file = tape._file, Full(growing)
    with pytest.raises(OSError, match="disk is full"):
        tape.message(b'{"long": "message"}')
    assert growing.read_bytes() == whole
    assert usual is not None
    usual.close()


def test_only_feeds_that_are_recorded_here_are_part_of_a_plain_refresh(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert not [module for module in chosen(settings, None, None) if module.SOURCE.live]
    (settings.inbox_dir / "recorded_okx").mkdir(parents=True)
    assert [module.SOURCE.id for module in chosen(settings, None, "fast") if module.SOURCE.live] == ["recorded_okx"]


def test_a_recorder_that_stopped_makes_its_source_stale(tmp_path: Path) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    for hours, outcome in ((3, "loaded"), (2, "unchanged"), (0, "unchanged")):
        moment = now - timedelta(hours=hours)
        watch.note(tmp_path, [Outcome("run", "recorded_binance", moment, moment, outcome)])
    (health,) = watch.health(tmp_path, now)
    assert health.stale and health.last_success == now - timedelta(hours=3)


def test_every_stream_is_a_source() -> None:
    live = {name for name, module in discover().items() if module.SOURCE.live}
    assert live == {f"recorded_{venue}" for venue in ("binance", "bybit", "deribit", "gate", "htx", "okx")}
