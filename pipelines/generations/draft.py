"""The life of the warehouse: draft, publish, keep, roll back.

A generation is a DuckDB file that is never written again once it has its name. The next one is built as
`building-000042.duckdb` from a copy, closed, renamed, and becomes visible when `current.json` is replaced atomically.
Whoever dies on the way leaves what was published as it was.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb
import polars as pl

from pipelines.generations.fsync import sync
from pipelines.generations.notes import (
    Generation,
    built_at,
    current,
    file_path,
    file_sha256,
    generations,
    is_whole,
    mend,
    note_down,
    note_on,
    pinned,
    point_to,
    utc_seconds,
)
from pipelines.generations.readers import remove
from pipelines.tables.canonical import TABLES
from pipelines.tables.dictionary import column_names, ddl, layout

MEMORY_LIMIT = "512MB"
"""Of DuckDB while it loads; what does not fit goes to a file beside the draft."""
ROWS_A_COMMIT = 400_000
"""Rows of a transaction: more take memory, fewer make DuckDB write rows twice, to its log and to their place."""
VOLATILE = {"snapshots": "fetched_at"}
"""Columns that differ between two builds of the same bytes; `content_hash` leaves them out, and `runs` altogether."""


class Busy(RuntimeError):
    """Another process is refreshing this warehouse."""


@contextmanager
def exclusive(folder: Path, name: str = "refresh.lock") -> Iterator[None]:
    """Hold the lock of this name; it dies with its holder, so a killed refresh never blocks the next. Raises Busy."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("Another build or refresh is running on this warehouse; nothing was done.") from None
        except OSError as error:
            raise OSError(f"{folder} lies on a file system that cannot lock ({error.strerror})") from None
        yield


class Draft:
    """The next generation while it is built, a copy of the published one or `empty`. Hold `exclusive` around it."""

    def __init__(self, folder: Path, empty: bool = False) -> None:
        self.folder = folder
        mend(folder)
        published = current(folder)
        self.published = published if published and is_whole(folder, published) else None
        # A generation built by code with other tables cannot be copied: everything is loaded anew.
        self.base = None if empty or (self.published and self.published.layout != layout()) else self.published
        # Not the number of one whose file was lost either: links to it must not show other data.
        self.number = max([*generations(folder), published.generation if published else 0]) + 1
        self.path = folder / f"building-{self.number:06d}.duckdb"
        self._clear()
        try:
            self._begin()
        except BaseException:
            self._clear()
            raise

    def _clear(self) -> None:
        """Remove every draft, with what DuckDB laid beside it:
        a log it could not work off holds disk space others need."""
        for stale in self.folder.glob("building-*"):
            shutil.rmtree(stale) if stale.is_dir() else stale.unlink()

    def _begin(self) -> None:
        if self.base:
            shutil.copyfile(self.folder / self.base.file, self.path)
        limits: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(self.folder / "tmp"),
        }
        self.connection = duckdb.connect(str(self.path), config=limits)
        self.connection.execute("SET GLOBAL TimeZone='UTC'")
        if not self.base:
            for name in TABLES:
                self.connection.execute(ddl(name))
        self.connection.execute("BEGIN")
        # What the open transaction holds, with its rows: written again where a part of it fails.
        self._uncommitted: list[tuple[Callable[[], object], int]] = []
        self._in_whole = False

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self._clear()

    def rows(self, sql: str, **parameters: object) -> pl.DataFrame:
        return self.connection.sql(sql, params=parameters).pl()

    def insert(self, table: str, frame: pl.DataFrame) -> None:
        columns = column_names(table)
        names = ", ".join(f'"{column}"' for column in columns)

        def write() -> None:
            self.connection.register("incoming", frame.select(columns))
            self.connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming")
            self.connection.unregister("incoming")

        self._write(write, frame.height)

    def forget(self, snapshot_ids: list[str], tables: Iterable[str] = TABLES) -> None:
        """Delete every row of these tables that was read from these bytes, so that newer bytes can take their place."""
        for table in tables:
            if "snapshot_id" in column_names(table):
                sql = f"DELETE FROM {table} WHERE snapshot_id IN (SELECT unnest($ids))"
                self._write(partial(self.connection.execute, sql, {"ids": snapshot_ids}))

    @contextmanager
    def whole(self) -> Iterator[None]:
        """All that is written in the block, or nothing of it; what was written before stays."""
        before, self._in_whole = len(self._uncommitted), True
        try:
            yield
        except BaseException:
            # DuckDB has no savepoints: what shares the transaction is written once more.
            self.connection.execute("ROLLBACK; BEGIN")
            self._uncommitted = self._uncommitted[:before]
            for write, _ in self._uncommitted:
                write()
            raise
        finally:
            self._in_whole = False
        self._commit_many()

    def _write(self, write: Callable[[], object], rows: int = 0) -> None:
        write()
        self._uncommitted.append((write, rows))
        if not self._in_whole:
            self._commit_many()

    def _commit_many(self) -> None:
        if sum(rows for _, rows in self._uncommitted) >= ROWS_A_COMMIT:
            self.connection.execute("COMMIT; BEGIN")
            self._uncommitted = []

    def publish(self, now: datetime) -> Generation | None:
        """Make the draft the published generation. Returns None, and publishes nothing,
        if its content is what is out already."""
        content_hash = content_hash_of(self.connection)
        if self.published and self.published.content_hash == content_hash:
            return None
        # A commit that is followed by a checkpoint at once writes the rows to their place, and not to the log before.
        self.connection.execute("SET checkpoint_threshold = '1KB'; COMMIT; CHECKPOINT")
        self.connection.close()
        sync(self.path)
        final = file_path(self.folder, self.number)
        generation = Generation(
            self.number,
            final.name,
            file_sha256(self.path),
            content_hash,
            utc_seconds(now),
            layout=layout(),
        )
        note_down(self.folder, generation)
        os.replace(self.path, final)
        point_to(self.folder, generation)
        return generation


def content_hash_of(connection: duckdb.DuckDBPyConnection) -> str:
    """A hash of what the tables hold, the same for two builds of the same bytes (DuckDB's files themselves are not)."""
    columns = {table: [name for name in column_names(table) if name != VOLATILE.get(table)] for table in TABLES}
    sums = (
        f"""
        SELECT '{table}', count(*), coalesce(sum(hash(t)::HUGEINT), 0)
        FROM (SELECT "{'", "'.join(names)}" FROM {table}) t
        """
        for table, names in columns.items()
        if table != "runs"
    )
    found = {
        table: f"{table} {rows} {total}\n"
        for table, rows, total in connection.execute(" UNION ALL ".join(sums)).fetchall()
    }
    return hashlib.sha256("".join(found[table] for table in sorted(found)).encode()).hexdigest()


def rollback(folder: Path, number: int | None = None) -> Generation:
    """Point back to an earlier generation, the one before the published one by default.
    Raises ValueError if it is not whole on disk."""
    published, on_disk = current(folder), generations(folder)
    earlier = [candidate for candidate in on_disk if published and candidate < published.generation]
    target = number if number is not None else (earlier[-1] if earlier else None)
    kept = f"Kept: {', '.join(map(str, on_disk)) or 'none'}."
    if target not in on_disk:
        raise ValueError(
            f"{'There is no earlier generation' if target is None else f'Generation {target} is not on disk'}. {kept}"
        )
    generation = note_on(folder, target)
    if generation is None:
        raise ValueError(f"The note on generation {target} is lost, so nothing proves its file. {kept}")
    if not is_whole(folder, generation):
        raise ValueError(f"Generation {target} is damaged (its sha256 differs from the one recorded). {kept}")
    point_to(folder, generation)
    return generation


def prune(folder: Path, now: datetime, keep: int = 3, days: int = 14, keep_bytes: int | None = None) -> list[int]:
    """Remove old generations: kept are the last `keep`, the last of each UTC day for `days`,
    the published and the pinned.

    Where these take more than `keep_bytes`, the oldest go too. The published, the pinned and those in use always stay.
    """
    on_disk, published = generations(folder), current(folder)
    staying = pinned(folder) | ({published.generation} if published else set())
    kept = set(on_disk[-keep:]) | staying
    last_of_day: dict[str, int] = {}
    for number in on_disk:
        built = built_at(folder, number)
        if now - built < timedelta(days=days):
            last_of_day[built.astimezone(UTC).date().isoformat()] = number
    kept |= set(last_of_day.values())
    sizes = {number: file_path(folder, number).stat().st_size for number in on_disk}
    for number in on_disk:
        if keep_bytes is not None and number not in staying and sum(sizes[one] for one in kept) > keep_bytes:
            kept.discard(number)
    return [number for number in on_disk if number not in kept and remove(folder, number)]
