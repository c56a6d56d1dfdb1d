"""Settlement: the example of round numbers, and what venues say."""

from __future__ import annotations

from tests.figures import facts
from tests.figures.views import on

of = on("settlement")


def venues(unknown: bool) -> int:
    rows = facts.table("settlement_rules")
    return rows[(rows["rule"] == "unknown") == unknown].venue.nunique()


FIGURES = [of("How {} venues describe it; of {} nothing was found", lambda: (venues(False), venues(True)))]
