"""The forms a table is served in. Each is written batch by batch, so that no answer is ever held whole."""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from analytics.data.export import as_text, csv

Batches = Iterable[pa.RecordBatch]
EVERY = 2**62


@dataclass(frozen=True)
class Form:
    """How a table is written: `batch` rows at a time, at most `most` in one answer; a browser saves it or shows it."""

    media_type: str
    disposition: str
    batch: int
    most: int
    write: Callable[[Batches], Generator[bytes]]


def _csv(batches: Batches) -> Generator[bytes]:
    for number, batch in enumerate(batches):
        yield csv(pl.DataFrame(batch), header=number == 0)


def _csv_for_excel(batches: Batches) -> Generator[bytes]:
    for number, batch in enumerate(batches):
        yield csv(as_text(pl.DataFrame(batch)), header=number == 0)


def _json(batches: Batches) -> Generator[bytes]:
    before = b"["
    for batch in batches:
        rows = orjson.dumps(pl.DataFrame(batch).to_dicts(), option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z)
        yield before + rows[1:-1]
        before = b","
    yield b"]"


class _Outlet(io.RawIOBase):
    """A file that gives away what was written to it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, part: Any, /) -> int:
        self._parts.append(bytes(part))
        self._position += len(self._parts[-1])
        return len(self._parts[-1])

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken


def _parquet(batches: Batches) -> Generator[bytes]:
    outlet, writer = _Outlet(), None
    for batch in batches:
        writer = writer or pq.ParquetWriter(outlet, batch.schema, compression="zstd")
        writer.write_batch(batch)
        yield outlet.take()
    if writer:
        writer.close()
        yield outlet.take()


FORMS = {
    "csv": Form("text/csv; charset=utf-8", "attachment", 20_480, EVERY, _csv),
    "json": Form("application/json", "inline", 4_096, 100_000, _json),
    "parquet": Form("application/vnd.apache.parquet", "attachment", 122_880, EVERY, _parquet),
}
EXCEL = replace(FORMS["csv"], write=_csv_for_excel)
