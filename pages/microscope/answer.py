"""The page's answer in two sentences, before any control: in which order it happened, and who broke first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from analytics.market import impact, phases
from analytics.market.decimate import keys
from charts.words import clock
from pages.microscope.departed import caveat, left_first
from pages.microscope.phases import deeper
from pages.shared import words
from pages.shared.ask import ask
from pages.shared.words import safe


def say(container: Any, base: str, start: datetime, end: datetime) -> None:
    """Both sentences, each naming the part of the page that shows how it was found."""
    said = [sentence for sentence in (_order(base, start, end), _first(base, start, end)) if sentence]
    if said:
        container.markdown(" ".join(said))


def _order(base: str, start: datetime, end: datetime) -> str:
    markets = ask(impact.markets, base=base, start=start, end=end)
    if markets.is_empty():
        return ""
    best = markets.row(0, named=True)
    named = safe(f"{best['name']} {best['symbol']}")
    found = ask(phases.by_rule, key=keys(markets)[0], start=start, end=end)
    if reason := found["refusal"][0]:
        return f"In **{named}** no cascade can be told apart here: {safe(_inner(reason))} (Phases)."
    at = {row["phase"]: row for row in found.iter_rows(named=True)}
    after = deeper(at, ask(phases.lowest, key=keys(markets)[0], start=start, end=end))
    tell = {
        "onset": lambda row: f"began to fall at **{clock(row['begins'])} UTC**",
        "cascade": lambda row: f"fell in a cascade from **{clock(row['begins'])}**",
        "capitulation": lambda row: (
            f"turned at **{words.price(row['lowest'])}**, in the bar of **{clock(row['lowest_at'])}**"
            if after
            else f"was lowest, at **{words.price(row['lowest'])}**, in the bar of **{clock(row['lowest_at'])}**"
        ),
        "recovery": lambda row: f"had regained half by **{clock(row['ends'])}**" if row["ends"] else "",
    }
    told = [sentence for phase, row in at.items() if (sentence := tell[phase](row))]
    return (
        f"{named} {', '.join(told[:-1])}{' and ' if told[:-1] else ''}{told[-1]}{'; ' * bool(after)}{after} (Phases)."
    )


def _first(base: str, start: datetime, end: datetime) -> str:
    rows = left_first(base, start, end)
    if rows.is_empty():
        return ""
    if reason := rows["refusal"][0]:
        return f"**Which venue broke first cannot be told**: {safe(_inner(reason))} (Dislocation)."
    first = rows.row(0, named=True)
    but = f", {safe(caveat(rows))}," if caveat(rows) else ""
    return (
        f"**{safe(first['name'])} {words.market_kind(first)}**{but} **left the other venues first**, between "
        f"{clock(first['left_after'], 'second')} and {clock(first['left_by'], 'second')} UTC (Dislocation)."
    )


def _inner(sentence: str) -> str:
    """A sentence that goes on another one."""
    return (sentence[0].lower() + sentence[1:]).removesuffix(".")
