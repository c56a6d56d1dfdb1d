"""Archives, inflated block by block and never held whole (isal, outside the GIL), and the CSV in them read."""

from __future__ import annotations

import errno
import os
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO, cast

import polars as pl
from isal import isal_zlib

from pipelines.source import Refused, TooLarge

IsalError = cast(type[Exception], isal_zlib.error)  # its stub says that the class is an instance

PACKED, LINES = 1 << 18, 8 << 20
"""Bytes of an archive inflated at a time, and bytes of lines read at a time: as small, and as large, as pays."""
Reader = Callable[[bytes, bool], pl.DataFrame]
"""Makes rows of a block of lines; told whether it is the file's first one."""
RAW_DEFLATE, GZIP = -15, 31
LOCAL_HEADER = struct.Struct("<26xHH")
"""What stands before the bytes in a zip; how long the name and the extra field after it are."""
REMEDY = "The archive is damaged or not an archive; the next refresh fetches it again."
SMALL, TAPE = 64 << 20, 8 << 30
"""Bytes a table that is held whole, and a tape that is read block by block, may have once they are inflated."""
MOST_RATIO = 100
"""Times its own size that an archive larger than SMALL may have once it is inflated: CSV has 3 to 20, a bomb 1,000."""
LONGEST_LINE = 1 << 16
DIRECTORY = 1 << 17
"""Bytes read at once of what a zip says of its files: one file has a hundred."""
MOST_MEMBERS = 50_000
BOM = b"\xef\xbb\xbf"


def csv_blocks(archive: BinaryIO, name: str, most: int = SMALL) -> Iterator[bytes]:
    """The CSV in a zip or gzip archive, at most so many bytes, in blocks of whole lines without a byte order mark.

    Raises Refused, and TooLarge.
    """
    blocks = whole_lines(_bounded(_inflated_csv(archive, name), archive, name, most), name)
    for first in islice(blocks, 1):
        yield first.removeprefix(BOM)
    yield from blocks


def _inflated_csv(archive: BinaryIO, name: str) -> Iterator[bytes]:
    try:
        size = archive.seek(0, os.SEEK_END)
        archive.seek(0)
        if archive.read(2) == b"\x1f\x8b":
            archive.seek(0)
            yield from _inflated(_parts(archive, size), GZIP)
            return
        with zipfile.ZipFile(_Sparing(archive)) as directory:
            (entry,) = directory.infolist()
        archive.seek(entry.header_offset)
        name_size, extra_size = LOCAL_HEADER.unpack(archive.read(LOCAL_HEADER.size))
        archive.seek(name_size + extra_size, os.SEEK_CUR)
        packed = _parts(archive, entry.compress_size)
        yield from _checked(_inflated(packed, RAW_DEFLATE), entry.CRC, name)
    except (zipfile.BadZipFile, NotImplementedError, IsalError, struct.error, ValueError, OSError) as error:
        # A zip that lost bytes points before its own start; any other OSError is the disk's.
        if isinstance(error, Refused) or (isinstance(error, OSError) and error.errno != errno.EINVAL):
            raise
        cause = str(error) if isinstance(error, _Odd) else type(error).__name__
        raise Refused(name, f"it cannot be unpacked ({cause})", REMEDY) from None


class _Odd(ValueError):
    """What is wrong with an archive, in our own words."""


class _Sparing:
    """A file that is not read in great pieces: a zip may claim a directory of a gigabyte."""

    def __init__(self, file: BinaryIO) -> None:
        self.seek, self.tell, self.seekable, self._read = file.seek, file.tell, file.seekable, file.read

    def read(self, size: int = -1) -> bytes:
        if size > DIRECTORY:
            raise _Odd("its directory names more than one file")
        return self._read(size)


def _bounded(parts: Iterator[bytes], archive: BinaryIO, name: str, most: int) -> Iterator[bytes]:
    """The same bytes, as long as they are no more than an archive of this size can honestly hold. Raises TooLarge."""
    inflated = 0
    for part in parts:
        inflated += len(part)
        if inflated > most or (inflated > SMALL and inflated > MOST_RATIO * archive.tell()):
            times = inflated // max(archive.tell(), 1)
            raise TooLarge(
                name, f"inflated it has more than {inflated >> 20:,} MB, {times:,} times what was read of it"
            )
        yield part


def has_header(block: bytes) -> bool:
    """Binance's spot archives have no header and futures ones do; a header starts with a letter, a row never does."""
    return block.lstrip(b' "')[:1].isalpha()


def read_block(block: bytes, first: bool, schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    """A block of CSV under our own column names, header or none.
    Raises Refused where the columns are not the known ones."""
    return _csv(
        block,
        has_header=first and has_header(block),
        new_columns=list(schema),
        schema_overrides=list(schema.values()),
    )


def named_columns(schema: Mapping[str, type[pl.DataType]]) -> Reader:
    """A reader of a file's blocks, the first one first, that finds these columns by the names in the file's header.

    Columns that were added, moved or are not wanted do no harm. Raises Refused where one is missing.
    """
    header: list[str] = []

    def read(block: bytes, first: bool) -> pl.DataFrame:
        if first:
            names, _, block = block.partition(b"\n")
            header[:] = names.decode("utf-8", "replace").strip().split(",")
        if missing := schema.keys() - set(header):
            raise Refused(
                "the archive's CSV", f"its header lacks {', '.join(sorted(missing))}", "The source may have changed."
            )
        if not block:
            return pl.DataFrame(schema=schema)
        places = sorted(header.index(name) for name in schema)
        return _csv(block, has_header=False, new_columns=header, columns=places, schema_overrides=schema)

    return read


def _csv(block: bytes, **how: Any) -> pl.DataFrame:
    try:
        return pl.read_csv(block, **how)
    except (
        pl.exceptions.ComputeError,
        pl.exceptions.ShapeError,
        pl.exceptions.SchemaError,
        pl.exceptions.NoDataError,
    ) as error:
        raise Refused(
            "the archive's CSV",
            f"its columns are not the known ones ({type(error).__name__})",
            "The source may have changed its format: the parser needs a look.",
        ) from None


def _parts(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The next `size` bytes of a file, or those that there are."""
    while part := file.read(min(PACKED, size)):
        yield part
        size -= len(part)


def _inflated(parts: Iterator[bytes], window: int) -> Iterator[bytes]:
    inflater, members = isal_zlib.decompressobj(window), 1
    for rest in parts:
        while rest:
            if inflater.eof:
                # A gzip file may hold several members, one after the other.
                inflater, members = isal_zlib.decompressobj(window), members + 1
                if members > MOST_MEMBERS:
                    raise _Odd(f"it has more than {MOST_MEMBERS:,} parts")
            yield inflater.decompress(rest, LINES)
            rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    while part := inflater.decompress(b"", LINES) if not inflater.eof else b"":
        yield part
    if not inflater.eof:
        raise _Odd("it ends too early")


def _checked(parts: Iterator[bytes], crc: int, name: str) -> Iterator[bytes]:
    seen = 0
    for part in parts:
        seen = isal_zlib.crc32(part, seen)
        yield part
    if seen != crc:
        raise Refused(name, "its contents do not match its own CRC", REMEDY)


def whole_lines(parts: Iterator[bytes], name: str, longest: int = LONGEST_LINE) -> Iterator[bytes]:
    """The same bytes in blocks of about LINES that end at a line's end, each put together in one copy.

    Raises TooLarge where a line has more than twice the `longest` bytes.
    """
    held: list[bytes | memoryview] = []
    size = 0
    for part in parts:
        size += len(part)
        end = part.rfind(b"\n") + 1 if size >= LINES else 0
        if not end and size >= LINES + 2 * longest:
            raise _too_long(name, longest)
        held.append(memoryview(part)[:end] if end else part)
        if end:
            yield _of_short_lines(b"".join(held), name, longest)
            held, size = [part[end:]], len(part) - end
    if size:
        yield _of_short_lines(b"".join(held), name, longest)


def _of_short_lines(block: bytes, name: str, longest: int) -> bytes:
    """The block, where a line ends in each stretch of it: that is found without reading every byte."""
    for start in range(0, len(block) - longest, longest):
        if block.find(b"\n", start, start + longest) < 0:
            raise _too_long(name, longest)
    return block


def _too_long(name: str, longest: int) -> TooLarge:
    return TooLarge(name, f"a line in it has more than {longest:,} bytes")
