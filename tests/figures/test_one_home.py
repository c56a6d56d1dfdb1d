"""A figure has one home: what is said on two pages is said with one value."""

from __future__ import annotations

import re

import pytest

from tests.figures import every
from tests.figures.views import NUMBER
from tests.shell import PAGES

MEANINGS = {
    "how far Bitcoin fell on Binance's perpetual, percent": [
        "Bitcoin on Binance's perpetual fell {} %",
        "Oct. 10, 2025: Binance BTC/USDT:USDT fell {} %",
        "BTC by 21:21:00: down as far as {} %, on Binance perpetual",
    ],
    "in how many minutes": [
        "Bitcoin on Binance's perpetual fell 13.1 % in {} minutes",
        "fell 13.1 % in {} minutes from T0",
    ],
    "the low of Binance's perpetual": [
        "minutes, to {}",
        "Lowest print of BTC so far: {} USDT on Binance perpetual",
        "BTC/USDT:USDT began to fall at 20:50 UTC, fell in a cascade from 21:11, was lowest, at {}",
        "last {}\n",
    ],
    "the total over all venues, billion dollars": [
        "at least ${} bn of positions",
        "All venues: ≥ ${} bn",
        "Oct. 10, 2025: at least ${} bn, and by an estimate",
        "Oct. 10, 2025: at least ${} bn, the most in one list",
        "${} bn on Oct. 10, 2025,",
    ],
    "what the leader reported, billion dollars": [
        "Hyperliquid reported the most: ${} bn",
        "Hyperliquid reported the most, ${} bn",
    ],
    "the leader's share of the board, percent": ["bn, {} % of the board"],
    "what was deleveraged, fills": [
        "of winning positions in {} fills",
        "of winning positions in {} auto-deleveraging fills",
    ],
    "what was deleveraged, billion dollars": [
        "Hyperliquid closed ${} bn of winning",
        "Hyperliquid's ${} bn closed against winners",
    ],
    "the widest gap between venues, assets compared": ["{} of 26 assets have prints of two venues"],
    "USDe's low on Binance": ["USDe fell to {} USDT on Binance", "within 21:20, and {} at 21:54"],
    "when USDe was first below 0.99": [
        "First minute below 0.99: {}, on Binance",
        "below 0.99 on Binance in the {} minute",
    ],
    "trades of the ATOM sweep": [
        "{} aggregate trades with one time stamp",
        "Found by rule: {} aggregate trades of one stamp",
    ],
    "the busiest minute of Bitcoin, coins": ["began at 21:17: {} BTC", "The largest minute began at 21:17:00: {} BTC"],
    "the tokenized market's reading, billion dollars": ["The same ${} bn is"],
    "Hyperliquid's readings, billion dollars": [
        "${} bn to $10.31 bn reported liquidated",
        "Hyperliquid was read as ${}–10.31 bn",
    ],
    "the tracker's total, number of readings": ["total was read {} times"],
}
SAID_OF_DIFFERENT_THINGS = {
    "Long and short add up to $# bn, $# bn is stated: the same within the rounding of the parts",
    "#### # figures of other days, or of no crash day",
}
"""One sentence of two universes, or of two exchanges."""


@pytest.fixture(scope="module")
def said() -> list[str]:
    return list(every.words(every.PLAIN).values())


def test_every_page_is_walked() -> None:
    assert {page for page, _ in every.PLAIN} == {page.stem for page in PAGES}


@pytest.mark.parametrize("meaning", MEANINGS)
def test_one_meaning_has_one_value(said: list[str], meaning: str) -> None:
    values: set[str] = set()
    for sentence in MEANINGS[meaning]:
        pattern = NUMBER.join(re.escape(part) for part in sentence.split("{}"))
        here = {value for words in said for value in re.findall(pattern, words + "\n")}
        assert here, f"no page says “{sentence}”"
        values |= here
    assert len(values) == 1, f"{meaning}: {sorted(values)}"


def test_one_sentence_has_one_set_of_figures(said: list[str]) -> None:
    """The words of a finding without its figures are its key, whatever page it stands on."""
    values: dict[str, set[tuple[str, ...]]] = {}
    for line in {line for words in said for line in words.split("\n") if line.startswith("#### ")}:
        values.setdefault(re.sub(r"\d[\d,.:]*", "#", line), set()).add(tuple(re.findall(r"\d[\d,.:]*", line)))
    twice = {key: found for key, found in values.items() if len(found) > 1}
    assert not {key for key in twice if key.removeprefix("#### ") not in SAID_OF_DIFFERENT_THINGS}, twice
