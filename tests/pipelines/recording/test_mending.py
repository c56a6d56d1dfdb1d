"""What a kill, a power cut or a full disk left of a feed is mended, and claims no more than was heard."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipelines.recording import mending
from pipelines.recording.segments import OPEN, pack
from pipelines.recording.tape import LONGEST_REASON, Tape
from tests.pipelines.recorder_kit import VENUES, kept, listening
from tests.pipelines.recording.test_recorder_faults import recorded, settings_of, times
from tests.replay.websocket import played


def left(folder: Path, text: bytes) -> None:
    """A segment that a killed recorder left."""
    (folder / f"20261122T000000.000000{OPEN}").write_bytes(text)


LINES = b"1795305600000000 b\n1795305601000000 m {}\n1795305602000000 p\n"
DAMAGES: dict[str, tuple[Callable[[Path], object], bool]] = {
    "until is empty": (lambda folder: (folder / "until").write_bytes(b""), True),
    "until is NUL": (lambda folder: (folder / "until").write_bytes(b"\0" * 16), True),
    "until is no number": (lambda folder: (folder / "until").write_text("yesterday"), True),
    "until is a folder": (lambda folder: (folder / "until").mkdir(), True),
    "the segment is empty": (lambda folder: left(folder, b""), True),
    "the segment is NUL": (lambda folder: left(folder, b"\0" * 4096), True),
    "the segment ends in NUL": (lambda folder: left(folder, LINES + b"\0" * 4096), True),
    "the segment has NUL in the middle": (lambda folder: left(folder, LINES + b"\0" * 4096 + b"\n" + LINES), True),
    "the segment is torn": (lambda folder: left(folder, LINES[:-5]), True),
    "the segment is a folder": (lambda folder: (folder / f"x{OPEN}").mkdir(), True),
    "a draft is a folder": (lambda folder: (folder / "x.tmp").mkdir(), True),
    "the lock cannot be opened": (lambda folder: (folder / "recorder.lock").mkdir(), False),
    "its folder is a file": (lambda folder: (folder.rmdir(), folder.write_text("")), False),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_folder_of_one_feed_is_mended_or_said_and_the_other_is_recorded(tmp_path: Path, damage: str) -> None:
    harm, records = DAMAGES[damage]
    folder = tmp_path / "inbox" / "recorded_binance"
    folder.mkdir(parents=True)
    harm(folder)
    venues = {name: VENUES[name] for name in ("binance", "htx")}
    said: list[str] = []
    with ExitStack() as stack:
        feeds = {name: stack.enter_context(played(one.feed(one.said(one.message(7))))) for name, one in venues.items()}
        done = [feeds["htx"], *([feeds["binance"]] if records else [])]
        recorded(
            settings_of(tmp_path, feeds),
            list(venues.values()),
            said,
            lambda: (
                all(feed.played.is_set() for feed in done)
                and len([words for words in said if listening([words]) or "cannot be recorded" in words]) == 2
            ),
        )
    assert times(tmp_path / "inbox" / "recorded_htx") == [7]
    if records:
        assert times(folder)[-1] == 7
    else:
        assert any("recorded_binance: cannot be recorded now" in words for words in said)


@pytest.mark.parametrize("cut", range(len(LINES) + 1))
def test_a_segment_torn_at_any_byte_keeps_its_whole_lines_and_claims_no_more(tmp_path: Path, cut: int) -> None:
    left(tmp_path, LINES[:cut])
    until = mending.mend(tmp_path, lambda _: None)
    whole = LINES[:cut].count(b"\n")
    assert until == (1795305600000000 + (whole - 1) * 1_000_000 if whole else 0)
    lines = kept(tmp_path)
    assert [mark for _, mark, _ in lines] == ([*"bmp"[:whole], "x"] if whole else [])


def test_a_hole_in_a_segment_is_a_gap_and_what_lies_behind_it_is_kept(tmp_path: Path) -> None:
    said: list[str] = []
    left(tmp_path, LINES + b"\0\0\0 torn\n1795305609000000 m {}\n1795305610000000 e\n")
    assert mending.mend(tmp_path, said.append) == 1795305610000000
    lines = [(moment % 100_000_000 // 1_000_000, mark) for moment, mark, _ in kept(tmp_path)]
    assert lines == [(0, "b"), (1, "m"), (2, "p"), (2, "x"), (9, "b"), (9, "m"), (10, "e")]
    assert "lines that cannot be read, 1 in all" in said[0]


def test_what_a_venue_says_in_no_known_letters_is_a_reason_all_the_same(tmp_path: Path) -> None:
    tape = Tape(tmp_path)
    tape.begin()
    tape.lose("refused: \ud800 " + "x" * 1_000)
    pack(tape.close())
    (reason,) = [text for _, mark, text in kept(tmp_path) if mark == "x"]
    assert reason.startswith("refused: ? x") and len(reason) <= LONGEST_REASON
