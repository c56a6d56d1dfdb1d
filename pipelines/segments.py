"""Segments: what a live feed said, as it came, with the moments in which nobody listened.

A segment is lines `<microseconds> <mark> <text>`:

    b            listening begins: the subscription is confirmed
    m <message>  a message as received (a line break in it, which JSON has only between values, becomes a blank)
    p            proof that the line was alive, though nothing was said
    x <reason>   listening ended at this moment; nothing is known from here to the next `b`
    e            the segment ends, and the next one goes on without a gap

It grows as `<start>.open`, every line handed to the kernel at once, so that a kill loses nothing that was received.
Closed, it is packed to `<start>.lines.gz` and waits for a refresh. Where messages cannot be read without the venue's
list of contracts, that list lies beside it and the name says which: `<start>+<list>.lines.gz`, `<list>.list.gz`.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from isal import igzip, isal_zlib

from pipelines.source import Refused

OPEN, CLOSED, LIST = ".open", ".lines.gz", ".list.gz"
LEVEL = 1
Line = tuple[int, bytes, bytes]


def microseconds() -> int:
    return time.time_ns() // 1000


@dataclass
class Tape:
    """The growing segment of one feed. Only its recorder writes in `folder`."""

    folder: Path
    clock: Callable[[], int] = microseconds
    listening: bool = False
    alive: int = 0
    """Until when everything that was sent is known to have been received."""
    gap: tuple[int, str] | None = None
    """Since when nobody listens, and why; None before the first recording of all."""
    list_name: str = ""
    size: int = 0
    _noted: bool = False
    """Whether the growing segment says that nobody listens."""
    _file: BinaryIO | None = None
    _path: Path = field(default_factory=Path)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        until = mend(self.folder)
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

    def message(self, data: bytes) -> None:
        """Keep a message. Those that come before listening began are kept too, and prove nothing."""
        now = self.clock()
        self._write(b"%d m %s\n" % (now, data.replace(b"\n", b" ")))
        self.alive = now

    def prove(self) -> None:
        """The line is alive."""
        now = self.clock()
        if self.listening:
            self._write(b"%d p\n" % now)
        self.alive = now

    def lose(self, reason: str) -> None:
        """Nobody listens any more, since the last sign of life."""
        if self.listening:
            self.listening, self.gap = False, (self.alive, " ".join(reason.split()))
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
        os.replace(draft, self.folder / f"{name}{LIST}")
        self.list_name = name

    def _note_gap(self) -> None:
        if self.gap and not self._noted:
            self._write(b"%d x %s\n" % (self.gap[0], self.gap[1].encode()))
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
    final = ended.with_name(ended.name.removesuffix(OPEN) + CLOSED)
    draft = final.with_name(final.name + ".tmp")
    with ended.open("rb") as lines, draft.open("wb") as file:
        with igzip.open(file, "wb", compresslevel=LEVEL) as packed:
            shutil.copyfileobj(lines, packed, 1 << 18)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, final)
    ended.unlink()
    return final


def mend(folder: Path) -> int:
    """Close and pack what a killed recorder left; returns until when the feed is recorded, 0 if it never was."""
    for draft in folder.glob("*.tmp"):
        draft.unlink()
    until = kept_until(folder)
    for left in sorted(folder.glob(f"*{OPEN}")):
        if left.with_name(left.name.removesuffix(OPEN) + CLOSED).exists():
            left.unlink()
            continue
        until = max(until, _mended(left))
        keep_until(folder, until)
        if left.stat().st_size:
            pack(left)
        else:
            left.unlink()
    return until


def keep_until(folder: Path, moment: int) -> None:
    """Remember until when the feed is recorded: the segments themselves leave once they are loaded."""
    draft = folder / "until.tmp"
    draft.write_text(str(moment))
    os.replace(draft, folder / "until")


def kept_until(folder: Path) -> int:
    try:
        return int((folder / "until").read_text())
    except FileNotFoundError:
        return 0


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
        moment, _, rest = line.partition(b" ")
        mark, _, words = rest.partition(b" ")
        if not moment.isdigit() or mark not in (b"b", b"m", b"p", b"x", b"e"):
            raise Refused(name, f"a line begins with {line[:30]!r}", "It is not a segment of the recorder.")
        yield int(moment), mark, words


def _mended(left: Path) -> int:
    """Take back an unfinished line and note the end; returns until when the feed was listened to, 0 if it never was."""
    with left.open("r+b") as file:
        text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        file.truncate(len(whole))
        lines = [line.split(b" ", 2) for line in whole.split(b"\n")[:-1]]
        turns = [(int(moment), mark) for moment, mark, *_ in lines if mark in (b"b", b"x", b"e")]
        if not turns or turns[-1][1] != b"b":
            return turns[-1][0] if turns else 0
        last = int(lines[-1][0])
        file.seek(len(whole))
        file.write(b"%d x the recorder was killed\n" % last)
        return last


def _name(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment / 1_000_000, UTC):%Y%m%dT%H%M%S.%f}"


def _moment(name: str) -> int:
    started = datetime.strptime(name[:22], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    return round(started.timestamp() * 1_000_000)
