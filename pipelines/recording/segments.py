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
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from isal import igzip, isal_zlib

from pipelines.generations.fsync import sync
from pipelines.source import Refused

IsalError = cast(type[Exception], isal_zlib.error)  # its stub says that the class is an instance

OPEN, CLOSED, LIST = ".open", ".lines.gz", ".list.gz"
LEVEL = 1
"""Of packing: the higher ones cost more of the recorder's time than they save of the disk."""
SECOND = 1_000_000
"""In microseconds, as segments count."""
DIGITS = 16
"""Of a moment in microseconds, until the year 2286."""
MARKS = (b"b", b"m", b"p", b"x", b"e")
Say = Callable[[str], None]
Line = tuple[int, bytes, bytes]


def microseconds() -> int:
    return time.time_ns() // 1000


def pack(ended: Path) -> Path:
    """Pack an ended segment, so that a refresh finds it. Killed on the way, it is packed again by `mend`."""
    with ended.open("rb") as lines:
        return pack_blocks(ended, iter(lambda: lines.read(1 << 18), b""))


def pack_blocks(left: Path, blocks: Iterable[bytes]) -> Path:
    """Put a packed segment in the place of an open one; returns it."""
    final = final_name(left)
    draft = final.with_name(final.name + ".tmp")
    with igzip.open(draft, "wb", compresslevel=LEVEL) as packed:
        packed.writelines(blocks)
    sync(draft)
    os.replace(draft, final)
    sync(final.parent)
    left.unlink()
    return final


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
    except (OSError, EOFError, IsalError) as error:
        raise Refused(
            name, f"it cannot be unpacked ({error})", "Its bytes are damaged: what it held is lost."
        ) from None


def lines(body: bytes, name: str) -> Iterator[Line]:
    """The lines of a closed segment: moment, mark, text. Raises Refused."""
    for line in unpacked(body, name).split(b"\n")[:-1]:
        try:
            yield as_line(line)
        except ValueError:
            raise Refused(name, "it has a line of another form", "It is not a segment of the recorder.") from None


def as_line(text: bytes) -> Line:
    """A line of a segment. Raises ValueError."""
    moment, _, rest = text.partition(b" ")
    mark, _, words = rest.partition(b" ")
    if mark not in MARKS:
        raise ValueError(mark)
    return number(moment), mark, words


def number(moment: bytes) -> int:
    """A moment in microseconds. Raises ValueError."""
    if not moment.isdigit() or len(moment) > DIGITS:
        raise ValueError(moment)
    return int(moment)


def final_name(left: Path) -> Path:
    """What an open segment is called once it is closed."""
    return left.with_name(left.name.removesuffix(OPEN) + CLOSED)


def name_at(moment: int) -> str:
    """What a segment, or a list, that began at this moment is called."""
    return f"{datetime.fromtimestamp(moment / SECOND, UTC):%Y%m%dT%H%M%S.%f}"


def moment_of(name: str) -> int:
    """When a segment of this name began, in microseconds."""
    started = datetime.strptime(name[:22], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    return round(started.timestamp() * SECOND)
