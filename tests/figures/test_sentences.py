"""What the truth audit found wrong or misleading is printed nowhere any more; each sentence has its test.

Those of lead-lag, branching, impact and throttle are tested beside their methods.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.figures import every
from tests.figures.views import shown


@pytest.fixture(scope="module")
def said() -> str:
    return "\n".join(every.words(every.PLAIN + every.OTHERS).values())


GONE = {
    "W1 a low that is not the market's: USDE": r"USDE/USDT.{0,120}was lowest, at 0\.6567",
    "W1 a low that is not the market's: TRX": r"TRX/USDT.{0,120}was lowest, at 0\.307",
    "W2 a whole bar's volume at one price": r"Most changed hands between",
    "W3 funding without the payment at its start": r"paid shorts 0\.0125 %",
    "W5 two windows in one range": r"\$9\.3 bn to \$10\.31 bn",
    "W6 settings counted that change nothing": r"of 18 settings",
    "W7 an extract called the day": r"% of the day's",
    "W8 readings of two universes as one": r"was read (?!7 times)\d+ times",
    "low confidence in a title: entrants": r"2026: 9 entered",
    "low confidence in a title: custodial": r"third-party custodial 5\.4 %(?! \(low confidence\))",
    "M1 whose price": r"Bitcoin fell",
    "M1 another definition of the fall": r"35 minutes",
    "M3 a spread of readings as a bound": r"bounded from both sides",
    "M4 drawn percentages": r"79 %|21 % of the draws|of the draws",
    "M5 one set inside another": r"lie in venues and hours",
    "M6 a ratio across the change of measurement": r"1\.9 times",
    "M7 perpetuals and all derivatives in one range": r"−29\.7 % to −43\.0 %|Only Hyperliquid has open interest both",
    "M8 a low in a hole": r"107,000 on Gemini|BTC \(Gemini\)",
    "M8 a perpetual beside spot, unsaid": r"BTC on Binance and Gemini stood",
    "M9 one σ without an interval": r"28 σ",
    "M10 more digits than the inputs": r"1,953 to 1,959|2\.56 %",
    "M11 a residual without its rounding": r"\$760 m",
    "bug 13 digits of rounded parts": r"0\.02 % apart|0\.10 % apart",
    "M12 one peer that confirms": r"its peers confirm",
    "M12 pegged coins among coins": r"429 USDT markets had",
    "M13 one border of four": r"moves the cascade's begin",
    "liquidated is not lost": r"lost the most|s lost \d+ %|Who lost what",
}


@pytest.mark.parametrize("sentence", GONE)
def test_no_page_says_it_any_more(said: str, sentence: str) -> None:
    found = re.search(GONE[sentence], said)
    assert not found, said[max(found.start() - 100, 0) : found.end() + 100]


def test_a_parody_copy_is_in_no_chart() -> None:
    days = shown("crash_days")
    assert "Oct. 17, 2025 $1.2 bn" not in days


INSTEAD: dict[str, Callable[[], bool]] = {
    "W2 wide bars are refused": lambda: (
        "At which prices it changed hands is not known" in shown("microscope", (("coin", "SOL"), ("tab", "Flow")))
    ),
    "bug 7 no exchange is named whose data are not shown": lambda: (
        not any(
            re.search(r"Source: .*Coinbase", shown("microscope", link))
            for link in (
                (("tab", "Flow"),),
                (("tab", "Who moved first"),),
                (("coin", "TRX"), ("tab", "Flow")),
                (("coin", "TRX"), ("tab", "Phases")),
                (("coin", "TRX"), ("tab", "Liquidity")),
            )
        )
    ),
    "M6 no ratio between days measured differently": lambda: (
        "measured differently, so no ratio"
        in shown("liquidations", (("other", "apr-18-2021"), ("tab", "Day against day")))
    ),
}


@pytest.mark.parametrize("sentence", INSTEAD)
def test_what_is_said_instead(sentence: str) -> None:
    assert INSTEAD[sentence]()
