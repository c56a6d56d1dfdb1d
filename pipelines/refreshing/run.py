"""What one refresh works with, who watches it, and the wall around each source."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from pipelines.config import Settings
from pipelines.generations.draft import Draft, exclusive
from pipelines.refreshing.failure import in_words
from pipelines.refreshing.outcome import Outcome, start
from pipelines.refreshing.snapshots import Store
from pipelines.source import Source, SourceModule, discover


class Watch(Protocol):
    """Who wants to see the progress."""

    def planned(self, source: str, pieces: int) -> None: ...
    def received(self, source: str, size: int) -> None: ...
    def loaded(self, source: str, rows: int) -> None: ...
    def ended(self, outcome: Outcome) -> None: ...


class Unwatched:
    """Nobody looks."""

    def planned(self, source: str, pieces: int) -> None: ...
    def received(self, source: str, size: int) -> None: ...
    def loaded(self, source: str, rows: int) -> None: ...
    def ended(self, outcome: Outcome) -> None: ...


@dataclass
class Run:
    """What one refresh works with."""

    settings: Settings
    store: Store
    draft: Draft
    watch: Watch

    def fetched_before(self) -> list[SourceModule]:
        """The sources that have stored bytes."""
        stored = {entry.source for entry in self.store.entries.values()}
        return [module for source, module in discover().items() if source in stored]


@contextmanager
def begun(settings: Settings, watch: Watch | None, empty: bool = False) -> Iterator[Run]:
    """A run, alone on this warehouse: its draft a copy of what is published, or `empty`. Raises Busy."""
    with exclusive(settings.warehouse_dir), Draft(settings.warehouse_dir, empty) as draft:
        shutil.rmtree(settings.snapshot_dir / "partial", ignore_errors=True)
        yield Run(settings, Store(settings.snapshot_dir), draft, watch or Unwatched())


@contextmanager
def alone(source: Source) -> Iterator[Outcome]:
    """Around all that is done for one source: what it raises is its own failure, and the time it ended is noted."""
    outcome = start(source.id)
    try:
        yield outcome
    except BaseException as error:
        why = in_words(error, source, "what to ask it for, or what came, could not be made out")
        outcome.failed(f"{source.id}: {why} Its other pieces were left; the other sources go on.")
    outcome.finished_at = datetime.now(UTC)
