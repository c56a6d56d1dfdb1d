"""Build the warehouse without network: from the embedded facts, and what was fetched before."""

from __future__ import annotations

from datetime import UTC, datetime

from pipelines.config import Settings
from pipelines.generations.notes import Generation
from pipelines.refreshing.outcome import Outcome
from pipelines.refreshing.refresh import refresh
from pipelines.source import Ask


def build(settings: Settings) -> tuple[Generation | None, list[Outcome]]:
    """Load what changed among the embedded facts; returns the new generation, or None where nothing changed or
    something was refused. Raises Busy."""
    now = datetime.now(UTC)
    return refresh(settings, [], Ask(now, now, now))
