"""Entrants and exits by year: a bar for each, names in the hover text, nothing from outside as markup."""

from __future__ import annotations

import polars as pl

from charts.tokenized import moves


def test_entrants_and_exits_are_two_colours_and_names_are_plain_text() -> None:
    rows = pl.DataFrame(
        {
            "year": [2025, 2026, 2026],
            "move": ["entered", "entered", "left"],
            "products": [1, 2, 1],
            "names": ["<b>A", "B; C", "A"],
        }
    )
    entered, left = moves.by_year(rows).data
    assert (list(entered.x), list(entered.y), list(left.x), list(left.y)) == ([2025, 2026], [1, 2], [2026], [1])
    assert list(entered.customdata) == ["&lt;b&gt;A", "B<br>C"]
    assert entered.marker.color != left.marker.color
