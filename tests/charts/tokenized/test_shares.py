"""The flip draws every rule as one whole, and refuses to mix wholes."""

from __future__ import annotations

import re

import polars as pl
import pytest

from analytics.tokenized import market
from analytics.warehouse import Warehouse
from charts import theme
from charts.tokenized import shares

OWN = (("vote", ("yes",)),)


@pytest.fixture(scope="module")
def classes(warehouse: Warehouse) -> pl.DataFrame:
    return market.by_class(warehouse, market.readings(warehouse)["reading"][0], OWN)


def test_every_bar_runs_from_0_to_100(classes: pl.DataFrame) -> None:
    bar = shares.flip(classes).data[0]
    for row in set(bar.y):
        pieces = sorted((base, width) for base, width, y in zip(bar.base, bar.x, bar.y, strict=True) if y == row)
        assert pieces[0][0] == pytest.approx(0)
        assert [base + width for base, width in pieces] == pytest.approx([*(base for base, _ in pieces[1:]), 100])
    assert len(set(bar.y)) == 6


def test_bars_are_named_from_the_issuers_down_to_the_readers_rule(classes: pl.DataFrame) -> None:
    names = shares.flip(classes).data[1]
    assert names.text[0].startswith("By issuer") and names.text[-1].startswith("My own rule")
    assert list(names.y) == sorted(names.y, reverse=True)


def test_what_is_not_named_is_hatched_and_said(classes: pl.DataFrame) -> None:
    figure = shares.flip(classes)
    hatched = [
        text for text, shape in zip(figure.data[0].text, figure.data[0].marker.pattern.shape, strict=True) if shape
    ]
    assert set(hatched) == {"not named by issuer about 3 %"}
    assert [words.count("▨</span> not named by issuer about 3 %") for words in figure.data[1].text] == [
        1,
        0,
        0,
        0,
        0,
        0,
    ]


def test_a_piece_too_narrow_for_its_name_is_named_above_its_bar_with_its_colour(classes: pl.DataFrame) -> None:
    bar, names = shares.flip(classes).data
    above = dict(zip(names.y, names.text, strict=True))
    pieces = list(zip(bar.y, bar.x, bar.text, bar.marker.color, bar.marker.pattern.shape, strict=True))
    narrow = [
        (above[y + shares.BAR / 2], text, colour)
        for y, share, text, colour, hatch in pieces
        if share < shares.NARROW and not hatch
    ]
    assert len(narrow) > 10
    assert all(f'<span style="color:{colour}">■</span> {text}' in words for words, text, colour in narrow)


def test_the_words_above_a_bar_stay_on_a_phone(classes: pl.DataFrame) -> None:
    lines = [line for words in shares.flip(classes).data[1].text for line in words.split("<br>")]
    assert max(len(re.sub("<.*?>", "", line)) for line in lines) <= shares.MOST_LETTERS + 2


def test_a_class_without_members_takes_no_room(classes: pl.DataFrame) -> None:
    assert "represented" in classes["class_name"]
    assert not any("represented" in text for text in shares.flip(classes).data[0].text)


def test_within_a_rule_no_two_classes_share_a_colour(classes: pl.DataFrame) -> None:
    ranked = classes.filter(pl.col("rank").is_not_null())
    for _, rows in ranked.group_by("ruleset"):
        assert len(set(shares.colours(rows))) == rows.height
    assert set(shares.colours(classes.filter(pl.col("rank").is_null()))) == {theme.OTHER}


def test_names_from_outside_are_text(classes: pl.DataFrame) -> None:
    evil = classes.with_columns(class_name=pl.lit("<b>x</b>"), name=pl.col("name") + "<i>")
    figure = shares.flip(evil)
    words = "".join(figure.data[0].text + figure.data[1].text)
    assert "<b>" not in words and "<i>" not in words


def test_shares_of_two_readings_may_not_share_an_axis(warehouse: Warehouse) -> None:
    known = market.readings(warehouse)["reading"]
    mixed = pl.concat([market.by_class(warehouse, reading) for reading in known[:2]], how="diagonal_relaxed")
    with pytest.raises(ValueError, match="may not share an axis"):
        shares.flip(mixed)
