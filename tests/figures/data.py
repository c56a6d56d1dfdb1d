"""Data: what is held."""

from __future__ import annotations

from tests.figures import facts
from tests.figures.views import on

of = on("data")
FIGURES = [
    of("crash_days: {} rows", lambda: len(facts.table("crash_days"))),
    of("Sources: {}", lambda: len(facts.table("sources"))),
]
