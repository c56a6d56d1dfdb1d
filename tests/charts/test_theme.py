"""Colours can be seen and told apart, in both themes and by people who do not see red and green apart."""

from __future__ import annotations

import tomllib
from itertools import combinations

import numpy as np
import pytest

from charts import theme
from pipelines.config import ROOT

LEAST_CONTRAST = 3.0
"""WCAG 2 for graphics."""
LEAST_DISTANCE = 0.09
"""In OKLab, under simulated deuteranopia: about four times what is just noticeable side by side."""

DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
"""Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB."""
TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)

MEETING = (
    {"binance", "bybit", "okx", "hyperliquid"},
    {"binance", "coinbase", "gemini", "kraken"},
    {"binance", "uniswap"},
)
"""Venues drawn as lines on one chart; bars carry their name beside them."""
NAMED = {
    **theme.VENUES,
    "other": theme.OTHER,
    "long": theme.LONG,
    "short": theme.SHORT,
    "mark": theme.MARK,
    "event": theme.EVENT,
    "accent": theme.ACCENT,
    **{f"class {position}": colour for position, colour in enumerate(theme.CLASSES)},
}
PAIRS = sorted({pair for group in MEETING for pair in combinations(sorted(group), 2)} | {("long", "short")})


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def seen_by_deuteranopes(colour: str) -> np.ndarray:
    return np.cbrt(np.clip(DEUTERANOPIA @ linear(colour), 0, 1) @ TO_LMS.T) @ TO_OKLAB.T


def distance(one: str, other: str) -> float:
    return float(np.linalg.norm(seen_by_deuteranopes(one) - seen_by_deuteranopes(other)))


def test_the_yardsticks_are_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert distance("#000000", "#ffffff") == pytest.approx(1, abs=0.01)
    assert distance("#d01c1c", "#6b7a00") < LEAST_DISTANCE


@pytest.mark.parametrize("background", [theme.LIGHT_BACKGROUND, theme.DARK_BACKGROUND])
@pytest.mark.parametrize("name", NAMED)
def test_every_colour_stands_out_from_both_backgrounds(name: str, background: str) -> None:
    assert contrast(NAMED[name], background) >= LEAST_CONTRAST


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_what_meets_on_a_chart_stays_apart_without_red_and_green(pair: tuple[str, str]) -> None:
    one, other = (NAMED[name] for name in pair)
    assert distance(one, other) >= LEAST_DISTANCE


def test_no_two_venues_share_a_colour() -> None:
    assert len({*theme.VENUES.values(), theme.OTHER}) == len(theme.VENUES) + 1


def test_venues_that_meet_have_a_colour_of_their_own() -> None:
    assert {name for group in MEETING for name in group} <= set(theme.VENUES)
    assert theme.venue_colour("binance") == theme.VENUES["binance"]
    assert theme.venue_colour("a venue without a colour") == theme.OTHER


def test_the_backgrounds_are_those_the_pages_have() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    assert config["light"]["backgroundColor"] == theme.LIGHT_BACKGROUND
    assert config["dark"]["backgroundColor"] == theme.DARK_BACKGROUND


@pytest.mark.parametrize("shade", ["light", "dark"])
def test_the_pages_own_words_can_be_read(shade: str) -> None:
    colours = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"][shade]
    for background in (colours["backgroundColor"], colours["secondaryBackgroundColor"]):
        assert contrast(colours["textColor"], background) >= 7
        assert contrast(colours["linkColor"], background) >= 4.5


def test_a_figure_has_no_title_and_its_units_on_the_axis() -> None:
    figure = theme.figure(300, alt_axis="Price, USDT", legend=False)
    assert figure.layout.title.text is None
    assert figure.layout.height == 300
    assert figure.layout.yaxis.title.text == "Price, USDT"
    assert figure.layout.showlegend is False


def test_faint_keeps_the_hue() -> None:
    assert theme.faint("#0e8fb0") == "rgba(14,143,176,0.22)"
