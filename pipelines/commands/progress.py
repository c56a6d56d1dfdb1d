"""Progress of a refresh on the terminal: a bar a source, with pieces, bytes, rows and the time left,
and what came of it."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from pipelines.refreshing.outcome import Outcome


class Bars:
    """Shows what `refresh` reports: bars where the output is a terminal, and each outcome as it ends anywhere."""

    def __init__(self, console: Console, show: Callable[[Outcome], None]) -> None:
        self._show = show
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[megabytes]:.1f} MB"),
            TextColumn("{task.fields[rows]:,} rows"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def planned(self, source: str, pieces: int) -> None:
        self._tasks[source] = self._progress.add_task(source, total=pieces, megabytes=0.0, rows=0)

    def received(self, source: str, size: int) -> None:
        task = self._progress.tasks[self._tasks[source]]
        self._progress.update(self._tasks[source], megabytes=task.fields["megabytes"] + size / 1e6)

    def loaded(self, source: str, rows: int) -> None:
        task = self._progress.tasks[self._tasks[source]]
        self._progress.update(self._tasks[source], advance=1, rows=task.fields["rows"] + rows)

    def ended(self, outcome: Outcome) -> None:
        self._show(outcome)
