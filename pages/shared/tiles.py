"""Headline figures side by side, each with its window and its receipt."""

from __future__ import annotations

from typing import Any

import streamlit as st

from charts.words import utc
from pages.shared.receipt import is_linkable, receipt
from pages.shared.words import safe


def figures(shown: list[tuple[str, str, dict[str, Any]]], *, key: str) -> None:
    """A strip of headline figures, each `(label, words, published row)` with its window and its receipt; two that
    belong together follow each other."""
    pairs = [shown[start : start + 2] for start in range(0, len(shown), 2)]
    strip = st.grid(max(len(pairs), 1), min_column_width=300, key=f"figures-{key}")
    for place, pair in enumerate(pairs):  # two by two, so that no width leaves one card alone in its row
        with strip:
            two = st.container(horizontal=True, wrap=False, height="stretch")
        for side, (label, words, row) in enumerate(pair):
            with two, st.container(border=True, height="stretch"):
                st.metric(label, words)
                window = row["window_label"] or utc(row["as_of"], row["as_of_precision"])
                copied = "" if is_linkable(row["source_id"]) else "second-hand"
                st.caption(safe(", ".join(filter(None, (window, row.get("origin"), copied)))))
                receipt(row, key=f"{key}-{2 * place + side}")
