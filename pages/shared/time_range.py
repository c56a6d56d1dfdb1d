"""The one time range of the cascade page: what its link asks for, and the controls that change it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from charts.words import clock, utc
from pages.shared.link import mend, say_mended, unseen
from pages.shared.words import span

Range = tuple[datetime, datetime]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def chosen_range(day: dict[str, Any], presets: dict[str, Range]) -> Range:
    """The range by link, preset or slider, always inside the day. Says what of a link it could not use."""
    window, focus = (day["window_start"], day["window_end"]), (day["focus_start"], day["focus_end"])
    if values := unseen("t"):
        found, said = usable(values, window, focus)
        mend("t", [f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in found], said)
    held = st.session_state.get("t", focus)
    if not window[0] <= held[0] < held[1] <= window[1]:
        st.session_state["t"] = focus
    controls = st.container(horizontal=True, vertical_alignment="bottom")
    start, end = controls.slider(
        "Time range of everything on this page, UTC",
        *window,
        focus,
        step=MINUTE,
        format="MMM D, HH:mm",
        key="t",
        bind="query-params",
        width=560,
    )
    for name, preset in presets.items():
        controls.button(
            name,
            type="primary" if (start, end) == preset else "secondary",
            on_click=_set_range,
            args=(preset,),
            key=f"preset-{name}",
        )
    say_mended("t", (start, end), f"Showing {span(start, end)}.")
    return start, end


def chosen_reference(day: dict[str, Any], container: Any) -> datetime:
    """The moment prices are measured from, the day's own unless a link or the reader says otherwise."""
    default = (day["t0"] or day["focus_start"]).replace(tzinfo=None)
    lowest, highest = day["window_start"], day["window_end"]
    for value in unseen("ref")[:1]:
        moment, problem = read(value)
        if moment and not lowest <= moment <= highest:
            moment, problem = None, f"The link's {utc(moment)} lies outside this day."
        mend("ref", [f"{moment or default:%Y-%m-%dT%H:%M}"], [problem] if problem else [])
    held = st.session_state.get("ref", default)
    if held is None or not lowest <= held.replace(tzinfo=UTC) <= highest:
        st.session_state["ref"] = default
    chosen = container.datetime_input(
        "100 % is the price at, UTC",
        default,
        min_value=lowest,
        max_value=highest,
        step=MINUTE,
        key="ref",
        bind="query-params",
        persist_state="page",
        width=240,
    )
    moment = (chosen or default).replace(tzinfo=UTC)
    say_mended("ref", moment, f"Prices are measured from {clock(moment)} UTC.")
    return moment


def usable(values: list[str], window: Range, focus: Range) -> tuple[Range, list[str]]:
    """What a link's times come to inside a window, and in words what of them could not be used as it stands."""
    said = ["The link gives more than two times; the first two are used."] if len(values) > 2 else []
    moments = []
    for value in values[:2]:
        moment, problem = read(value)
        said += [problem] if problem else []
        if moment is not None and not window[0] <= moment <= window[1]:
            said.append(f"The link's {utc(moment)} lies outside this day ({span(*window)}).")
            moment = min(max(moment, window[0]), window[1])
        moments += [] if moment is None else [moment]
    if len(moments) == 2 and moments[0] > moments[1]:
        said.append("The link gives the end of the range before its start; they are swapped.")
    if len(moments) == 1:
        said.append(f"The link gives one end of the range only, {clock(moments[0])}.")
        moments.append(next((end for end in (focus[1], window[1]) if end > moments[0]), focus[0]))
    start, end = sorted(moments) if moments else focus
    if start == end:
        return focus, [*said, "What is left of the link's range has no length."]
    return (start, end), said


def read(value: str) -> tuple[datetime | None, str]:
    """One time of a link, in UTC, and what is wrong with it in words (empty where nothing is)."""
    try:
        moment = EPOCH + timedelta(microseconds=int(value)) if value.isdecimal() else datetime.fromisoformat(value)
    except (ValueError, OverflowError):
        return None, f"The link's “{value[:40]}” is not a time."
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC), ""
    in_utc = moment.astimezone(UTC)
    if value.isdecimal():
        return in_utc, ""
    return (
        in_utc,
        f"The link's “{value[:40]}” names a time zone, which these links do not; it was read as {clock(in_utc)} UTC.",
    )


def _set_range(preset: Range) -> None:
    st.session_state["t"] = preset
