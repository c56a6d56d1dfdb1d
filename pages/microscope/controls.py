"""What the parts of the microscope page choose by: the moment looked at, the asset, the market, the pair."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import streamlit as st

from analytics.market import decimate
from charts.words import utc
from pages.shared.choose import say_unusable
from pages.shared.link import mend, say_mended, unseen
from pages.shared.time_range import read

SECOND = timedelta(seconds=1)


def chosen_at(start: datetime, end: datetime, default: datetime) -> datetime:
    """The second everything is shown as of, by link or slider, always inside the range. Says what of a link it could
    not use."""
    default = min(max(default, start), end)
    for value in unseen("at")[:1]:
        moment, problem = read(value)
        if moment and not start <= moment <= end:
            problem = f"The link's moment {utc(moment, 'second')} lies outside the chosen range."
            moment = None
        shown = (moment or default).replace(microsecond=0)
        mend("at", [f"{shown:%Y-%m-%dT%H:%M:%S}"], [problem] if problem else [])
    if not start <= st.session_state.get("at", default) <= end:
        st.session_state["at"] = default
    at = st.slider(
        "As of, UTC", start, end, default, step=SECOND, format="MMM D, HH:mm:ss", key="at", bind="query-params"
    )
    say_mended("at", at, f"Showing {utc(at, 'second')}.")
    return at


def chosen_asset(container: Any, known: list[str]) -> str:
    """The asset every part is about."""
    say_unusable("coin", known, "asset")
    return container.selectbox("Asset", known, key="coin", bind="query-params", width=160)


def chosen_market(markets: pl.DataFrame, key: str, what: str) -> tuple[dict[str, Any], decimate.Key] | None:
    """One of the markets (rows with `name` and the key of a series), the first unless chosen; None where there are
    none."""
    named = {f"{row['name']} {row['symbol']} {row['market']}": row for row in markets.iter_rows(named=True)}
    if not named:
        return None
    say_unusable(key, list(named), "market")
    row = named[st.selectbox(what, list(named), key=key, bind="query-params", persist_state="page", width=300)]
    return row, tuple(row[part] for part in decimate.KEY)
