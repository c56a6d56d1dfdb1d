"""From a venue's live feed to rows, every venue: connect, subscribe, be confirmed, see the line deliver, keep, load."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.recording import segments
from pipelines.recording.streams import Heard, discover, gate
from pipelines.recording.tape import Tape
from tests.pipelines.recorder_kit import MOMENT, VENUES, kept, listening, ran
from tests.pipelines.sources_kit import ask, rows, run, settings_for
from tests.replay.websocket import played

SPAN = ask("2026-11-21T00:00Z", "2026-11-22T00:00Z")


@pytest.mark.parametrize("venue", VENUES)
def test_what_a_venue_said_is_loaded_by_a_refresh(tmp_path: Path, venue: str) -> None:
    one, settings = VENUES[venue], settings_for(tmp_path, "", "nothing")
    with played(one.feed(one.said(one.message(0)))) as feed:
        ran(tmp_path, feed.base, one.stream, lambda words: feed.played.is_set() and listening(words))
    outcome = run(settings, one.stream.STREAM.source.id, SPAN)
    assert outcome.error is None and outcome.rows_refused == 0, (outcome.error, outcome.refusals)
    (row,) = rows(settings, "SELECT * FROM liquidations WHERE venue = $venue", {"venue": venue}).iter_rows(named=True)
    named = (row["liquidated_side"], row["ts"].timestamp() * 1000, row["feed"])
    assert named == ("long", MOMENT, one.stream.STREAM.feed)
    spans = rows(settings, "SELECT venue, state FROM feed_coverage")
    assert spans.rows() == [(venue, "recorded")]


@pytest.mark.parametrize("venue", VENUES)
def test_a_line_that_confirms_and_then_says_nothing_is_not_recorded(tmp_path: Path, venue: str) -> None:
    one, settings = VENUES[venue], settings_for(tmp_path, "", "nothing")
    limit = one.stream.STREAM.silence
    with played(one.feed(control=None)) as feed:
        heard = ran(tmp_path, feed.base, one.stream, lambda words: len(words) >= 3, hurry=lambda _: feed.waiting)
    assert f"the line delivered nothing for {limit:g} s" in heard.said[0]
    assert not listening(heard.said) and feed.connections >= 3
    run(settings, one.stream.STREAM.source.id, SPAN)
    assert rows(settings, "SELECT * FROM feed_coverage").is_empty()


@pytest.mark.parametrize("venue", VENUES)
def test_a_line_that_falls_silent_is_recorded_until_it_last_delivered(tmp_path: Path, venue: str) -> None:
    one = VENUES[venue]
    with played(one.feed()) as feed:
        heard = ran(tmp_path, feed.base, one.stream, lambda words: len(words) >= 2, hurry=listening)
    assert heard.said[:2] == [
        "listening",
        f"not listening: NotListening: the line delivered nothing for {one.stream.STREAM.silence:g} s",
    ]
    lines = kept(heard.folder)
    began, lost = (next(moment for moment, mark, _ in lines if mark == which) for which in "bx")
    assert began == lost


@pytest.mark.parametrize("venue", VENUES)
def test_the_control_is_recognised_and_never_kept(venue: str) -> None:
    one = VENUES[venue]
    text = one.said(one.control)
    plain = text.encode() if isinstance(text, str) else segments.unpacked(text, venue)
    assert one.stream.heard(plain) is Heard.CONTROL
    asked = one.stream.STREAM.url + "".join(one.stream.subscribe(one.stream.topics(list(one.pages.values()))))
    assert one.stream.STREAM.control in asked


def test_delivery_is_written_once_a_second_and_known_to_the_moment(tmp_path: Path) -> None:
    clock = [1_790_000_000_000_000]
    tape = Tape(tmp_path, lambda: clock[0])
    tape.begin()
    for _ in range(100):
        clock[0] += 100_000
        tape.prove()
    tape.lose("silence")
    segments.pack(tape.close())
    lines = kept(tmp_path)
    assert [mark for _, mark, _ in lines] == ["b", *"p" * 10, "x"]
    ended = datetime.fromtimestamp(lines[-1][0] / 1_000_000, UTC) - datetime.fromtimestamp(lines[0][0] / 1_000_000, UTC)
    assert ended == timedelta(seconds=10)


def test_every_venue_is_played_here() -> None:
    assert VENUES.keys() == discover().keys()


def test_a_venue_reads_the_headers_its_stream_asks_for(tmp_path: Path) -> None:
    with played(VENUES["gate"].feed()) as feed:
        ran(tmp_path, feed.base, gate, listening)
    assert feed.headers["X-Gate-Size-Decimal"] == "1"
