"""What one run did for one source: shown as it ends, noted in the log, and a row of the table `runs`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime

UNPUBLISHED = "its bytes were fetched and kept, but nothing is published while an embedded fact is refused."


@dataclass
class Outcome:
    """What one run did for one source; a line of `runs`."""

    run_id: str
    loader: str
    started_at: datetime
    finished_at: datetime
    outcome: str = "unchanged"
    rows_loaded: int = 0
    rows_refused: int = 0
    error: str | None = None
    rows_doubled: int = 0
    refusals: tuple[str, ...] = ()

    def failed(self, why: str) -> None:
        # Half a surrogate pair, as a name may come with, can be neither printed nor stored.
        why = why.encode(errors="backslashreplace").decode()
        self.outcome, self.error = "failed", f"{self.error}\n{why}" if self.error else why

    def skipped(self, why: str) -> None:
        self.outcome, self.error = "skipped", why


def start(loader: str) -> Outcome:
    """The outcome of a source whose turn begins now: unchanged, until something happens."""
    now = datetime.now(UTC)
    return Outcome(f"{now:%Y%m%dT%H%M%S.%f}-{os.getpid()}", loader, now, now)
