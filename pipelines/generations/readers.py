"""How a generation is read: marked, so that no refresh removes it meanwhile; why it cannot be, in a sentence."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import duckdb

from pipelines.generations.notes import Generation, current, file_path, generations, note_on, note_path, pointed_to
from pipelines.tables.dictionary import layout

DAMAGE = (duckdb.IOException, duckdb.FatalException, duckdb.SerializationException)
"""What DuckDB raises where a file was cut or altered, beside a bare `duckdb.Error` where a block's checksum differs."""


class NoWarehouse(LookupError):
    """Nothing that can be read is published; the message says what to do."""


class GenerationGone(LookupError):
    """A generation that was asked for by its number is not kept, or cannot be read."""


def published(folder: Path) -> Generation:
    """The published generation, if this code can read its tables. Raises NoWarehouse."""
    generation = current(folder)
    if generation is None:
        raise NoWarehouse("Nothing is published yet. Run: python -m pipelines build")
    if generation.layout != layout():
        raise NoWarehouse("The published data have the tables of another version. Run: python -m pipelines build")
    return generation


@contextmanager
def reading(folder: Path, number: int | None = None) -> Iterator[Generation]:
    """A kept generation, the published one by default: no refresh removes it meanwhile.

    A reader that dies holds nothing. Raises NoWarehouse, GenerationGone.
    """
    while True:
        generation = published(folder) if number is None else _kept(folder, number)
        with ExitStack() as stack:
            # Where nothing can be locked nothing can be refreshed and removed either; reading still works.
            with suppress(OSError):
                # Not the database itself: closing a handle of it would drop the lock that DuckDB holds here.
                handle = stack.enter_context(note_path(folder, generation.generation).open())
                fcntl.flock(handle, fcntl.LOCK_SH)
            if (folder / generation.file).exists():
                yield generation
                return
        if number is not None:
            raise _gone(folder, number)
        # Published a moment ago, replaced and removed since: the one that is published now will do.
        if published(folder) == generation:
            raise unreadable(generation.generation)


@contextmanager
def opened(folder: Path, number: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A generation as `reading` finds it, open for one reader: read-only, in UTC.
    Raises NoWarehouse, GenerationGone."""
    with (
        reading(folder, number) as generation,
        naming_damage(generation.generation),
        duckdb.connect(str(folder / generation.file), read_only=True) as connection,
    ):
        connection.execute("SET GLOBAL TimeZone='UTC'")
        yield connection


@contextmanager
def naming_damage(number: int) -> Iterator[None]:
    """Raises NoWarehouse where DuckDB meets a file that it cannot read, or that is not what it wrote."""
    try:
        yield
    except duckdb.Error as error:
        if type(error) is duckdb.Error or isinstance(error, DAMAGE):
            raise unreadable(number) from error
        raise


def unreadable(number: int) -> NoWarehouse:
    return NoWarehouse(
        f"The file of generation {number} cannot be read whole. Where it is the published one, a whole one takes its "
        "place with: python -m pipelines build"
    )


def remove(folder: Path, number: int) -> bool:
    """Remove a generation; returns False, and removes nothing, where somebody reads it at this moment."""
    with ExitStack() as stack:
        # Who gets its lock after us finds the file gone.
        with suppress(FileNotFoundError):
            handle = stack.enter_context(note_path(folder, number).open())
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        file_path(folder, number).unlink()
        note_path(folder, number).unlink(missing_ok=True)
    return True


def _kept(folder: Path, number: int) -> Generation:
    """A generation by its number. Raises GenerationGone."""
    stated = pointed_to(folder)
    generation = stated if stated and stated.generation == number else note_on(folder, number)
    if generation is None:
        raise _gone(folder, number)
    return generation


def _gone(folder: Path, number: int) -> GenerationGone:
    kept = [one for one in generations(folder) if one != number]
    why = "is no longer kept" if not file_path(folder, number).exists() else "cannot be shown: the note on it is lost"
    return GenerationGone(f"Generation {number} {why}. Kept are: {', '.join(map(str, kept)) or 'none'}.")
