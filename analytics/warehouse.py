"""How every question reaches the data: one hardened hub per process that attaches published generations read-only.

A generation is attached under its own alias and leased while it is queried, so a publication never blocks a reader and
no query sees two generations. (A path that is reopened after a replacement silently serves the old data: DuckDB keeps
one instance per path. Hence the aliases.)
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa

from pipelines.config import Settings
from pipelines.generations import readers
from pipelines.generations.notes import Generation
from pipelines.generations.readers import GenerationGone, NoWarehouse
from pipelines.tables.dictionary import layout

Columns = dict[str, pl.DataType | type[pl.DataType]]
"""Names and types of an answer's columns, for where no row gives them."""

__all__ = ["Columns", "GenerationGone", "Hub", "NoWarehouse", "Warehouse", "generation_named", "hub"]


@dataclass(frozen=True)
class Warehouse:
    """One generation, leased: what every analytics function takes first."""

    number: int
    built_at: str
    content_hash: str
    _hub: duckdb.DuckDBPyConnection

    def query(self, sql: str, **parameters: object) -> pl.DataFrame:
        """Run SQL on this generation; values are parameters, never text. The result does not need the lease any more.

        Raises NoWarehouse where the generation's file is damaged.
        """
        cursor = self._hub.cursor()
        cursor.execute(f"USE {_alias(self.number)}")
        with readers.naming_damage(self.number):
            return cursor.sql(sql, params=parameters).pl()

    def stream(self, sql: str, size: int, **parameters: object) -> pa.RecordBatchReader:
        """The same in batches of `size` rows, made as they are read: read them before the lease ends."""
        cursor = self._hub.cursor()
        cursor.execute(f"USE {_alias(self.number)}")
        # Not cursor.execute(sql).to_arrow_reader(): that holds all rows before it gives the first.
        with readers.naming_damage(self.number):
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
            f"SET temp_directory={_quoted(folder.parent / 'tmp')}",
            f"SET memory_limit='{memory}'",
            f"SET allowed_directories=[{_quoted(folder)}]",
            "SET enable_external_access=false",
            "SET lock_configuration=true",
        ):
            self._connection.execute(statement)

    def published(self) -> Generation:
        """The published generation. Raises NoWarehouse."""
        return readers.published(self.folder)

    @contextmanager
    def lease(self, number: int | None = None) -> Iterator[Warehouse]:
        """Hold a generation, the published one by default; no refresh removes it meanwhile. Raises NoWarehouse,
        GenerationGone."""
        with readers.reading(self.folder, number) as generation:
            if generation.layout != layout():
                raise GenerationGone(f"Generation {generation.generation} has the tables of another version.")
            with readers.naming_damage(generation.generation):
                self._attach(generation)
            try:
                yield Warehouse(generation.generation, generation.built_at, generation.content_hash, self._connection)
            finally:
                self._release(generation.generation)

    def _attach(self, generation: Generation) -> None:
        with self._guard:
            if generation.generation not in self._leases:
                path = _quoted(self.folder / generation.file)
                self._connection.cursor().execute(f"ATTACH {path} AS {_alias(generation.generation)} (READ_ONLY)")
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


def _quoted(path: Path) -> str:
    """A path as SQL text, for statements that take no parameters."""
    return "'" + str(path).replace("'", "''") + "'"


@cache
def hub() -> Hub:
    """The process's one hub."""
    return Hub(Settings().warehouse_dir.resolve())


def downloads() -> Hub:
    """A second hub for whole tables: what it sorts cannot take the memory a page needs, and goes to the disk
    instead."""
    return _downloads(hub().folder)


@cache
def _downloads(folder: Path) -> Hub:
    return Hub(folder, memory="384MB")
