"""From stored bytes to rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import polars as pl

from pipelines.refreshing.failure import in_words
from pipelines.refreshing.in_order import in_order
from pipelines.refreshing.load import is_loaded, loaded_pieces
from pipelines.refreshing.origin import origin_of
from pipelines.refreshing.run import Run
from pipelines.refreshing.snapshots import Entry, opened
from pipelines.source import Frames, SourceModule

HEAVY_LANES = 2
"""Heavy pieces parsed beside each other, where there is a core for each: one keeps more than a core busy, and takes
some 150 MB."""
READ_AHEAD = 4
"""Heavy pieces that may be read before the one being loaded is in: it bounds memory."""

Reading = Frames | str
"""A piece's rows, or in words why there are none."""


def read_all(run: Run, module: SourceModule, entries: Iterable[Entry]) -> Iterator[tuple[Entry, Reading | None]]:
    """Entries with their rows, None where the draft already holds them; heavy ones are parsed beside each other."""

    def one(job: tuple[Entry, bool, bool]) -> tuple[Entry, Reading | None]:
        entry, is_in_draft, stored = job
        return entry, None if is_in_draft else read(module, entry, run.store.folder, stored)

    loaded = loaded_pieces(run.draft, module)
    jobs = (
        (entry, is_loaded(loaded, module, origin_of(run.settings, entry)), run.store.had_any_of(entry))
        for entry in entries
    )
    if not module.SOURCE.heavy:
        yield from map(one, jobs)
        return
    with ThreadPoolExecutor(min(HEAVY_LANES, pl.thread_pool_size())) as pool:
        yield from in_order(pool.submit, one, jobs, READ_AHEAD)


def read(module: SourceModule, entry: Entry, folder: Path, stored: bool) -> Reading:
    """The canonical rows of a stored piece, checked; or why there are none.
    Bytes that were `stored` before are proven first."""
    piece = replace(entry.piece, hashes=tuple(reply.sha256 for reply in entry.replies))
    try:
        with ExitStack() as open_files:
            bodies: list[BinaryIO | bytes] = []
            for reply in entry.replies:
                file = opened(folder, reply.sha256, prove=stored)
                if module.SOURCE.heavy:
                    bodies.append(open_files.enter_context(file))
                else:
                    # One after the other: a piece may have more pages than a process may have open files.
                    with file:
                        bodies.append(file.read())
            frames = module.parse(bodies, piece)
        module.check(frames, piece)
    except BaseException as error:
        return f"{in_words(error, module.SOURCE)} Nothing of it was loaded; the next refresh fetches it again."
    return frames
