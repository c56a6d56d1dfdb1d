"""Choices that stand in the link: the crash day, one of several by its id, the tab."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from analytics.compare import contents, crash_days
from pages.shared.ask import ask
from pages.shared.words import safe

FORMER_TAB_KEYS = ("part", "lens", "show", "view")
"""What links called the tab before every page called it `tab`; links made then are still in use."""


def chosen_day(container: Any = st) -> dict[str, Any]:
    """The crash day this view is about, by link or by choice."""
    days = ask(crash_days.every)
    held = {row["crash_day"]: _finest(row) for row in ask(contents.by_day).iter_rows(named=True)}
    titles = {day: f"{title}{held[day]}" for day, title in days.select("crash_day", "title").iter_rows()}
    day = chosen_by_id("Crash day", titles, key="day", what="crash day", container=container, width=220)
    return days.row(by_predicate=pl.col("crash_day") == day, named=True)


def _finest(held: dict[str, Any]) -> str:
    """How fine the prices of a day are, for the list of days."""
    return " · by minute" if held["minute_markets"] else " · by hour" if held["hour_markets"] else ""


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
    """A choice by its words whose link holds its id (`words` by id): a bound select box would put the words into the
    link.

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


def tabs(names: list[str]) -> list[TabContainer]:
    """The tabs of a page, the one of the link open, else the first; a link of a former name leads to the same tab."""
    former = next((key for key in FORMER_TAB_KEYS if key in st.query_params), None)
    if former is not None:
        wanted = st.query_params.pop(former)
        st.query_params["tab"] = st.query_params.get("tab", wanted)
        st.rerun()
    say_unusable("tab", names, "part of the page")
    return list(st.tabs(names, key="tab", bind="query-params"))


def say_unusable(key: str, offered: list[str], what: str) -> None:
    """Say it when a link asks for a value that does not exist, instead of silently showing another."""
    for value in st.query_params.get_all(key):
        if value not in offered:
            st.warning(
                f"The link asks for the {what} “{safe(value[:60])}”, which is not known here. Showing the default.",
                icon=":material/link_off:",
            )
