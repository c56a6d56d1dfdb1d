"""Segments: what a live feed said, as it came, with the moments in which nobody listened.

A segment is lines `<microseconds> <mark> <text>`:

    b            listening begins: the subscription is confirmed, and the line delivers
    m <message>  a message as received (a line break in it, which JSON has only between values, becomes a blank)
    p            the line delivered something that is not kept
    x <reason>   listening ended at this moment; nothing is known from here to the next `b`
    e            the segment ends, and the next one goes on without a gap

It grows as `<start>.open`, every line handed to the kernel at once, so that a kill loses nothing that was received, and
put on the disk now and then, so that a power cut loses seconds. Closed, it is packed to `<start>.lines.gz` and waits
for a refresh. Where messages cannot be read without the venue's list of contracts, that list lies beside it and the
name says which: `<start>+<list>.lines.gz`, `<list>.list.gz`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from isal import igzip, isal_zlib

from pipelines.generations.fsync import sync
from pipelines.source import Refused

OPEN, CLOSED, LIST = ".open", ".lines.gz", ".list.gz"
LEVEL = 1
SECOND = 1_000_000
LONGEST_REASON = 200
DIGITS = 16
"""Of a moment in microseconds, until the year 2286."""
MARKS = (b"b", b"m", b"p", b"x", b"e")
Say = Callable[[str], None]
Line = tuple[int, bytes, bytes]


def microseconds() -> int:
    return time.time_ns() // 1000


@dataclass
class Tape:
    """The growing segment of one feed. Only its recorder writes in `folder`."""

    folder: Path
    clock: Callable[[], int] = microseconds
    say: Say = lambda _: None
    listening: bool = False
    alive: int = 0
    """When the line last delivered something: until then everything that was sent was received."""
    gap: tuple[int, str] | None = None
    """Since when nobody listens, and why; None before the first recording of all."""
    list_name: str = ""
    size: int = 0
    _written: int = 0
    """The moment of the last line."""
    _noted: bool = False
    """Whether the growing segment says that nobody listens."""
    _file: BinaryIO | None = None
    _path: Path = field(default_factory=Path)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        until = mend(self.folder, self.say)
        self.gap = (until, "the recorder was not running") if until else None

    @property
    def started(self) -> int:
        """When the growing segment was started; 0 where there is none."""
        return _moment(self._path.name) if self._file else 0

    def begin(self) -> None:
        """Everything from now on is heard."""
        self._note_gap()
        now = self.clock()
        self._write(b"%d b\n" % now)
        self.listening, self.alive, self.gap, self._noted = True, now, None, False
        self._written = now

    def message(self, data: bytes) -> None:
        """Keep a message. Those that come before listening began are kept too, and prove nothing."""
        now = self.clock()
        self._write(b"%d m %s\n" % (now, data.replace(b"\n", b" ")))
        self.alive = self._written = now

    def prove(self) -> None:
        """The line delivered something. Written once a second at most: more would not be known after a kill."""
        now = self.clock()
        if self.listening and not self._written <= now < self._written + SECOND:
            self._write(b"%d p\n" % now)
            self._written = now
        self.alive = now

    def sync(self) -> None:
        """Return when what was written is on the disk. May run in a thread beside the recording."""
        if file := self._file:
            # A segment that was closed meanwhile is on the disk already.
            with suppress(ValueError, OSError):
                os.fdatasync(file.fileno())

    def lose(self, reason: str) -> None:
        """Nobody listens any more, since the last sign of life."""
        if self.listening:
            self.listening, self.gap = False, (self.alive, " ".join(reason[:LONGEST_REASON].split()))
            # On a full disk it is noted later; until then nothing after the last line counts as heard.
            with suppress(OSError):
                self._note_gap()

    def cut(self) -> Path | None:
        """End the growing segment and go on in another; returns the ended one, to be packed."""
        ended = self._end()
        if self.listening:
            self._write(b"%d b\n" % self.alive)
        return ended

    def close(self) -> Path | None:
        """End the recording; returns the ended segment, to be packed."""
        self.lose("the recorder was stopped")
        return self._end()

    def keep_list(self, bodies: list[bytes]) -> None:
        """Store the venue's list of contracts; the next segment names it."""
        name = _name(self.clock())
        draft = self.folder / f"{name}{LIST}.tmp"
        with igzip.open(draft, "wb", compresslevel=LEVEL) as packed:
            packed.writelines(body.replace(b"\n", b" ") + b"\n" for body in bodies)
        sync(draft)
        os.replace(draft, self.folder / f"{name}{LIST}")
        self.list_name = name

    def _note_gap(self) -> None:
        if self.gap and not self._noted:
            self._write(b"%d x %s\n" % (self.gap[0], self.gap[1].encode("utf-8", "replace")))
            self._noted = True

    def _end(self) -> Path | None:
        """Close the growing segment. What it claims as heard ends with the last sign of life, not with this moment."""
        if self._file is None:
            return None
        self._note_gap()
        if self.listening:
            self._write(b"%d e\n" % self.alive)
        os.fsync(self._file.fileno())
        self._file.close()
        self._file, self._noted, self.size = None, False, 0
        if self.listening or self.gap:
            # On a full disk it is noted with the next segment.
            with suppress(OSError):
                keep_until(self.folder, self.gap[0] if self.gap else self.alive)
        return self._path

    def _write(self, lines: bytes) -> None:
        """Append whole lines or nothing: what a full disk left of a line is taken back."""
        if self._file is None:
            self._path = self._fresh()
            self._file = self._path.open("xb", buffering=0)
        try:
            written = self._file.write(lines)
            if written != len(lines):
                raise OSError("the disk is full")
        except OSError:
            self._file.truncate(self.size)
            self._file.seek(self.size)
            raise
        self.size += len(lines)

    def _fresh(self) -> Path:
        """A name nobody has: a clock that was set back may give a moment twice."""
        moment = self.clock()
        while any(self.folder.glob(f"{_name(moment)}*{CLOSED}")) or any(self.folder.glob(f"{_name(moment)}*{OPEN}")):
            moment += 1
        return self.folder / (_name(moment) + (f"+{self.list_name}" if self.list_name else "") + OPEN)


def pack(ended: Path) -> Path:
    """Pack an ended segment, so that a refresh finds it. Killed on the way, it is packed again by `mend`."""
    with ended.open("rb") as lines:
        return _pack(ended, iter(lambda: lines.read(1 << 18), b""))


def _pack(left: Path, blocks: Iterable[bytes]) -> Path:
    final = _final(left)
    draft = final.with_name(final.name + ".tmp")
    with igzip.open(draft, "wb", compresslevel=LEVEL) as packed:
        packed.writelines(blocks)
    sync(draft)
    os.replace(draft, final)
    sync(final.parent)
    left.unlink()
    return final


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
            if _final(left).exists():
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
        return _number(note.read_bytes().strip())
    except FileNotFoundError:
        return 0
    except (ValueError, OSError):
        say(f"{note.name}, which says until when the feed was recorded, is damaged; the time it was written is taken")
        return min(note.stat().st_mtime_ns // 1000, microseconds())


def clear(folder: Path, loaded: Collection[str]) -> None:
    """Remove segments that are loaded, and lists of contracts that no segment names any more."""
    for segment in closed(folder):
        if segment.name.removesuffix(CLOSED) in loaded:
            segment.unlink()
    named = {list_of(segment) for segment in [*closed(folder), *folder.glob(f"*{OPEN}")]}
    for listing in sorted(folder.glob(f"*{LIST}"))[:-1]:
        if listing not in named:
            listing.unlink()


def closed(folder: Path) -> list[Path]:
    """The segments that wait for a refresh, oldest first."""
    return sorted(folder.glob(f"*{CLOSED}"))


def list_of(segment: Path) -> Path | None:
    """The venue's list of contracts a segment was recorded with."""
    _, _, name = segment.name.removesuffix(CLOSED).removesuffix(OPEN).partition("+")
    return segment.with_name(name + LIST) if name else None


def unpacked(body: bytes, name: str) -> bytes:
    """The text of a closed segment or of a list. Raises Refused."""
    try:
        return igzip.decompress(body)
    except (OSError, EOFError, isal_zlib.error) as error:
        raise Refused(
            name, f"it cannot be unpacked ({error})", "Its bytes are damaged: what it held is lost."
        ) from None


def lines(body: bytes, name: str) -> Iterator[Line]:
    """The lines of a closed segment: moment, mark, text. Raises Refused."""
    for line in unpacked(body, name).split(b"\n")[:-1]:
        try:
            yield _line(line)
        except ValueError:
            raise Refused(name, "it has a line of another form", "It is not a segment of the recorder.") from None


def _mended(left: Path, say: Say) -> int:
    """Pack what a kill or a power cut left of a segment; returns until when it was listened to, 0 if it never was.

    A line that is no line (its end, or bytes the disk never got) ends what is known to have been heard, and the next
    good one begins it anew.
    """
    mended = _Mended()
    with left.open("rb") as file:
        if first := next(lines := mended.of(file), b""):
            _pack(left, chain([first], lines))
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
                moment, mark, _ = _line(text[:-1])
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


def _line(text: bytes) -> Line:
    """A line of a segment. Raises ValueError."""
    moment, _, rest = text.partition(b" ")
    mark, _, words = rest.partition(b" ")
    if mark not in MARKS:
        raise ValueError(mark)
    return _number(moment), mark, words


def _number(moment: bytes) -> int:
    """A moment in microseconds. Raises ValueError."""
    if not moment.isdigit() or len(moment) > DIGITS:
        raise ValueError(moment)
    return int(moment)


def _final(left: Path) -> Path:
    return left.with_name(left.name.removesuffix(OPEN) + CLOSED)


def _name(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment / 1_000_000, UTC):%Y%m%dT%H%M%S.%f}"


def _moment(name: str) -> int:
    started = datetime.strptime(name[:22], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    return round(started.timestamp() * 1_000_000)
