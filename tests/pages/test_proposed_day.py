"""A day nobody has heard of, found in the bars by the rule: every page opens on it, with no code that knows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
import streamlit as st

from analytics.warehouse import hub
from pipelines import detect
from pipelines.config import Settings
from pipelines.generations.draft import Draft
from pipelines.refreshing import build
from pipelines.refreshing.validate import accept
from tests.pipelines.test_detect import FIRST, bars
from tests.shell import PAGES, Page, opened

DAY = "jan-29-2027"


def minutes() -> pl.DataFrame:
    """The hour of the crash, minute by minute."""
    start = datetime(2027, 1, 29, 20, 30, tzinfo=UTC)
    hour = bars(None, 3).head(60)
    stamps = pl.Series("ts", [start + timedelta(minutes=minute) for minute in range(60)], pl.Datetime("us", "UTC"))
    return hour.with_columns(stamps, interval=pl.lit("1m"))


@pytest.fixture(scope="module")
def proposed(data_dir: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A warehouse of its own in which the rule has found a crash."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRASHDAY_DATA_DIR", str(tmp_path_factory.mktemp("proposed")))
        settings = Settings()
        build.build(settings)
        with Draft(settings.warehouse_dir) as draft:
            schema = draft.rows("SELECT * FROM snapshots LIMIT 0").schema
            bytes_read = {"snapshot_id": "x", "loader": "binance_klines", "piece": "p", "sha256": "0", "parser": "none"}
            draft.insert("snapshots", pl.DataFrame([dict.fromkeys(schema) | bytes_read], schema=schema))
            for found in (bars(FIRST + timedelta(days=28)), minutes()):
                draft.insert("bars", accept("bars", found, "x").good)
            detect.propose(draft, settings.detect)
            draft.publish(datetime(2027, 2, 1, tzinfo=UTC))
        hub.cache_clear()
        st.cache_data.clear()
        yield
    hub.cache_clear()
    st.cache_data.clear()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_opens_on_it(proposed: None, page: Page) -> None:
    app = opened(page)
    if "day" in [box.key for box in app.selectbox]:
        app.selectbox(key="day").select(DAY).run()
        assert app.selectbox(key="day").value == DAY
    assert not app.exception
    assert len(app.title) == 1 and not app.error


def test_a_link_opens_it_and_its_prices_are_drawn(proposed: None) -> None:
    (page,) = [page for page in PAGES if page.stem == "cascade"]
    app = opened(page, day=DAY)
    assert app.selectbox(key="day").value == DAY and not app.warning
    assert app.title[0].value.startswith("Jan. 29, 2027")
    assert app.get("plotly_chart")
