"""What a killed recorder left: closed, packed, and said until when the feed is recorded."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pipelines.generations.fsync import sync
from pipelines.recording.segments import OPEN, Say, as_line, final_name, microseconds, number, pack_blocks


def mend(folder: Path, say: Say) -> int:
    """Close and pack what a killed recorder left; returns until when the feed is recorded, 0 if it never was.

    What cannot be read is said and left where it is: it is no reason not to record.
    """
    until = kept_until(folder, say)
    for draft in folder.glob("*.tmp"):
        with suppress(OSError):
            draft.unlink()
    for left in sorted(folder.glob(f"*{OPEN}")):
        try:
            if final_name(left).exists():
                left.unlink()
                continue
            until = max(until, _mended(left, say))
            keep_until(folder, until)
        except OSError as error:
            say(f"{left.name} cannot be read and is left as it is ({error.strerror}); recording goes on without it")
    return until


def keep_until(folder: Path, moment: int) -> None:
    """Remember until when the feed is recorded: the segments themselves leave once they are loaded."""
    draft = folder / "until.tmp"
    draft.write_text(str(moment))
    sync(draft)
    os.replace(draft, folder / "until")


def kept_until(folder: Path, say: Say) -> int:
    """Until when the feed was recorded. Where the note of it is damaged, the time it was written stands in for it."""
    note = folder / "until"
    try:
        return number(note.read_bytes().strip())
    except FileNotFoundError:
        return 0
    except (ValueError, OSError):
        say(f"{note.name}, which says until when the feed was recorded, is damaged; the time it was written is taken")
        return min(note.stat().st_mtime_ns // 1000, microseconds())


def _mended(left: Path, say: Say) -> int:
    """Pack what a kill or a power cut left of a segment; returns until when it was listened to, 0 if it never was.

    A line that is no line (its end, or bytes the disk never got) ends what is known to have been heard, and the next
    good one begins it anew.
    """
    mended = _Mended()
    with left.open("rb") as file:
        if first := next(lines := mended.of(file), b""):
            pack_blocks(left, chain([first], lines))
        else:
            left.unlink()
    if mended.damaged:
        say(f"{left.name} had lines that cannot be read, {mended.damaged} in all; what lies beside them is kept")
    return mended.until


@dataclass
class _Mended:
    """The good lines of a damaged segment, with the holes between them noted."""

    until: int = 0
    damaged: int = 0

    def of(self, file: Iterable[bytes]) -> Iterator[bytes]:
        listening, hole, last = False, False, 0
        for text in file:
            try:
                if not text.endswith(b"\n") or b"\0" in text:
                    raise ValueError
                moment, mark, _ = as_line(text[:-1])
            except ValueError:
                self.damaged, hole = self.damaged + 1, True
                continue
            if hole and listening:
                yield b"%d x the record is damaged here\n" % last
                listening = mark != b"b" and mark != b"x"
                if listening:
                    yield b"%d b\n" % moment
            hole, last = False, moment
            if mark in (b"b", b"x", b"e"):
                listening, self.until = mark == b"b", moment
            yield text
        if listening:
            self.until = last
            yield b"%d x the recorder was killed\n" % last
