"""What every page is made of: questions asked of one generation, cards with their receipt, and words that are safe to show."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from analytics.compare import crash_days
from analytics.data import sources
from analytics.data.export import csv
from analytics.warehouse import GenerationGone, NoWarehouse, generation_named, hub
from charts.words import utc
from pipelines import health
from pipelines.config import Settings

Question = Callable[..., pl.DataFrame]

SHOWN_SOURCES = 8
REORDERS, REORDERED = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", "\ufffd"
"""Characters nobody sees that turn the order of those around them: with them a name could be read as another's."""
PLOTLY = {
    "displaylogo": False,
    "showSendToCloud": False,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
}


def ask(question: Question, **parameters: Any) -> pl.DataFrame:
    """Answer a question from the generation this view shows; the answer is kept until the generation changes."""
    return _answer(generation(), f"{question.__module__}.{question.__name__}", question, parameters)


@st.cache_data(max_entries=400, show_spinner=False)
def _answer(number: int, name: str, _question: Question, parameters: dict[str, Any]) -> pl.DataFrame:
    with hub().lease(number) as warehouse:
        return _question(warehouse, **parameters).with_columns(pl.col(pl.String).str.replace_all(REORDERS, REORDERED))


def generation() -> int:
    """The generation this view shows: the one its link pins (`?generation=42`), else the published one."""
    wanted = generation_named(st.query_params.get("generation", ""))
    return hub().published().generation if wanted is None else wanted


def say_if_generation_is_gone() -> None:
    """Tell the reader when the link pins a generation that is no longer kept, and stop: other data would be another answer."""
    wanted = st.query_params.get("generation")
    if wanted is not None and generation_named(wanted) is None:
        st.warning(
            f"The link asks for the generation “{safe(wanted[:60])}”, which is not a number. Showing the published data.",
            icon=":material/link_off:",
        )
    try:
        with hub().lease(generation()):
            pass
    except (GenerationGone, NoWarehouse) as gone:
        st.error(f"This link shows the data as known at an earlier time. {gone}", icon=":material/history:")
        link = {key: value for key, value in st.query_params.to_dict().items() if key != "generation"}
        st.markdown(f"[Show the current data instead](?{urlencode(link)})")
        st.stop()


@st.cache_data(ttl=60, show_spinner=False)
def _health() -> list[health.Health]:
    return health.health(Settings().data_dir, datetime.now(UTC))


def say_what_is_stale() -> None:
    """A banner on every page while a source is older than it promises; embedded facts never are."""
    stale = [one for one in _health() if one.stale]
    if stale:
        ages = ", ".join(
            f"{one.source} ({utc(one.last_success) if one.last_success else 'never fetched'})" for one in stale[:6]
        )
        more = f" and {len(stale) - 6} more" if len(stale) > 6 else ""
        st.warning(
            f"Not fresh: {safe(ages)}{more}. Their figures are shown as of these times; everything else is up to date. [What failed](data#fresh)",
            icon=":material/schedule:",
        )


def chosen_day(container: Any = st) -> dict[str, Any]:
    """The crash day this view is about, by link or by choice."""
    days = ask(crash_days.every)
    titles = dict(days.select("crash_day", "title").iter_rows())
    day = chosen_by_id("Crash day", titles, key="day", what="crash day", container=container, width=220)
    return days.row(by_predicate=pl.col("crash_day") == day, named=True)


def chosen_by_id(
    label: str,
    words: dict[str, str],
    *,
    key: str,
    what: str,
    default: str | None = None,
    container: Any = st,
    width: int | str = "stretch",
) -> str:
    """A choice by its words whose link holds its id (`words` by id): a bound select box would put the words into the link.

    Without a `default` it is the first. A choice holds on the other pages too, as a bound one does.
    """
    linked, first, seen = st.query_params.get(key), default or next(iter(words)), f"{key}-link"
    # Another page may have a box of this key, which holds a value of its own.
    if not {key, seen} <= set(st.session_state) or linked != st.session_state[seen]:
        say_unusable(key, list(words), what)
        arrived = linked is None and st.session_state.get(f"{key}-page") != st.context.url
        wanted = st.session_state.get(seen) if arrived else linked
        st.session_state[key] = wanted if wanted in words else first
    elif st.session_state[key] not in words:
        st.session_state[key] = first
    chosen = container.selectbox(label, list(words), format_func=words.__getitem__, key=key, width=width)
    if chosen != (linked or first):
        st.query_params[key] = chosen
    st.session_state[seen], st.session_state[f"{key}-page"] = st.query_params.get(key), st.context.url
    return chosen


def say_unusable(key: str, known: list[str], what: str) -> None:
    """Say it when a link asks for a value that does not exist, instead of silently showing another."""
    for value in st.query_params.get_all(key):
        if value not in known:
            st.warning(
                f"The link asks for the {what} “{safe(value[:60])}”, which is not known here. Showing the default.",
                icon=":material/link_off:",
            )


def safe(text: object) -> str:
    """Text from outside as plain words in markdown: no links, no formulas, no markup."""
    shown = re.sub(REORDERS, REORDERED, str(text))
    # An address becomes a link also where it is escaped; a word joiner, which nobody sees, keeps it from being one.
    unlinked = re.sub(r"(?<=www)(?=\.)|(?<=:)(?=//)|(?<=@)", "\u2060", shown, flags=re.IGNORECASE)
    return re.sub(r"([\\`*_{}\[\]()<>#+!|$~:])", r"\\\1", unlinked)


def card(
    title: str,
    data: pl.DataFrame,
    chart: go.Figure | None = None,
    *,
    key: str,
    about: str,
    alt: str = "",
    note: str = "",
    table: dict[str, Any] | None = None,
    empty: str = "No figure of this kind is known for this selection.",
) -> None:
    """A finding with its evidence: title, chart or table, source line, and one menu with the data, its sources and the link.

    `about` states units, window and UTC; `data` is exactly what is shown, with a `source_id` column; `alt` says what the
    chart shows to somebody who cannot see it; `table` is a column configuration and asks for a table instead of a chart.
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
        if chart is not None:
            st.plotly_chart(chart, key=f"chart-{key}", config=PLOTLY, alt=alt or title)
        if table is not None:
            st.dataframe(
                data.to_arrow(),  # Streamlit would take a polars frame through pandas, ten times as slow
                hide_index=True,
                column_config=_columns(table, data),
                column_order=list(table),
                key=f"table-{key}",
                placeholder="",
                alt=alt or title,
            )
        if note:
            st.caption(safe(note))
        named = ask(sources.named, ids=_source_ids(data))
        st.caption(f"Source: {_source_line(sources.publishers(named, data))}")
        with menu:
            _menu(key, data, named)


def figures(shown: list[tuple[str, str, dict[str, Any]]], *, key: str) -> None:
    """A strip of headline figures, each `(label, words, published row)` with its window and its receipt; two that belong together follow each other."""
    pairs = [shown[start : start + 2] for start in range(0, len(shown), 2)]
    strip = st.grid(max(len(pairs), 1), min_column_width=300, key=f"figures-{key}")
    for place, pair in enumerate(pairs):  # two by two, so that no width leaves one card alone in its row
        with strip:
            two = st.container(horizontal=True, wrap=False, height="stretch")
        for side, (label, words, row) in enumerate(pair):
            with two, st.container(border=True, height="stretch"):
                st.metric(label, words)
                window = row["window_label"] or utc(row["as_of"], row["as_of_precision"])
                copied = "" if _links(row["source_id"]) else "second-hand"
                st.caption(safe(", ".join(filter(None, (window, row.get("origin"), copied)))))
                receipt(row, key=f"{key}-{2 * place + side}")


def _links(source_id: str) -> bool:
    """Whether the source of a figure may be linked: copies and unpublished notes are only named."""
    return any(ask(sources.named, ids=tuple(source_id.split(";")))["linkable"])


def receipt(figure: dict[str, Any], *, key: str) -> None:
    """The receipt of one headline figure: who says it, about which window, as of when, and how sure it is."""
    named = ask(sources.named, ids=(figure["source_id"],)).row(0, named=True)
    with st.popover("Source", type="tertiary", icon=":material/receipt_long:", key=f"receipt-{key}"):
        window = figure.get("window_label") or "not stated"
        st.markdown(
            "  \n".join(
                [
                    _source_link(named),
                    f"Number by: {safe(figure.get('origin') or 'not stated')}",
                    f"Window: {safe(window)}",
                    f"Covers: {safe(figure.get('universe') or 'not stated')}",
                    f"As of: {safe(utc(figure['as_of'], figure['as_of_precision']))}",
                    f"Confidence: {figure['confidence']}" + (", second hand" if figure["second_hand"] else ""),
                ]
            )
        )
        if figure.get("note"):
            st.caption(safe(figure["note"]))


def view_link() -> str:
    """The address of exactly this view. Its day is named also where it is the default: that may be another one some day."""
    said = {key: st.query_params.get_all(key) for key in st.query_params}
    if "day" in st.session_state:
        said.setdefault("day", [st.session_state["day"]])
    query = urlencode(said, doseq=True)
    return f"{st.context.url}?{query}" if query else str(st.context.url)


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
        "**Sources**  \n" + "  \n".join(_source_link(row) for row in named.head(SHOWN_SOURCES).iter_rows(named=True))
    )
    if named.height > SHOWN_SOURCES:
        st.caption(f"and {named.height - SHOWN_SOURCES} more in the sources CSV")
    st.markdown(f"**Link to this view** (generation {generation()})")
    st.code(view_link(), language=None, wrap_lines=True)


def _columns(table: dict[str, Any], data: pl.DataFrame) -> dict[str, Any]:
    hidden = {column: None for column in data.columns if column not in table}
    return {**table, **hidden}


def _source_ids(data: pl.DataFrame) -> tuple[str, ...]:
    return tuple(sorted({one for joined in data["source_id"].drop_nulls().unique() for one in joined.split(";")}))


def _source_line(publishers: list[str]) -> str:
    more = f" and {len(publishers) - 3} more" if len(publishers) > 3 else ""
    return safe(", ".join(publishers[:3]) + more)


def _source_link(source: dict[str, Any]) -> str:
    words = safe(f"{source['publisher']}: {source['dataset']}")
    if source["linkable"] and str(source["url"]).startswith("https://"):
        return f"[{words}]({source['url'].replace(')', '%29')})"
    return f"{words} (not linked: a copy or an unpublished note)" if source["url"] else words
