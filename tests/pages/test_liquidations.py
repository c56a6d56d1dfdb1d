"""The page of bounds through the shell: three answers in words, and every part on days with much, little and
nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analytics.liquidations import calibration, throttle
from analytics.warehouse import hub
from benchmarks.cascades import Kind, stream
from pipelines.config import Settings
from tests import orders
from tests.shell import PAGES, opened

(PAGE,) = [page for page in PAGES if page.stem == "liquidations"]
TOTALS, EXCHANGES, DAYS_APART, LOSSES, HIDDEN = PARTS = (
    "Published totals",
    "Exchange by exchange",
    "Day against day",
    "Who was liquidated",
    "What feeds hide",
)
DAYS = ("oct-10-2025", "nov-21-2025", "aug-5-2024", "feb-3-2025", "mar-12-2020", "nov-9-2022", "jan-31-2026")


def shown(part: str = TOTALS, day: str | None = None, **link: str) -> AppTest:
    app = opened(PAGE, tab=part, **link)
    return app if day is None else app.selectbox(key="day").set_value(day).run()


def words(app: AppTest) -> str:
    said = [*app.title, *app.markdown, *app.caption, *app.info]
    return "\n".join(text.value.replace("\\", "") for text in said)


def table(app: AppTest, column: str) -> pd.DataFrame:
    """The one table that has this column."""
    (found,) = [frame.value for frame in app.dataframe if column in frame.value.columns]
    return found


@pytest.fixture
def with_orders(own: Settings) -> Iterator[Settings]:
    """Pages on a warehouse with single orders of a throttled and of complete feeds."""
    complete = stream(30, 900, Kind("of seconds", 0.5, 1), 2)
    orders.put(
        own,
        orders.rows(throttle.throttled(complete, "last"), "binance"),
        orders.rows(complete, "bybit"),
        orders.rows(complete.head(1), "deribit"),
        orders.rows(complete.head(300), "hyperliquid", "adl"),
    )
    hub.cache_clear()
    st.cache_data.clear()
    yield own
    hub.cache_clear()
    st.cache_data.clear()


def test_three_answers_stand_above_every_part() -> None:
    app = opened(PAGE)
    assert not app.exception and not app.warning and not app.error
    said = words(app)
    assert "Oct. 10, 2025: at least $19.16 bn, and by an estimate up to $40 bn" in said
    assert "Hyperliquid reported the most, $10.3 bn; Binance and OKX may have liquidated more" in said
    assert "No: Binance's figure is only a floor, while Bybit's feed can be seen whole" in said
    assert "$19.16 bn on Oct. 10, 2025, $1.06 bn on Aug. 5, 2024: different publications" in said


def test_the_totals_are_led_to_each_other() -> None:
    said = words(shown())
    assert (
        "The parts of the window add up to $9.9 bn, $9.89 bn is stated: the same within the rounding of the parts"
        in said
    )
    assert "CoinGlass (via CoinDesk) and Amberdata are $9.27 bn apart" in said
    assert "CoinGlass's total was read 7 times, from $19.13 bn to $19.37 bn" in said
    assert "Hyperliquid, Bybit, Binance and OKX make up the board but for $600–920 m" in said
    assert "The estimate adds about $11–21 bn to what was published" in said


def test_exchanges_have_bounds_turning_points_regimes_and_stages() -> None:
    app = shown(EXCHANGES)
    said = words(app)
    assert not app.exception
    assert "Of Binance and OKX only a minimum is known; Hyperliquid was read as $10.2–10.31 bn" in said
    assert "Binance passes Hyperliquid from 4.3 times what it showed, OKX from 8.6 times" in said
    assert "Hyperliquid's $2.1 bn closed against winners (ADL)" in said


def test_the_comparable_part_of_two_days_is_offered_with_what_changed_between() -> None:
    app = shown(DAYS_APART)
    said = words(app)
    assert not app.exception
    assert "The two totals are of different publications" in said
    assert "Binance and OKX were measured in one way on both days" in said
    assert "Between the days the measurement changed: Bybit on Feb 20, 2025" in said
    alike = table(app, "times")
    assert list(alike["venue"]) == ["binance", "okx"] and set(alike["since"]) == {"not established"}


def test_tables_lead_to_sources_and_carry_regime_bound_and_method() -> None:
    assert all("source_id" in frame.value.columns for part in PARTS for frame in shown(part).dataframe)
    app = shown(EXCHANGES)
    for known in ("bound_input", "liquidations_to_volume_pct", "stage"):
        assert {"completeness", "regime", "bound_usd", "method"} <= set(table(app, known).columns)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("day", DAYS)
def test_every_part_opens_on_every_day(part: str, day: str) -> None:
    app = shown(part, day)
    assert [one.message for one in app.exception] == [] and not app.error and not app.warning
    assert not re.search(r"\bNone\b(?! of)|\bnan\b", words(app))


def test_without_single_orders_the_page_says_what_would_bring_them() -> None:
    assert "hyperliquid_sqd" in words(shown(LOSSES))
    assert "nothing can be fitted" in words(shown(HIDDEN))
    assert "SIMULATION of the method, no data of any day" in words(shown(HIDDEN))


def test_with_single_orders_who_was_liquidated_is_shown_for_one_feed(with_orders: Settings) -> None:
    app = shown(LOSSES)
    assert not app.exception and "Longs were 100 %" in words(app) and "Gini" in words(app)
    of_feed = [
        frame.value for frame in app.dataframe if "orders" in frame.value.columns or "event_id" in frame.value.columns
    ]
    assert len(of_feed) == 3
    assert all({"feed", "mechanism", "completeness", "rule"} <= set(rows.columns) for rows in of_feed)
    names = app.selectbox(key="feed").options
    assert {name.split(" | ")[0] for name in names} == {"binance", "bybit", "deribit", "hyperliquid"}
    alone = app.selectbox(key="feed").set_value(next(name for name in names if name.startswith("deribit"))).run()
    assert not alone.exception and "One order is everything there is" in words(alone)


def test_with_single_orders_the_estimate_stands_beside_its_back_test(with_orders: Settings) -> None:
    app = shown(HIDDEN)
    assert not app.exception
    said = words(app)
    assert "Binance showed" in said and "if the last order passes" in said
    assert "On complete feeds of the day:" in said and "and hidden orders are 0.67 to 1.5 times as large" in said
    assert f"ranges held in {calibration.worst().covered} to" in said and calibration.worst().kind in said
    assert "can be bounded from both sides" not in said and "bounds in at least" not in said
    estimates, scores, simulated = (table(app, column) for column in ("estimate_usd", "true_usd", "kind"))
    assert set(estimates["name"]) == {"Binance"} and set(scores["name"]) == {"Bybit", "Deribit", "Hyperliquid"}
    assert len(simulated) and not scores["bound_share"].isna().any()


def test_a_link_with_what_is_not_known_says_so_and_shows_the_rest() -> None:
    app = opened(PAGE, first="nowhere", other="never", tab="nothing")
    said = "\n".join(warning.value for warning in app.warning)
    assert all(name in said for name in ("nowhere", "never", "nothing")) and not app.exception
    assert "Hyperliquid reported the most" in words(app)


def test_the_chosen_pair_and_day_change_the_answers() -> None:
    app = opened(PAGE)
    app = app.selectbox(key="first").set_value("hyperliquid").run()
    assert "Yes: Hyperliquid and Bybit can both be seen whole" in words(app)
    app = app.selectbox(key="other").set_value("apr-18-2021").run()
    assert "$9.94 bn on Apr. 18, 2021: one list, but measured differently, so no ratio" in words(app)


def test_the_microscope_has_boxes_of_the_same_keys_and_neither_page_takes_the_others_choice() -> None:
    (microscope,) = [page for page in PAGES if page.stem == "microscope"]
    app = opened(microscope, tab="Who moved first")
    assert app.selectbox(key="first").value == "Gemini BTC/USD"
    for page, first in ((PAGE, "binance"), (microscope, None), (PAGE, "binance")):
        app.switch_page(page.file).run()
        assert not app.exception
        assert first is None or app.selectbox(key="first").value == first
