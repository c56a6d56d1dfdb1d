"""The microscope page through the shell, on the real warehouse: its findings, its refusals, its links, its scrubber."""

from __future__ import annotations

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from pages.microscope import explosive
from pipelines.generations.readers import unreadable
from tests.shell import PAGES, opened

(PAGE,) = [page for page in PAGES if page.stem == "microscope"]
PARTS = [
    "Replay",
    "Phases",
    "Dislocation",
    "Pegs",
    "Extremes",
    "Who moved first",
    "How explosive",
    "Liquidity",
    "Flow",
    "Crash days",
]
SECONDS = ["2025-10-10T21:10:00", "2025-10-10T21:30:00"]


def page(**link: object) -> AppTest:
    return opened(PAGE, **link)


def said(app: AppTest) -> str:
    return "\n".join(text.value.replace("\\", "") for text in [*app.title, *app.markdown])


def notes(app: AppTest) -> str:
    return "\n".join(text.value.replace("\\", "") for text in [*app.caption, *app.info])


def warnings(app: AppTest) -> str:
    return "\n".join(text.value.replace("\\", "") for text in app.warning)


@pytest.mark.parametrize(
    ("link", "findings"),
    [
        (
            {"tab": "Replay"},
            [
                "BTC by 21:21:00: down as far as 13.1 %, on Binance perpetual",
                "Lowest print of BTC so far: 101,516.5 USDT on Binance perpetual",
                "Hyperliquid: 34,600 ADL fills so far, 98.9 % of those in the study's 12 minutes",
                "On Binance longs had paid shorts 0.0138 % so far",
                "no feed of single ones is kept for this day",
                "Open interest: not known to the minute",
            ],
        ),
        (
            {"tab": "Phases"},
            [
                (
                    "Found in Binance BTC/USDT:USDT: onset 20:50, cascade 21:11, capitulation 21:19, recovery "
                    "21:22, half regained by 21:30"
                ),
                "With one parameter halved or doubled: onset 20:50–21:07, cascade 21:11–21:15",
                "Claimed: before 13:00–20:50, cascade 20:50–21:30, aftermath 21:30–03:00",
            ],
        ),
        (
            {"tab": "Dislocation"},
            [
                "BTC on Binance (perpetual) and Gemini (spot) stood 3.8 % apart at 21:21:00",
                "Which venue left BTC's composite first cannot be told",
                "At the low: Binance's mark 101,877.69, last 101,516.5",
                "FIL's lowest prints lay furthest apart, 81.7 %; 18 of 26 assets have prints of two venues or more",
            ],
        ),
        (
            {"tab": "Dislocation", "coin": "AAVE"},
            [
                "Which venue left AAVE's composite first cannot be told",
                "First by 18 settings: Gemini in 8, Binance in 6",
                (
                    "AAVE's lowest print: 63.42 on Binance coin-margined perpetual, 128 on Coinbase spot, 178.3416 "
                    "on Gemini spot; the gap is number 6 of 18"
                ),
            ],
        ),
        ({"tab": "Dislocation", "coin": "POL"}, ["Which venue left POL's composite first cannot be told"]),
        (
            {"tab": "Pegs"},
            [
                (
                    "USDe was first below 0.99 on Binance in the 21:20 minute, the minute of the market-wide low, "
                    "16 minutes before the window Binance published"
                ),
                "USDe on Binance: 0.9 within 21:20, and 0.65 at 21:54, its last new low",
                "the compensation window begins, 21:36",
            ],
        ),
        (
            {"tab": "Extremes"},
            [
                "Found by rule: 71 aggregate trades of one stamp took ATOM/USDT on Binance from 1.688 to 0.001",
                "92 fills, 9,695 ATOM, 9,170 USDT",
                "in σ: not known, their past year is not kept",
            ],
        ),
        (
            {"tab": "Who moved first", "coin": "POL"},
            ["Neither led in 21:05–21:10: within −3 to +2 s; otherwise it cannot be told"],
        ),
        (
            {"tab": "How explosive"},
            ["How explosive it was cannot be told: no feed of this range carries every single liquidation"],
        ),
        (
            {"tab": "Liquidity"},
            [
                "In place of depth: Binance BTC/USDT:USDT moved 0.68 % for each $100 m traded in 21:35–21:40",
                (
                    "per net $100 m of takers, Binance BTC/USDT:USDT: 0.27 ± 0.10 % in the sell-off before, not "
                    "identified in the cascade, 0.82 ± 0.50 % after it"
                ),
            ],
        ),
        ({"tab": "Liquidity", "coin": "USDE"}, ["In place of depth: Binance USDE/USDT moved"]),
        (
            {"tab": "Flow"},
            [
                "172,199 BTC were traded on Binance BTC/USDT:USDT, 54.5 % of it sold by takers",
                "Sold by takers: 54.5 % on Binance perpetual, 49.0 % on Gemini spot; not known of 4 other markets",
                "The largest minute began at 21:17:00: 10,542 BTC",
            ],
        ),
        (
            {"tab": "Crash days"},
            [
                (
                    "fell 13.1 % in 30 minutes from T0, about 18 to 39 times an hour's usual move; no other day "
                    "has bars here"
                ),
                "1 of 27 crash days has a T0 and price bars around it",
            ],
        ),
    ],
    ids=lambda value: value.get("tab", "") + value.get("coin", "") if isinstance(value, dict) else "",
)
def test_the_findings_of_each_part(link: dict[str, str], findings: list[str]) -> None:
    app = page(**link)
    assert not app.exception and not app.warning
    for finding in findings:
        assert finding in said(app)


@pytest.mark.parametrize(
    ("link", "answers"),
    [
        (
            {},
            [
                (
                    "Binance BTC/USDT:USDT began to fall at **20:50 UTC**, fell in a cascade from **21:11**, was "
                    "lowest, at **101,516.5**, in the bar of **21:20** and had regained half by **21:30** (Phases)."
                ),
                "**Which venue broke first cannot be told**: only Gemini has prints by second here",
            ],
        ),
        (
            {"coin": "AAVE"},
            ["**Which venue broke first cannot be told**: of 18 settings"],
        ),
        (
            {"coin": "POL", "t": SECONDS},
            ["In **Binance POL/USDT** no cascade can be told apart here: the fall begins within"],
        ),
    ],
    ids=["BTC", "AAVE", "a range without the onset"],
)
def test_the_page_begins_with_its_answer(link: dict[str, object], answers: list[str]) -> None:
    first = page(**link).markdown[0].value.replace("\\", "")
    assert all(answer in first for answer in answers)


@pytest.mark.parametrize("part", PARTS)
def test_every_table_leads_to_its_sources(part: str) -> None:
    app = page(tab=part)
    assert app.dataframe and all("source_id" in frame.value.columns for frame in app.dataframe)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "link",
    [
        {"coin": "USDE"},
        {"coin": "XRP", "t": SECONDS},
        {"coin": "ETH", "t": ["2025-10-09T01:00:00", "2025-10-09T01:01:00"]},
        {"t": ["2025-10-09T00:00:00", "2025-10-12T00:00:00"]},
        {"day": "aug-5-2024"},
    ],
    ids=["one venue", "one minute series", "a minute", "three days", "no bars"],
)
def test_what_cannot_be_shown_is_a_sentence(part: str, link: dict[str, object]) -> None:
    app = page(tab=part, **link)
    assert not app.exception and not app.error
    assert len(app.title) == 1


def test_a_refusal_says_what_is_wanting() -> None:
    pol = notes(page(tab="Dislocation", coin="POL"))
    assert (
        "Of Binance and Coinbase it cannot be told which left first: Gemini has a print in 36 of 1,800 seconds" in pol
    )
    assert "Only Gemini has prints by second here" in notes(page(tab="Dislocation", coin="BTC"))
    assert "a composite needs two" in notes(page(tab="Dislocation", coin="USDE"))
    assert "Bars of a minute do not tell" in notes(page(tab="Who moved first", coin="AAVE"))
    assert "ADA (Coinbase), BTC (none printed at its low)" in notes(page(tab="Dislocation"))
    assert "Hyperliquid: Counts by second, not single events" in notes(page(tab="How explosive"))


def test_the_claim_about_the_pegs_stands_beside_who_disputes_it() -> None:
    pegs = notes(page(tab="Pegs"))
    assert (
        "Oct 13, 2025: Binance says the de-pegging was not the cause: the market was lowest at 21:20–21:21, "
        "the severe de-pegging came after 21:36."
    ) in pegs
    assert "Jan 31, 2026: Star Xu of OKX disputes it" in pegs and "Haseeb Qureshi of Dragonfly disputes that" in pegs


def test_the_scrubber_moves_every_panel() -> None:
    app = page(at="2025-10-10T21:16:06")
    assert app.slider(key="at").value.strftime("%H:%M:%S") == "21:16:06"
    assert "11,279 ADL fills so far" in said(app) and "USDe had been as low as 0.9998 on Uniswap" in said(app)
    app.slider(key="at").set_value(app.slider(key="at").value.replace(hour=21, minute=55, second=0)).run()
    assert not app.exception
    assert "34,983 ADL fills so far, 100.0 %" in said(app) and "USDe had been as low as 0.6500 on Binance" in said(app)


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ("nonsense", "is not a time"),
        ("2031-01-01T00:00:00", "outside the chosen range"),
        ("2025-10-10T21:16:06Z", "names a time zone"),
    ],
)
def test_a_moment_that_cannot_be_used_is_said(asked: str, word: str) -> None:
    app = page(at=asked)
    assert not app.exception and word in warnings(app) and "Showing Oct 10, 2025" in warnings(app)


def test_another_range_moves_the_scrubber_into_it() -> None:
    app = page(at="2025-10-10T22:00:00")
    app.button(key="preset-Around the low, 21:10–21:30").click().run()
    assert not app.exception
    assert app.slider(key="at").value.strftime("%H:%M:%S") == "21:21:00"


def test_playing_starts_where_the_scrubber_stands() -> None:
    app = page(at="2025-10-10T21:00:00")
    app.segmented_control(key="speed").set_value("1 min").run()
    assert not app.exception
    assert app.slider(key="at").value.strftime("%H:%M:%S") == "21:00:00"


def test_a_file_that_is_damaged_while_it_plays_is_said_in_its_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def pegs(*_: object, **__: object) -> pl.DataFrame:
        raise unreadable(1)

    app = page(at="2025-10-10T21:00:00")
    monkeypatch.setattr(pegs, "__module__", "damaged")  # another question than the one that was answered a moment ago
    monkeypatch.setattr("analytics.market.replay.pegs", pegs)
    app.segmented_control(key="speed").set_value("1 min").run()
    assert not app.exception
    (message,) = app.error
    assert "The file of generation 1 cannot be read whole" in message.value


def test_an_unknown_part_asset_or_market_is_said() -> None:
    app = page(tab="Nowhere", coin="NOPE")
    assert "Nowhere" in warnings(app) and "NOPE" in warnings(app) and "Lowest print of BTC" in said(app)
    assert "Elsewhere" in warnings(page(tab="Phases", tape="Elsewhere"))
    assert "Nobody" in warnings(page(tab="Who moved first", coin="POL", first="Nobody"))


def test_another_market_and_other_thresholds_by_link() -> None:
    assert "Found in Coinbase AAVE/USD" in said(page(tab="Phases", coin="AAVE", tape="Coinbase AAVE/USD spot"))
    strict = page(tab="Extremes", prints="100")
    assert "The rule finds none. 71 single trades of 1 market are kept" in notes(strict)


def test_seconds_are_read_where_the_range_allows() -> None:
    app = page(tab="Dislocation", coin="POL", t=SECONDS)
    assert "POL on Binance spot stood 36.6 % below the composite of 3 at 21:27:28" in said(app)


def test_the_order_of_a_pair_by_link() -> None:
    app = page(tab="Who moved first", coin="POL", first="Coinbase POL/USD", second="Binance POL/USDT")
    assert not app.exception and "Neither led in 21:05–21:10: within −2 to +3 s" in said(app)


def test_no_venue_is_named_where_settings_disagree() -> None:
    """It stood in bold on top of the page that Binance's perpetual left the other venues first."""
    app = page(coin="AAVE")
    assert "left the other venues first" not in said(app)
    assert "Which venue broke first cannot be told" in said(app) and "a name needs 14" in said(app)


def test_impact_is_not_compared_with_minutes_of_next_to_nothing() -> None:
    """USDe's impact in the depeg was once 0.075 times the usual one."""
    assert "times the usual" not in said(page(tab="Liquidity", coin="USDE"))


FITS = pl.DataFrame(
    {
        "part": ["before", "cascade"],
        "branching_low": [0.1, None],
        "branching_high": [0.4, None],
        "constant": [0.3, 0.97],
    }
)


def test_of_a_rate_that_changes_by_itself_no_branching_is_told() -> None:
    """It read: one liquidation set off 0.95 more (0.89 to 1.01). The model fits."""
    assert explosive.branching_title("Bybit", FITS) == "Bybit, before: one liquidation set off 0.10 to 0.40 more"
    assert explosive.branching_title("Bybit", FITS[1:]) == "Bybit: how many liquidations one set off cannot be told"


@pytest.mark.parametrize(("chance", "verb"), [(0.6, "do not refute"), (0.01, "refute")])
def test_no_model_is_said_to_fit(chance: float, verb: str) -> None:
    assert f"The events {verb} the model" in explosive.fit_title(chance)
    assert "fits" not in explosive.fit_title(chance)


def test_a_venue_that_is_named_is_named_with_how_thin_it_is() -> None:
    assert "**Gemini spot**, the thinnest of them, with prints in" in said(page(coin="AVAX"))
    assert "Prints: Binance in" in notes(page(coin="AVAX", tab="Dislocation"))
