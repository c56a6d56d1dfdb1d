"""Data: what is held."""

from __future__ import annotations

from pipelines.config import ROOT
from tests.figures import facts
from tests.figures.views import on

of = on("data")
DECLARED = 1
"""The reference pack describes itself as a source."""


def rows() -> int:
    """Rows of every file, less those that corrections leave out, and what the code says of itself."""
    files = sorted((ROOT / "data" / "reference").glob("*.csv"))
    return sum(len(facts.table(file.stem)) for file in files)


FIGURES = [
    of("crash_days: {} rows", lambda: len(facts.table("crash_days"))),
    of("Sources: {}", lambda: len(facts.table("sources"))),
]
