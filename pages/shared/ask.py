"""Questions asked of one generation: the one a link pins, else the published one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from analytics.warehouse import generation_named, hub
from pages.shared.words import REORDERED, REORDERS

Question = Callable[..., pl.DataFrame]


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
