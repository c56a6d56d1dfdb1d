"""A card: a finding as its title, its chart or table, its source line, and one menu with data, sources and link.

A new card of a page is one function of that page's folder:

    def depth(day: dict[str, Any]) -> None:
        rows = ask(book.depth, start=day["window_start"], end=day["window_end"])    # a question of analytics/
        card(
            f"…" if rows.height else "…",            # the finding in one sentence; with a figure: a line in
            tests/figures
            rows,                                    # exactly what is shown, with `source_id`: the download is this
            partial(depth_chart.figure, rows) if rows.height else None,    # a figure of charts/, drawn when it is new
            key="depth",                             # no two cards of one view share it
            about="US dollars within 1 % of the middle, UTC",      # unit, window, UTC
            alt="…",                                 # the chart for somebody who cannot see it
            table={"name": TEXT("Exchange"), "depth_usd": money("Depth")},      # columns: pages/shared/columns.py
        )

Numbers and times are worded by `charts/words.py`, choices that belong into the link made by `choose.py`.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any
from urllib.parse import urlencode

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from analytics.data.export import csv
from pages.shared.ask import generation
from pages.shared.receipt import source_line, source_link, sources_of
from pages.shared.table import table as rows_table
from pages.shared.words import safe

MOST_PICTURES = 500
"""Charts kept for replay; one has 10 to 300 kB."""
LISTED_SOURCES = 8
"""Sources a card's menu lists by name; the rest is counted there and stands in the sources CSV."""
PLOTLY = {
    "displaylogo": False,
    "showSendToCloud": False,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
}


def card(
    title: str,
    data: pl.DataFrame,
    chart: partial[go.Figure] | None = None,
    *,
    key: str,
    about: str,
    alt: str = "",
    note: str = "",
    table: dict[str, Any] | None = None,
    empty: str = "No figure of this kind is known for this selection.",
) -> None:
    """A finding with its evidence: title, chart or table, source line, and one menu with the data, its sources and
    the link.

    `about` states units, window and UTC; `data` is exactly what is shown, with a `source_id` column; `alt` says what
    the
    chart shows to somebody who cannot see it; `chart` draws it, and is only called where nobody has asked for the same
    picture of this generation before; `table` is a column configuration and asks for a table instead of a
    chart.
    """
    with st.container(border=True, key=f"card-{key}"):
        with st.container(horizontal=True, vertical_alignment="top", wrap=False):
            st.markdown(f"#### {safe(title)}", width="stretch")
            menu = st.popover(
                "", icon=":material/more_horiz:", type="tertiary", help="Data, sources and link", key=f"menu-{key}"
            )
        st.caption(safe(about))
        if data.is_empty():
            st.info(safe(empty), icon=":material/help:")
            return
        _evidence(data, chart, table, key, alt or title)
        if note:
            st.caption(safe(note))
        named = sources_of(data)
        st.caption(f"Source: {source_line(named, data)}")
        with menu:
            _menu(key, data, named)


def _evidence(
    data: pl.DataFrame, chart: partial[go.Figure] | None, table: dict[str, Any] | None, key: str, alt: str
) -> None:
    if chart is not None:
        _drawn(generation(), key, alt, chart, touch=_by_touch())
    if table is not None:
        rows_table(data, table, key=f"table-{key}", alt=alt)


def _digest(rows: pl.DataFrame) -> bytes:
    """Which rows these are, and in which order."""
    return hashlib.blake2b(rows.hash_rows().to_numpy().tobytes() + repr(rows.schema).encode()).digest()


def _picture(chart: partial[go.Figure]) -> tuple[object, ...]:
    """What decides how a chart looks: the function that draws it, and what it is given."""
    return f"{chart.func.__module__}.{chart.func.__qualname__}", chart.args, sorted(chart.keywords.items())


@st.cache_data(max_entries=MOST_PICTURES, show_spinner=False, hash_funcs={partial: _picture, pl.DataFrame: _digest})
def _drawn(number: int, key: str, alt: str, chart: partial[go.Figure], touch: bool) -> None:
    """The chart of a card. The same picture of the same generation is replayed to everybody, and built once.

    By touch a swipe scrolls the page wherever it begins, so a chart does not zoom there and has no bar of tools.
    """
    figure = chart()
    if touch:
        figure.update_layout(dragmode=False)
        figure.update_xaxes(fixedrange=True)
        figure.update_yaxes(fixedrange=True)
    config = {**PLOTLY, "displayModeBar": False} if touch else PLOTLY
    st.plotly_chart(figure, key=f"chart-{key}", config=config, alt=alt)


def _by_touch() -> bool:
    """Whether the reader holds a phone, by what its browser says of itself."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def view_link() -> str:
    """The address of exactly this view. Its day is named also where it is the default: that may be another one some
    day."""
    query = {key: st.query_params.get_all(key) for key in st.query_params}
    if "day" in st.session_state:
        query.setdefault("day", [st.session_state["day"]])
    return f"{st.context.url}?{urlencode(query, doseq=True)}" if query else str(st.context.url)


def _menu(key: str, data: pl.DataFrame, named: pl.DataFrame) -> None:
    st.download_button(
        f"Data as CSV ({data.height:,} rows)",
        lambda: csv(data),
        f"crashday-{key}.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"csv-{key}",
    )
    st.download_button(
        "Its sources as CSV",
        lambda: csv(named),
        f"crashday-{key}-sources.csv",
        "text/csv",
        icon=":material/library_books:",
        on_click="ignore",
        key=f"sources-{key}",
    )
    st.markdown(
        "**Sources**  \n" + "  \n".join(source_link(row) for row in named.head(LISTED_SOURCES).iter_rows(named=True))
    )
    if named.height > LISTED_SOURCES:
        st.caption(f"and {named.height - LISTED_SOURCES} more in the sources CSV")
    st.markdown(f"**Link to this view** (generation {generation()})")
    st.code(view_link(), language=None, wrap_lines=True)
