"""The frame around every page: navigation, the warehouse check, and which data the view shows.

It stands inside `pages/` on purpose: a main script beside that folder lets a deep link that is the first request of a
fresh server run its page without this shell.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from analytics.warehouse import NoWarehouse, hub
from pages.shared.ask import generation
from pages.shared.notices import say_if_generation_is_gone, say_what_is_stale
from pages.shared.words import safe
from pipelines.config import Settings
from pipelines.generations import draft
from pipelines.refreshing import build
from web.turns import TURNS

st.set_page_config(page_title="Crashday", page_icon=str(Path(__file__).with_name("icon.svg")), layout="wide")
st.logo(Path(__file__).with_name("logo.svg"), size="large")

page = st.navigation(
    {
        "": [
            st.Page("overview/overview.py", title="Overview", icon=":material/bolt:", default=True),
            st.Page("cascade/cascade.py", title="Cascade", icon=":material/show_chart:", url_path="cascade"),
            st.Page(
                "exchanges/exchanges.py", title="Exchanges", icon=":material/account_balance:", url_path="exchanges"
            ),
            st.Page(
                "liquidations/liquidations.py",
                title="How much, really?",
                icon=":material/balance:",
                url_path="how-much",
            ),
            st.Page("tokenized/tokenized.py", title="Tokenized stocks", icon=":material/token:", url_path="tokenized"),
            st.Page(
                "crash_days/crash_days.py", title="Crash days", icon=":material/calendar_month:", url_path="crash-days"
            ),
            st.Page("data/data.py", title="Data", icon=":material/database:", url_path="data"),
        ],
        "In depth": [
            st.Page("microscope/microscope.py", title="Microscope", icon=":material/biotech:", url_path="microscope"),
            st.Page("exchange/exchange.py", title="One exchange", icon=":material/search:", url_path="exchange"),
            st.Page("backpack/backpack.py", title="Backpack case", icon=":material/backpack:", url_path="backpack"),
            st.Page("settlement/settlement.py", title="Settlement", icon=":material/calculate:", url_path="settlement"),
        ],
    },
    position="top",
)


def build_missing_warehouse() -> None:
    """An app that finds no data, or data of another version's tables, builds it; a second visitor waits for the
    first one's build."""
    with st.status("Building the warehouse from the embedded facts …", expanded=True) as progress:
        try:
            built, outcomes = build.build(Settings())
        except draft.Busy:
            progress.update(
                label="Another process is building the warehouse. Reload in a few seconds.", state="running"
            )
            st.stop()
        except OSError as error:
            progress.update(label=f"The warehouse could not be built: {error.strerror or error}.", state="error")
            st.stop()
        failures = [outcome.error for outcome in outcomes if outcome.error and not built]
        for failure in failures:
            st.error(safe(failure))
        progress.update(
            label="The warehouse could not be built." if failures else "The warehouse is built.",
            state="error" if failures else "complete",
        )
    if failures:
        st.stop()
    try:
        with hub().lease():
            st.rerun()
    except NoWarehouse as still:
        st.error(safe(still))
        st.stop()


with TURNS.turn():
    try:
        with hub().lease():
            pass
    except NoWarehouse:
        build_missing_warehouse()

    say_if_generation_is_gone()
    say_what_is_stale()
    try:
        page.run()
    except NoWarehouse as damaged:
        published = hub().published()
        if generation() == published.generation and not draft.is_whole(hub().folder, published):
            build_missing_warehouse()
        st.error(safe(damaged), icon=":material/broken_image:")
        st.stop()

    published = hub().published()
    shown = generation()
    pinned = (
        f"This link is pinned to generation {shown}; the current one is {published.generation}. "
        if shown != published.generation
        else ""
    )
    st.caption(
        f"{pinned}Data of generation {shown}, built {published.built_at[:16].replace('T', ' ')} UTC. All times "
        "UTC. Empty means not known, never zero."
    )
