"""The data itself: every table, where it comes from, how it got here, and how to take it along."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import streamlit as st

from analytics.data import catalogue
from charts.words import number, utc
from pages.data import watch
from pages.data.parts import address, age, example
from pages.shared.parts import ask, card, safe, say_unusable

text, figure = st.column_config.TextColumn, st.column_config.NumberColumn
PREVIEW = 20_000
FORMATS = ("csv", "json", "parquet")


def moment(label: str, **options: Any) -> Any:
    return st.column_config.DatetimeColumn(label, format="YYYY-MM-DD HH:mm:ss", timezone="UTC", **options)


def the_generation() -> None:
    shown = ask(catalogue.generation).row(0, named=True)
    held = ask(catalogue.tables)
    built = f"built {age(datetime.now(UTC) - shown['built_at'])}"
    strip = st.grid(4, min_column_width=150)
    for label, value, note in (
        ("Generation", str(shown["number"]), f"{built}, {utc(shown['built_at'])}"),
        ("Rows", number(held["rows"].sum()), f"in {held.height} tables, all columns described below"),
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
            "table": text("Table"),
            "meaning": text("One row is", width="large"),
            "rows": figure("Rows", format="localized"),
            "columns": figure("Columns"),
            "sources": figure("Sources"),
            "first": moment("First"),
            "last": moment("Last"),
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
            st.caption(f"The first {number(PREVIEW)} rows, in the order of the key. The .csv and the .parquet hold all of them.")
        _downloads(name, shown)
    card(
        f"The columns of {name}",
        described,
        key="dictionary",
        about="Type, unit and meaning, from the same declaration that guards the loading. A key column is part of what makes a row unique",
        table={
            "column": text("Column"),
            "type": text("Type"),
            "unit": text("Unit"),
            "key": text("Key"),
            "may be unknown": text("May be unknown"),
            "meaning": text("Meaning", width="large"),
            "values": text("Values", width="medium"),
        },
    )


def _described(shown: pl.DataFrame, described: pl.DataFrame) -> dict[str, Any]:
    meaning = dict(described.select("column", "meaning").iter_rows())
    return {
        column: moment(column, help=meaning[column])
        if isinstance(dtype, pl.Datetime)
        else st.column_config.Column(column, help=meaning[column])
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
            "publisher": text("Publisher", width="medium"),
            "dataset": text("Dataset or page", width="medium"),
            "rows": figure("Rows", format="localized"),
            "kind": text("Kind"),
            "link": st.column_config.LinkColumn("Link", display_text="open"),
            "linkable": st.column_config.CheckboxColumn("Linkable"),
            "address": text("Address", width="medium"),
            "licence": text("Terms", width="medium"),
            "checked": text("How it was checked", width="medium"),
            "source_id": text("source_id"),
        },
        empty="No source matches.",
    )


def all_loaders() -> None:
    declared = ask(catalogue.loaders)
    card(
        f"{declared.height} loaders" if declared.height != 1 else "One loader",
        declared,
        key="loaders",
        about="Each declares what it can fetch, how far back, and whether it reaches Oct. 10, 2025",
        table={
            "loader": text("Loader"),
            "publisher": text("Publisher"),
            "dataset": text("Dataset", width="medium"),
            "rows": figure("Rows here", format="localized"),
            "span": text("Span"),
            "resolution": text("Resolution"),
            "reaches_oct_2025": text("Reaches Oct. 2025"),
            "key_needed": text("Key needed"),
            "group": text("Refreshed"),
            "tables": text("Fills", width="medium"),
            "limits": text("Limits", width="medium"),
            "method": text("Method", width="large"),
            "licence": text("Terms", width="medium"),
            "url": text("Address", width="medium"),
        },
    )


def how_it_came() -> None:
    refused = ask(catalogue.refused)
    card(
        f"{number(refused.height)} refused rows" if refused.height else "Nothing was refused",
        refused,
        key="quarantine",
        about="A row that breaks a rule of its table is kept here with the rule's name, never dropped in silence",
        table={
            "table_name": text("Table"),
            "rule": text("Rule it broke"),
            "row_number": figure("Row of the file"),
            "loader": text("Loader"),
            "url": text("File or address", width="medium"),
            "row_json": text("The row as it came", width="large"),
        },
        empty="Every row that was read broke no rule.",
    )
    card(
        "The bytes it was read from",
        ask(catalogue.snapshots),
        key="snapshots",
        about="One line a piece: address, time, size and sha256, so that anyone can check they read the same. UTC",
        table={
            "loader": text("Loader"),
            "piece": text("Piece"),
            "url": text("From", width="medium"),
            "fetched_at": moment("Fetched"),
            "bytes": figure("Bytes", format="localized"),
            "rows_loaded": figure("Rows", format="localized"),
            "rows_refused": figure("Refused"),
            "rows_doubled": figure("Doubled"),
            "sha256": text("sha256", width="large"),
        },
    )
    card(
        "What the last runs did",
        ask(catalogue.runs),
        key="runs",
        about="One line a source and run, as known when this generation was published. UTC",
        table={
            "loader": text("Loader"),
            "outcome": text("Outcome"),
            "started_at": moment("Started"),
            "finished_at": moment("Ended"),
            "rows_loaded": figure("Rows", format="localized"),
            "rows_refused": figure("Refused"),
            "error": text("Cause of failure", width="large"),
        },
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
