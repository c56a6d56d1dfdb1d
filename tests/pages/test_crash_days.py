"""The crash-days page through the shell, on the real warehouse."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.figures.facts import table
from tests.shell import PAGES, opened

(PAGE,) = [page for page in PAGES if page.stem == "crash_days"]


def of_day(day: str) -> AppTest:
    return opened(PAGE).selectbox(key="day").set_value(day).run()


def titles(app: AppTest) -> str:
    return "\n".join(text.value.replace("\\", "") for text in [*app.title, *app.markdown])


def test_the_finding_says_that_the_days_were_measured_differently() -> None:
    app = opened(PAGE)
    assert not app.exception and not app.warning
    assert "Apr. 18, 2021, $9.94 bn, was measured differently: no ratio holds" in titles(app)
    assert any("Bybit" in caption.value and "Feb 20, 2025" in caption.value for caption in app.caption)


def test_the_table_has_every_day_and_the_estimates() -> None:
    days = opened(PAGE).dataframe[0].value
    assert len(days) == len(table("crash_days")) and days["estimate_high_usd"].max() == 40e9
    assert days["title"].iloc[0] == "Feb. 5, 2026"


def test_the_order_is_a_link_and_an_unknown_one_is_said() -> None:
    assert opened(PAGE, order="size").dataframe[0].value["title"].iloc[0] == "Oct. 10, 2025"
    app = opened(PAGE, order="weight")
    assert "weight" in app.warning[0].value and app.dataframe[0].value["title"].iloc[0] == "Feb. 5, 2026"


def test_the_chosen_day_shows_its_exchanges_with_their_sides() -> None:
    app = of_day("nov-21-2025")
    assert "Nov. 21, 2025: Bybit reported the most, $629 m, 31 % of the board's total" in titles(app)
    readings = next(frame.value for frame in app.dataframe if "long_usd" in frame.value and "part" in frame.value)
    bybit = readings[readings["venue"] == "bybit"].iloc[0]
    assert (bybit["long_usd"], bybit["short_usd"]) == (595_430_000, 33_680_000)


def test_a_day_on_which_no_board_names_exchanges_still_shows_what_there_is() -> None:
    app = of_day("mar-12-2020")
    assert not app.exception and "Mar. 12, 2020: every published figure" in titles(app)


def test_misleading_comparisons_are_listed_apart() -> None:
    app = opened(PAGE)
    assert "5 comparisons in circulation that mislead" in titles(app)
