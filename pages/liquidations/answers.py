"""Three answers in words, each with its reasons below it and its figures in the menu."""

from __future__ import annotations

from typing import Any

import polars as pl

from analytics.liquidations import answers, bounds, rank
from charts.terms import listed
from pages.liquidations.words import between_days, comparable, most
from pages.shared.ask import ask
from pages.shared.card import card


def who_was_largest(crash_day: str, board: dict[str, Any] | None) -> None:
    question = "Which exchange liquidated most?"
    if board is None:
        card(
            "Not known: no board of this day names two exchanges",
            pl.DataFrame(),
            key="most",
            about=question,
            empty="Without a board that names its exchanges nobody can say.",
        )
        return
    ranked, turning = (
        ask(asked, crash_day=crash_day, board=board["board"]) for asked in (bounds.of_board, rank.turning_points)
    )
    finding, why = most(ranked, turning)
    card(finding, ranked, key="most", about=f"{question} {board['origin']}, {board['window_label']}. USD", note=why)


def do_they_compare(crash_day: str, first: str, second: str) -> None:
    pair = ask(answers.pair, crash_day=crash_day, first=first, second=second)
    finding, why = comparable(pair)
    names = listed(pair["name"].to_list())
    card(finding, pair, key="pair", about=f"Are the figures of {names} comparable? USD", note=why)


def how_do_days_compare(crash_day: str, other: str) -> None:
    both, changes, alike = (
        ask(asked, first=crash_day, second=other) for asked in (answers.days, answers.changes_between, answers.subset)
    )
    finding, why = between_days(both, changes, alike)
    first, second = both["title"]
    card(finding, both, key="days", about=f"How does {first} compare with {second}? USD", note=why)
