"""Values of a link that a widget takes, and what is said of those it could not take."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shared.words import safe


def unseen(key: str) -> list[str]:
    """The link's values of a key, as long as no widget has taken them."""
    return [] if key in st.session_state else st.query_params.get_all(key)


def mend(key: str, usable: list[str], problems: list[str]) -> None:
    """Put into the link what it came to, and begin again with it.

    Streamlit drops a bound value it cannot use without a word and passes reversed ends through, and the address
    would not
    lead back to what is shown.
    """
    if st.query_params.get_all(key) != usable:
        st.session_state[f"{key}-problems"] = problems
        st.query_params[key] = usable
        st.rerun()


def say_mended(key: str, shown: Any, outcome: str) -> None:
    """Say what a link could not have, until the reader chooses something else."""
    problems, first_shown = st.session_state.get(f"{key}-problems"), st.session_state.setdefault(f"{key}-shown", shown)
    if problems and shown == first_shown:
        st.warning(safe(f"{' '.join(problems)} {outcome}"), icon=":material/link_off:")
