"""The Backpack case through the shell: its size, its moments once each, what is not known, and what is kept apart."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.shell import PAGES, opened

(PAGE,) = [page for page in PAGES if page.stem == "backpack"]


@pytest.fixture(scope="module")
def app(data_dir) -> AppTest:
    shown = opened(PAGE)
    assert not shown.exception and not shown.warning and not shown.error
    return shown


def titles(app: AppTest) -> list[str]:
    return [text.value.replace("\\", "") for text in [*app.title, *app.markdown]]


def frame(app: AppTest, key: str):
    return {shown.value.columns[0]: shown.value for shown in app.dataframe}[key]


def test_the_title_is_the_size_as_published(app: AppTest) -> None:
    said = titles(app)[0]
    assert said == "Backpack: new deposits of about 40 users, up to $40 k in all, went into debts not yet settled"
    assert [metric.value for metric in app.metric] == ["40", "$40 k", "200"]


def test_each_figure_of_the_size_has_a_receipt(app: AppTest) -> None:
    assert sum("Confidence: high" in text for text in titles(app)) == 2
    assert sum("Confidence: medium" in text for text in titles(app)) == 1


def test_no_moment_is_told_twice(app: AppTest) -> None:
    told = next(shown.value for shown in app.dataframe if "timeline" in shown.value.columns)
    assert told["ts"].is_unique and len(told) == 6


def test_what_is_not_known_is_said_as_an_absence(app: AppTest) -> None:
    asked = next(shown.value for shown in app.dataframe if "question" in shown.value.columns)
    assert "No figure and no announcement of it was found." in set(asked["answer"])
    assert any("none before and none after" in answer for answer in asked["answer"])


def test_the_july_incident_and_later_products_stand_apart(app: AppTest) -> None:
    tables = [set(shown.value["metric"]) for shown in app.dataframe if "metric" in shown.value.columns]
    assert {"assets under custody", "expected compensation", "open interest", "volume 24h"} in tables
    assert {"june volume spcx", "tokens on solana"} in tables
    (case,) = [metrics for metrics in tables if "affected users" in metrics]
    assert "expected compensation" not in case
    assert "An earlier incident, and not this case" in "\n".join(titles(app))


def test_treatment_elsewhere_is_listed_and_never_summed(app: AppTest) -> None:
    assert any(said.endswith("announced or paid something; of Backpack nothing was found") for said in titles(app))
    given = next(shown.value for shown in app.dataframe if "said" in shown.value.columns)
    assert {283e6, 328e6, 400e6, 462_097.79} <= set(given["value"].dropna())
    assert "Backpack" in set(given["name"])


def test_weak_figures_are_kept_off_the_page(app: AppTest) -> None:
    values = [
        set(shown.value[column].dropna())
        for shown in app.dataframe
        for column in ("value", "total_usd")
        if column in shown.value
    ]
    assert not any({181.6e6, 71.8e6} & column for column in values)


def test_every_table_shown_leads_to_its_source(app: AppTest) -> None:
    assert all("source_id" in shown.value.columns for shown in app.dataframe)
