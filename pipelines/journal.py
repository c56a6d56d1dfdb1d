"""State kept as JSON: what a kill, a full disk or a power cut made unreadable is left out, and never in the way."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pipelines.generations.fsync import sync

UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What reading bytes that are no JSON, or JSON of another shape, ends in."""

Row = TypeVar("Row")


@dataclass(frozen=True)
class Content(Generic[Row]):
    """What can be read of a journal, oldest first: the rows, and the lines they were read from."""

    rows: list[Row]
    lines: list[bytes]
    damaged: bool
    """Whether anything could not be read. An empty file counts: nobody ever writes one."""


@dataclass(frozen=True)
class Journal(Generic[Row]):
    """A file of JSON lines that grows. Hold `exclusive` to change it; anybody may read it meanwhile."""

    path: Path
    parse: Callable[[bytes], Row]

    def content(self) -> Content[Row]:
        try:
            lines = [line for line in self.path.read_bytes().split(b"\n") if line]
        except FileNotFoundError:
            return Content([], [], damaged=False)
        good = [(row, line) for line in lines if (row := _parsed(self.parse, line)) is not None]
        damaged = len(good) < len(lines) or not lines
        return Content([row for row, _ in good], [line for _, line in good], damaged)

    def as_of(self) -> tuple[int, int, int] | None:
        """Differs whenever the content does."""
        try:
            written = self.path.stat()
        except FileNotFoundError:
            return None
        return written.st_ino, written.st_size, written.st_mtime_ns

    def append(self, lines: Iterable[bytes]) -> None:
        """Add lines, durably. What a disk that is full took half of is taken back."""
        text = b"".join(line + b"\n" for line in lines)
        if not text:
            return
        is_new = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            whole = size == 0 or os.pread(file.fileno(), 1, size - 1) == b"\n"
            left = memoryview(text if whole else b"\n" + text)
            try:
                while left:
                    left = left[file.write(left) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)
                raise
        if is_new:
            sync(self.path.parent)

    def keep(self, lines: list[bytes]) -> None:
        """Replace the whole journal, atomically; one without any line is removed."""
        if lines:
            replace(self.path, b"".join(line + b"\n" for line in lines))
        else:
            self.path.unlink(missing_ok=True)


def read(path: Path, parse: Callable[[bytes], Row]) -> Row | None:
    """What a file says, or None where it is not there or cannot be read."""
    try:
        return _parsed(parse, path.read_bytes())
    except FileNotFoundError:
        return None


def replace(path: Path, text: bytes) -> None:
    """Give a file this content, durably and atomically."""
    draft = path.with_name(path.name + ".tmp")
    try:
        draft.write_bytes(text)
        sync(draft)
        os.replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync(path.parent)


def _parsed(parse: Callable[[bytes], Row], text: bytes) -> Row | None:
    try:
        return parse(text)
    except UNREADABLE:
        return None
