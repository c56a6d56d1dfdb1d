"""How every question reaches the data: one hardened hub per process that attaches published generations read-only.

A generation is attached under its own alias and leased while it is queried, so a publication never blocks a reader and
no query sees two generations. (A path that is reopened after a replacement silently serves the old data: DuckDB keeps
one instance per path. Hence the aliases.)
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa

from pipelines import warehouse as publishing
from pipelines.config import Settings


class NoWarehouse(LookupError):
    """Nothing has been published yet."""


class GenerationGone(LookupError):
    """A link names a generation that is no longer kept."""


@dataclass(frozen=True)
class Warehouse:
    """One generation, leased: what every analytics function takes first."""

    number: int
    built_at: str
    content_hash: str
    _hub: duckdb.DuckDBPyConnection

    def query(self, sql: str, **parameters: object) -> pl.DataFrame:
        """Run SQL on this generation; values are parameters, never text. The result is materialised before the lease ends."""
        cursor = self._hub.cursor()
        cursor.execute(f"USE {_alias(self.number)}")
        return cursor.sql(sql, params=parameters).pl()

    def stream(self, sql: str, size: int, **parameters: object) -> pa.RecordBatchReader:
        """The same in batches of `size` rows, made as they are read: read them before the lease ends."""
        cursor = self._hub.cursor()
        cursor.execute(f"USE {_alias(self.number)}")
        # Not cursor.execute(sql).to_arrow_reader(): that holds all rows before it gives the first.
        return cursor.sql(sql, params=parameters).to_arrow_reader(size)


class Hub:
    """Attaches generations on demand and detaches those nobody reads any more."""

    def __init__(self, folder: Path, memory: str = "1GB") -> None:
        self.folder = folder
        self._guard = threading.Lock()
        self._leases: dict[int, int] = {}
        self._connection = duckdb.connect(":memory:")
        for statement in (
            "SET GLOBAL TimeZone='UTC'",
            f"SET temp_directory='{folder.parent / 'tmp'}'",
            f"SET memory_limit='{memory}'",
            f"SET allowed_directories=['{folder}']",
            "SET enable_external_access=false",
            "SET lock_configuration=true",
        ):
            self._connection.execute(statement)

    def published(self) -> publishing.Generation:
        generation = publishing.current(self.folder)
        if generation is None:
            raise NoWarehouse("No data has been published yet. Run: python -m pipelines build")
        return generation

    @contextmanager
    def lease(self, number: int | None = None) -> Iterator[Warehouse]:
        """Hold a generation, the published one by default; no refresh removes it meanwhile. Raises NoWarehouse, GenerationGone."""
        with ExitStack() as held:
            generation = self._hold(number, held)
            yield Warehouse(generation.generation, generation.built_at, generation.content_hash, self._connection)

    def _hold(self, number: int | None, held: ExitStack) -> publishing.Generation:
        """Mark a generation as read and attach it, until `held` is closed."""
        while True:
            generation = self.published() if number is None else self._kept(number)
            with ExitStack() as trying:
                try:
                    trying.enter_context(publishing.reading(self.folder, generation.generation))
                    self._attach(generation)
                except FileNotFoundError:
                    # Published a moment ago, replaced and removed since: the one that is published now will do.
                    if number is None and self.published() != generation:
                        continue
                    raise self._gone(generation.generation) from None
                held.push(trying.pop_all())
                held.callback(self._release, generation.generation)
                return generation

    def _gone(self, number: int) -> GenerationGone:
        kept = ", ".join(map(str, publishing.generations(self.folder)))
        return GenerationGone(f"Generation {number} is no longer kept. Kept are: {kept}.")

    def _kept(self, number: int) -> publishing.Generation:
        try:
            return publishing.Generation(**json.loads((self.folder / f"gen-{number:06d}.json").read_bytes()))
        except FileNotFoundError:
            raise self._gone(number) from None

    def _attach(self, generation: publishing.Generation) -> None:
        with self._guard:
            if generation.generation not in self._leases:
                path = self.folder / generation.file
                if not path.exists():
                    raise FileNotFoundError(path)
                self._connection.cursor().execute(f"ATTACH '{path}' AS {_alias(generation.generation)} (READ_ONLY)")
                self._leases[generation.generation] = 0
            self._leases[generation.generation] += 1

    def _release(self, number: int) -> None:
        with self._guard:
            self._leases[number] -= 1
            newest = max(self._leases)
            for idle in [held for held, users in self._leases.items() if users == 0 and held != newest]:
                self._connection.cursor().execute(f"DETACH {_alias(idle)}")
                del self._leases[idle]


def generation_named(text: str) -> int | None:
    """The generation number a link names; None where the text cannot be one."""
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _alias(number: int) -> str:
    return f"g{number:06d}"


@cache
def hub() -> Hub:
    """The process's one hub."""
    return Hub(Settings().warehouse_dir.resolve())


def downloads() -> Hub:
    """A second hub for whole tables: what it sorts cannot take the memory a page needs, and goes to the disk instead."""
    return _downloads(hub().folder)


@cache
def _downloads(folder: Path) -> Hub:
    return Hub(folder, memory="384MB")
