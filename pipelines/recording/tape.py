"""The growing segment of one feed: what was heard, until when, and since when nobody listens."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from isal import igzip

from pipelines.generations.fsync import sync
from pipelines.recording.mending import keep_until, mend
from pipelines.recording.segments import CLOSED, LEVEL, LIST, OPEN, SECOND, Say, microseconds, moment_of, name_at

LONGEST_REASON = 200
"""Signs of a reason why listening ended: it is published."""


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
        return moment_of(self._path.name) if self._file else 0

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
        name = name_at(self.clock())
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
        while any(any(self.folder.glob(f"{name_at(moment)}*{ending}")) for ending in (OPEN, CLOSED)):
            moment += 1
        return self.folder / (name_at(moment) + (f"+{self.list_name}" if self.list_name else "") + OPEN)
