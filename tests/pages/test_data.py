"""The data page through the shell, on the real warehouse."""

from __future__ import annotations

import re
from datetime import timedelta

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from analytics.warehouse import Warehouse
from pages.data import api_links
from pipelines.config import Settings
from pipelines.tables.canonical import TABLES
from tests.shell import PAGES, opened

(PAGE,) = [page for page in PAGES if page.stem == "data"]


def titles(app: AppTest) -> str:
    return "\n".join(text.value.replace("\\", "") for text in [*app.title, *app.markdown])


def table_with(app: AppTest, *columns: str) -> list[dict[str, object]]:
    (found,) = [frame.value for frame in app.dataframe if set(columns) <= set(frame.value.columns)]
    return found.to_dict("records")


def test_the_page_tells_the_generation_and_its_age() -> None:
    app = opened(PAGE)
    assert not app.exception and not app.warning
    assert {metric.label: metric.value for metric in app.metric}["Generation"] == "1"
    assert any(re.match(r"built (just now|\d+ \w+ ago), ", caption.value) for caption in app.caption)


def test_every_table_is_listed_with_its_meaning_and_its_rows(warehouse: Warehouse) -> None:
    rows = table_with(opened(PAGE), "table", "meaning", "rows")
    assert [row["table"] for row in rows] == list(TABLES)
    bars = warehouse.query("SELECT count(*) AS n FROM bars")["n"].item()
    assert next(row["rows"] for row in rows if row["table"] == "bars") == bars


def test_every_table_opens_with_its_rows_and_its_dictionary() -> None:
    app = opened(PAGE)
    for table, schema in TABLES.items():
        app.selectbox(key="table").set_value(table).run()
        assert not app.exception and not app.warning
        assert f"#### The columns of {table}" in titles(app)
        assert {row["column"] for row in table_with(app, "column", "meaning", "type")} == set(schema.columns())


def test_a_link_opens_a_table() -> None:
    app = opened(PAGE, table="venue_volumes")
    assert not app.warning and "#### The columns of venue_volumes" in titles(app)
    assert any("venue=" in code.value and "/api/v1/venue_volumes.csv" in code.value for code in app.code)


def test_an_unknown_table_is_said() -> None:
    app = opened(PAGE, table="secrets")
    assert not app.exception and "secrets" in app.warning[0].value
    assert f"The columns of {next(iter(TABLES))}" in titles(app)


def test_the_example_query_asks_for_something_the_table_has() -> None:
    shown = pl.DataFrame({"ts": [1], "venue": ["binance"], "value": [1.0]})
    assert api_links.example(shown) == {"venue": "binance", "limit": "10"}
    assert api_links.example(shown.clear()) == {"limit": "10"}
    assert api_links.example(shown.with_columns(venue=pl.lit(None, pl.String))) == {"limit": "10"}


def test_an_address_cannot_leave_the_quotes_it_stands_in() -> None:
    assert api_links.address("bars", "csv", {"venue": "'; rm -rf ~ '"}).endswith(
        "/api/v1/bars.csv?venue=%27%3B+rm+-rf+~+%27"
    )


def test_the_whole_table_is_handed_out_by_the_api_which_never_holds_it() -> None:
    app = opened(PAGE, table="bars")
    addresses = [link.proto.url.removeprefix("://") for link in app.get("link_button")]
    assert addresses == ["/api/v1/bars.csv", "/api/v1/bars.json", "/api/v1/bars.parquet"]
    assert not any(button.key == "all-bars" for button in app.get("download_button"))


def test_sources_are_filtered_by_the_link(warehouse: Warehouse) -> None:
    app = opened(PAGE, source="binance candles")
    rows = table_with(app, "publisher", "linkable")
    every = warehouse.query("SELECT count(*) AS n FROM sources")["n"].item()
    assert 0 < len(rows) < every and all("Binance" in str(row["publisher"]) for row in rows)
    assert f"{len(rows)} sources that match “binance candles”" in titles(app)
    assert "0 sources that match" in titles(opened(PAGE, source="no such thing"))


def test_loaders_bytes_and_runs_are_there() -> None:
    app = opened(PAGE)
    assert "reference_pack" in {row["loader"] for row in table_with(app, "loader", "reaches", "key_needed")}
    assert all(len(str(row["sha256"])) == 64 for row in table_with(app, "piece", "sha256"))
    assert [row["outcome"] for row in table_with(app, "outcome", "started_at")] == ["loaded"]
    assert any("broke no rule" in info.value for info in app.info)


def test_without_a_refresh_nothing_is_fresh_or_stale() -> None:
    app = opened(PAGE)
    told = " ".join(info.value.replace("\\", "") for info in app.info)
    assert "No source was asked for here yet" in told and "only while they happen" in told
    assert "of 14 hours lack some" in titles(app)


def test_sources_stand_beside_their_promise_and_holes_are_counted(watched: Settings) -> None:
    app = opened(PAGE)
    assert not app.exception
    failing, working = table_with(app, "source", "state", "promise_hours", "error", "quarantined")
    assert (failing["source"], failing["state"], round(failing["age_hours"])) == ("okx_liquidations", "failing", 9)
    assert failing["promise_hours"] == 4 and "Too Many Requests" in str(failing["error"])
    assert (working["state"], working["rows_loaded"], working["quarantined"]) == ("fresh", 3, 1)
    assert "1 of 2 sources fail or are older than they promise" in titles(app)
    assert "Live feeds: 1 of 1 hours have a hole" in titles(app)
    said = " ".join(caption.value.replace("\\", "") for caption in app.caption)
    assert "Why nobody listened: the connection ended." in said
    (banner,) = app.warning
    assert "okx_liquidations" in banner.value.replace("\\", "") and "[What failed](data#fresh)" in banner.value


@pytest.mark.parametrize(
    ("since", "words"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=5), "5 hours ago"),
        (timedelta(days=2, hours=3), "2 days ago"),
    ],
)
def test_ages_are_in_the_largest_unit_that_fits(since: timedelta, words: str) -> None:
    assert api_links.age(since) == words
