"""Every headline figure of every page and tab, recomputed from the CSVs alone."""

from __future__ import annotations

import pytest

from tests.figures import (
    backpack,
    cascade,
    crash_days,
    data,
    exchange,
    exchanges,
    liquidations,
    microscope,
    overview,
    settlement,
    tokenized,
)
from tests.figures.views import Figure, agrees
from tests.shell import PAGES

ROOMS = (
    overview,
    cascade,
    exchanges,
    liquidations,
    tokenized,
    crash_days,
    data,
    microscope,
    exchange,
    backpack,
    settlement,
)
FIGURES = [figure for room in ROOMS for figure in room.FIGURES]
LEAST = 150


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_the_page_prints_what_the_files_give(figure: Figure) -> None:
    printed, values = figure.printed(), figure.values()
    assert len(printed) == len(values)
    wrong = [(said, value) for said, value in zip(printed, values, strict=True) if not agrees(said, value)]
    assert not wrong, f"printed and recomputed: {wrong}"


def test_no_page_is_left_out() -> None:
    assert {figure.page for figure in FIGURES} == {page.stem for page in PAGES}
    assert sum(figure.says.count("{}") for figure in FIGURES) >= LEAST
