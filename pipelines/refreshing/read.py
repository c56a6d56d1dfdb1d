"""From stored bytes to rows."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from pipelines.refreshing.failure import in_words
from pipelines.refreshing.snapshots import Entry, opened
from pipelines.source import Frames, SourceModule

Found = Frames | str
"""A piece's rows, or in words why there are none."""


def read(module: SourceModule, entry: Entry, folder: Path, stored: bool) -> Found:
    """The canonical rows of a stored piece, checked; or why there are none.
    Bytes that were `stored` before are proven first."""
    piece = replace(entry.piece, hashes=tuple(reply.sha256 for reply in entry.replies))
    try:
        with ExitStack() as held:
            bodies: list[BinaryIO | bytes] = []
            for reply in entry.replies:
                file = opened(folder, reply.sha256, prove=stored)
                if module.SOURCE.heavy:
                    bodies.append(held.enter_context(file))
                else:
                    # One after the other: a piece may have more pages than a process may have open files.
                    with file:
                        bodies.append(file.read())
            frames = module.parse(bodies, piece)
        module.check(frames, piece)
    except BaseException as error:
        return f"{in_words(error, module.SOURCE)} Nothing of it was loaded; the next refresh fetches it again."
    return frames
