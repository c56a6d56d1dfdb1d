"""The data itself: every table, where it comes from, how it got here, and how to take it along."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import streamlit as st

from analytics.compare import crash_days
from analytics.data import catalogue
from charts.words import number, utc
from pages.data import watch
from pages.data.api_links import address, age, example
from pages.shared.ask import ask
from pages.shared.card import card
from pages.shared.choose import say_unusable
from pages.shared.columns import CHECK, COLUMN, LINK, NUMBER, TEXT, to_second
from pages.shared.words import safe

RUNS = {
    "loader": TEXT("Loader"),
    "outcome": TEXT("Outcome"),
    "started_at": to_second("Started"),
    "finished_at": to_second("Ended"),
    "rows_loaded": NUMBER("Rows", format="localized"),
    "rows_refused": NUMBER("Refused"),
    "error": TEXT("Cause of failure", width="large"),
}

SNAPSHOTS = {
    "loader": TEXT("Loader"),
    "piece": TEXT("Piece"),
    "url": TEXT("From", width="medium"),
    "fetched_at": to_second("Fetched"),
    "bytes": NUMBER("Bytes", format="localized"),
    "rows_loaded": NUMBER("Rows", format="localized"),
    "rows_refused": NUMBER("Refused"),
    "rows_doubled": NUMBER("Doubled"),
    "sha256": TEXT("sha256", width="large"),
}

REFUSED = {
    "table_name": TEXT("Table"),
    "rule": TEXT("Rule it broke"),
    "row_number": NUMBER("Row of the file"),
    "loader": TEXT("Loader"),
    "url": TEXT("File or address", width="medium"),
    "row_json": TEXT("The row as it came", width="large"),
}

DICTIONARY = {
    "column": TEXT("Column"),
    "type": TEXT("Type"),
    "unit": TEXT("Unit"),
    "key": TEXT("Key"),
    "may be unknown": TEXT("May be unknown"),
    "meaning": TEXT("Meaning", width="large"),
    "values": TEXT("Values", width="medium"),
}

PREVIEW = 20_000
FORMATS = ("csv", "json", "parquet")


def the_generation() -> None:
    shown = ask(catalogue.generation).row(0, named=True)
    held = ask(catalogue.tables)
    built = f"built {age(datetime.now(UTC) - shown['built_at'])}"
    strip = st.grid(4, min_column_width=150)
    for label, value, note in (
        ("Generation", str(shown["number"]), f"{built}, {utc(shown['built_at'])}"),
        ("Rows", number(held.select(pl.sum("rows")).item()), f"in {held.height} tables, all columns described below"),
        ("Sources", number(ask(catalogue.sources)["source_id"].n_unique()), "every row names the one that states it"),
        ("Content", shown["content_hash"][:8], "the same after any rebuild of the same data"),
    ):
        with strip, st.container(border=True, height="stretch"):
            st.metric(label, value)
            st.caption(safe(note))


def all_tables() -> None:
    held = ask(catalogue.tables)
    card(
        f"{held.height} tables",
        held,
        key="tables",
        about="What one row of each is. First and last bound the table's time column, UTC",
        table={
            "table": TEXT("Table"),
            "meaning": TEXT("One row is", width="large"),
            "rows": NUMBER("Rows", format="localized"),
            "columns": NUMBER("Columns"),
            "sources": NUMBER("Sources"),
            "first": to_second("First"),
            "last": to_second("Last"),
        },
    )


def one_table() -> None:
    held = ask(catalogue.tables)
    say_unusable("table", held["table"].to_list(), "table")
    name = st.selectbox("Table", held["table"].to_list(), key="table", bind="query-params", width=320)
    about = held.row(by_predicate=pl.col("table") == name, named=True)
    described = ask(catalogue.columns, table=name)
    with st.container(border=True):
        st.markdown(f"#### {safe(name)}: {number(about['rows'])} rows")
        st.caption(safe(about["meaning"]))
        shown = ask(catalogue.preview, table=name, limit=PREVIEW)
        if shown.is_empty():
            st.info("This table holds no rows in this generation.", icon=":material/help:")
        else:
            st.dataframe(
                shown,
                hide_index=True,
                lazy=True,
                column_config=_described(shown, described),
                key=f"preview-{name}",
                placeholder="",
                alt=f"The first rows of {name}",
            )
        if about["rows"] > PREVIEW:
            st.caption(
                f"The first {number(PREVIEW)} rows, in the order of the key. The .csv and the .parquet hold all "
                "of them."
            )
        _downloads(name, shown)
    card(
        f"The columns of {name}",
        described,
        key="dictionary",
        about=(
            "Type, unit and meaning, from the same declaration that guards the loading. A key column is part of "
            "what makes a row unique"
        ),
        table=DICTIONARY,
    )


def _described(shown: pl.DataFrame, described: pl.DataFrame) -> dict[str, Any]:
    meaning = dict(described.select("column", "meaning").iter_rows())
    return {
        column: to_second(column, help=meaning[column])
        if isinstance(dtype, pl.Datetime)
        else COLUMN(column, help=meaning[column])
        for column, dtype in shown.schema.items()
    }


def _downloads(name: str, shown: pl.DataFrame) -> None:
    """The whole table by address: for a browser, which saves it, and for a program."""
    with st.container(horizontal=True):
        for form in FORMATS:
            st.link_button(f"Rows as .{form}", address(name, form), icon=":material/download:")
    asked = address(name, "csv", example(shown))
    st.caption("The same by address, filtered by any column, with since, until, limit and offset:")
    st.code(f"curl '{asked}'", language="bash", wrap_lines=True)
    st.code(f"import pandas\ntable = pandas.read_csv('{asked}')", language="python", wrap_lines=True)


def all_sources() -> None:
    words = st.text_input(
        "Filter the sources", key="source", bind="query-params", placeholder="publisher, dataset, licence …", width=320
    )
    found = ask(catalogue.sources, words=words)
    card(
        f"{found.height} sources" + (f" that match “{words}”" if words else ""),
        found,
        key="source-list",
        about="Who states the rows, and how many. Copies and unpublished notes are named, never linked",
        table={
            "publisher": TEXT("Publisher", width="medium"),
            "dataset": TEXT("Dataset or page", width="medium"),
            "rows": NUMBER("Rows", format="localized"),
            "kind": TEXT("Kind"),
            "link": LINK("Link", display_text="open"),
            "linkable": CHECK("Linkable"),
            "address": TEXT("Address", width="medium"),
            "licence": TEXT("Terms", width="medium"),
            "checked": TEXT("How it was checked", width="medium"),
            "source_id": TEXT("source_id"),
        },
        empty="No source matches.",
    )


def all_loaders() -> None:
    day = ask(crash_days.every).row(0, named=True)
    declared = ask(catalogue.loaders, day=day["focus_start"].date())
    card(
        f"{declared.height} loaders" if declared.height != 1 else "One loader",
        declared,
        key="loaders",
        about="Each declares what it can fetch, how far back, and whether it reaches that crash day",
        table={
            "loader": TEXT("Loader"),
            "publisher": TEXT("Publisher"),
            "dataset": TEXT("Dataset", width="medium"),
            "rows": NUMBER("Rows here", format="localized"),
            "span": TEXT("Span"),
            "resolution": TEXT("Resolution"),
            "gives": TEXT("Gives"),
            "reaches": TEXT(f"Reaches {day['title']}"),
            "key_needed": TEXT("Key needed"),
            "group": TEXT("Refreshed"),
            "tables": TEXT("Fills", width="medium"),
            "limits": TEXT("Limits", width="medium"),
            "method": TEXT("Method", width="large"),
            "licence": TEXT("Terms", width="medium"),
            "url": TEXT("Address", width="medium"),
        },
    )


def how_it_came() -> None:
    refused = ask(catalogue.refused)
    card(
        f"{number(refused.height)} refused rows" if refused.height else "Nothing was refused",
        refused,
        key="quarantine",
        about="A row that breaks a rule of its table is kept here with the rule's name, never dropped in silence",
        table=REFUSED,
        empty="Every row that was read broke no rule.",
    )
    card(
        "The bytes it was read from",
        ask(catalogue.snapshots),
        key="snapshots",
        about="One line a piece: address, time, size and sha256, so that anyone can check they read the same. UTC",
        table=SNAPSHOTS,
    )
    card(
        "What the last runs did",
        ask(catalogue.runs),
        key="runs",
        about="One line a source and run, as known when this generation was published. UTC",
        table=RUNS,
    )


st.title("Data: every table, who says so, and how to take it along")
the_generation()
all_tables()
one_table()
st.header("Where it comes from", anchor="sources")
all_sources()
all_loaders()
st.header("How fresh it is", anchor="fresh")
watch.damage()
watch.sources()
watch.holes()
st.header("How it got here", anchor="runs")
how_it_came()
