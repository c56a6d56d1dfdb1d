"""The tokenized-stocks page through the shell, on the real warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analytics.warehouse import hub
from pages.tokenized.products import hours_in_words
from pipelines.config import Settings
from pipelines.refreshing import build
from tests.shell import PAGES, opened

(PAGE,) = [page for page in PAGES if page.stem == "tokenized"]
SECTIONS = {
    "Who is where": "As the 2025 press used it: real 14.5 %, synthetic 83.0 %, not named by issuer 2.2 to 2.9 %",
    "Over time": "Ondo: 53.0 % in the first reading that names it, 29.2 % in the last",
    "Market size": "Circulating value, as published",
    "Tokens and perpetuals": "traded $209 m in a day, stock perpetuals $21.2 bn: 0.98 % of both was tokens",
    "Claims checked": (
        "Backed + Ondo: 95 % was quoted without a date, the readings give 50.5 % (Sep 13, 2026), 82.0 % (Mar 12, "
        "2026), 76.0 % (Mar 10, 2026)"
    ),
    "Products": "23 products and the facts that classify them",
    "Superstate and Backpack": (
        "Backpack Exchange with Superstate: Opening Bell integration: announced, no listing found"
    ),
    "On a crash day": "US cash markets had closed at 20:00 UTC, 50 minutes before the crash began",
    "All readings": "All 128 readings",
}


def titles(app: AppTest) -> str:
    return "\n".join(text.value.replace("\\", "") for text in [*app.title, *app.markdown])


def captions(app: AppTest) -> str:
    return "\n".join(text.value.replace("\\", "") for text in app.caption)


def test_the_first_card_is_the_flip() -> None:
    app = opened(PAGE)
    assert not app.exception and not app.warning
    headings = [text.value.replace("\\", "") for text in app.markdown if text.value.startswith("####")]
    assert (
        headings[0]
        == "#### The same $2.85 bn is 83 % “synthetic” by one rule and 0 % “derivative or SPV exposure” by another"
    )
    assert "2.2 to 2.9 % is not named by issuer and could belong to any class" in captions(app)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_opens_by_link(section: str) -> None:
    app = opened(PAGE, tab=section)
    assert not app.exception and not app.warning
    assert SECTIONS[section] in titles(app)


def test_a_rule_of_the_link_decides_the_classes() -> None:
    app = opened(PAGE, rule="SEC staff taxonomy of Jan 28, 2026")
    assert (
        "SEC staff taxonomy of Jan 28, 2026: issuer-sponsored 14.5 %, third-party custodial 5.4 % (low "
        "confidence), third-party synthetic 77.6 %, not named by issuer 2.2 to 2.9 %"
    ) in titles(app)
    members = app.dataframe[0].value
    assert members.set_index("subject")["class_name"]["Bitget Reality"] == "third-party custodial"


def test_the_readers_own_rule_is_in_the_link() -> None:
    app = opened(PAGE, rule="My own rule", own_vote="yes", own_redemption="share")
    assert not app.exception and not app.warning
    assert (
        "My own rule: counts 1.6 %, does not count 55.6 %, not known 40.1 %, not named by issuer 2.2 to 2.9 %"
        in titles(app)
    )


def test_ticking_another_answer_changes_the_rule() -> None:
    app = opened(PAGE, rule="My own rule", own_vote="yes", own_redemption="share")
    app.pills(key="own_redemption").set_value([]).run()
    assert "My own rule: counts 11.4 %" in titles(app)


def test_an_own_rule_that_asks_for_nothing_is_said() -> None:
    app = opened(PAGE, rule="My own rule")
    assert any("Tick at least one answer" in info.value for info in app.info)
    assert SECTIONS["Who is where"] in titles(app)


@pytest.mark.parametrize(
    ("key", "value"),
    [("rule", "the-best-rule"), ("reading", "yesterday"), ("tab", "Nothing"), ("own_vote", "perhaps")],
)
def test_a_link_with_an_unusable_value_says_so_and_shows_the_rest(key: str, value: str) -> None:
    app = opened(PAGE, **{key: value})
    assert not app.exception
    assert [value in warning.value for warning in app.warning] == [True]
    assert "The same $2.85 bn" in titles(app)


@pytest.mark.parametrize(
    ("section", "key"), [("Over time", "over"), ("Products", "product"), ("On a crash day", "day")]
)
def test_so_does_a_link_into_a_section(section: str, key: str) -> None:
    app = opened(PAGE, tab=section, **{key: "no-such-thing"})
    assert not app.exception and len(app.warning) == 1 and "no-such-thing" in app.warning[0].value


def test_another_reading_is_another_whole() -> None:
    app = opened(PAGE, reading="September 2026, monthly onchain volume, CoinDesk Research")
    assert "The same $15.6 bn is 90 % “synthetic” by one rule" in titles(app)
    assert "Share of volume, September 2026" in captions(app)


def test_classes_over_time_are_ranges() -> None:
    app = opened(PAGE, tab="Over time", over="By class")
    assert not app.exception
    assert "every reading leaves a part without a name, so each share is a range" in titles(app)


def test_milestones_are_listed_with_their_confidence() -> None:
    text = titles(opened(PAGE, tab="Over time"))
    assert "3 · Jan 28, 2026 · Joint staff statement" in text
    assert "– · Apr 17, 2026 · A similar rule for NYSE is approved (SEC, low confidence, not drawn)" in text


def test_the_denominators_stand_apart_and_perpetuals_are_listed() -> None:
    app = opened(PAGE, tab="Market size")
    assert {metric.label: metric.value for metric in app.metric} == {
        "Distributed value": "$3.24 bn",
        "Monthly transfer volume": "$13.5 bn",
        "Holders": "4,330,000",
    }
    assert "Perpetuals on stocks: 11 published readings, of 3 scopes" in titles(app)
    assert "December 2025: $800 m to $1.2 bn." in captions(app)


def test_a_products_facts_open_by_link() -> None:
    app = opened(PAGE, tab="Products", product="dtc")
    assert "Tokenized entitlements, DTC (DTCC)" in titles(app)
    facts = app.dataframe[1].value.set_index("question")["answer"]
    assert facts["On the share register"] == "no" and facts["Legal form"] == "security entitlement"


def test_nothing_is_drawn_for_the_crash_day() -> None:
    app = opened(PAGE, tab="On a crash day")
    assert "nothing is drawn and nothing is guessed" in captions(app)
    (hours,) = [frame.value for frame in app.dataframe]
    assert hours["token_bars"].tolist() == [0] and hours["products"].tolist() == [9]


@pytest.fixture
def traded_on(own: Settings) -> Iterator[None]:
    """The pages on a warehouse in which one tokenized stock has prices around the close."""
    line = "kraken,spot,TSLAx/USD,trade,1m,2025-10-10T{}:00Z,400,400,{},{},2,800,,,crashday\n"
    with (own.reference_dir / "bars.csv").open("a") as file:
        file.writelines(line.format(*bar) for bar in (("19:59", 400, 400), ("21:20", 380, 390), ("21:22", 396, 396)))
    build.build(own)
    hub.cache_clear()
    st.cache_data.clear()
    yield
    hub.cache_clear()
    st.cache_data.clear()


@pytest.mark.usefixtures("traded_on")
def test_tokens_that_traded_on_are_set_against_their_last_close() -> None:
    app = opened(PAGE, tab="On a crash day")
    assert not app.exception
    assert "TSLAx/USD on Kraken fell deepest: −5.0 % against the last close" in titles(app)
    (low,) = app.dataframe[1].value.to_dict("records")
    assert (low["reference_price"], low["low"], low["traded_quote"]) == (400, 380, 1600)
    assert "nothing is drawn" not in captions(app)


CLOSE = datetime(2025, 10, 10, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("crash", "weekday", "words"),
    [
        (None, None, "The moment of this crash is not known"),
        (CLOSE + timedelta(days=1), 6, "A weekend"),
        (CLOSE - timedelta(hours=2), 5, "closes at 20:00 UTC: the crash began in its day or before it opened"),
        (CLOSE + timedelta(minutes=50), 5, "had closed at 20:00 UTC, 50 minutes before"),
    ],
)
def test_a_crash_is_set_against_the_hours_of_the_cash_market(
    crash: datetime | None, weekday: int | None, words: str
) -> None:
    minutes = None if crash is None else (crash - CLOSE) / timedelta(minutes=1)
    row = {"t0": crash, "weekday": weekday, "cash_close": CLOSE, "minutes_after_close": minutes and round(minutes)}
    assert words in hours_in_words(row)


def test_a_day_whose_moment_is_not_known_says_so() -> None:
    app = opened(PAGE, tab="On a crash day", day="apr-18-2021")
    assert not app.exception and "The moment of this crash is not known" in titles(app)


def test_entrants_exits_and_chains_stand_under_over_time() -> None:
    app = opened(PAGE, tab="Over time")
    assert "Entrants and exits: 2026: 7 entered (2 more with low confidence), 1 left" in titles(app)
    assert "Share by chain: Solana $684 m (Sep 15, 2026) or $1.85 bn (Jul 20, 2026), counted differently" in titles(app)
    assert "the first day is not known, so in no bar: FWDI on Solana, Stock perpetuals" in captions(app)
    moves, chains = (frame.value for frame in app.dataframe)
    assert set(moves[moves["when"] == "not known"]["move"]) == {"entered", "announced"}
    assert chains.groupby("unit").size().to_dict() == {"USD": 7, "percent": 3}


def test_an_issuer_read_twice_in_the_same_way_has_a_line_and_no_other() -> None:
    app = opened(PAGE, tab="Market size")
    assert "Value by issuer, day by day" in titles(app)
    assert not any("No issuer's value was read twice" in info.value for info in app.info)


@pytest.fixture
def daily(own: Settings) -> Iterator[None]:
    """The pages on a warehouse with two days of what the refreshed sources bring."""
    line = "{0}{1},2026-11-0{1}T00:00:00Z,day,{2},,{3},5000000,USD,{4},DefiLlama,medium,false,,crashday\n"
    with (own.reference_dir / "tokenized_metrics.csv").open("a") as file:
        for day in (1, 2):
            file.write(line.format("a", day, "Ondo,issuer", "tvl", "ondo on DefiLlama"))
            file.write(line.format("b", day, "Ondo,issuer", "daily_volume", "ondo on DefiLlama"))
            file.write(line.format("c", day, "TSLAx,token", "value", "this token"))
            file.write(line.format("d", day, "all,market", "perps_volume_24h", "perpetuals"))
            file.write(line.format("e", day, "all,market", "perps_open_interest", "perpetuals"))
    build.build(own)
    hub.cache_clear()
    st.cache_data.clear()
    yield
    hub.cache_clear()
    st.cache_data.clear()


@pytest.mark.usefixtures("daily")
def test_daily_values_are_cards_of_their_own_and_open_interest_is_drawn_apart() -> None:
    app = opened(PAGE, tab="Market size")
    assert not app.exception
    for title in (
        "Value by issuer, day by day",
        "Value of single tokens, day by day",
        "Daily volume by issuer, day by day",
        "Perps volume 24h of the market, day by day",
        "Open interest of stock perpetuals",
    ):
        assert f"#### {title}" in titles(app)
    assert not any("read twice" in info.value for info in app.info)
