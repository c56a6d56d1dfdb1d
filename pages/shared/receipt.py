"""Where figures come from, in words and links: the sources of rows, and the receipt of one headline figure."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from analytics.data import sources
from charts.words import utc
from pages.shared.ask import ask
from pages.shared.words import safe

NAMED_PUBLISHERS = 3
"""Publishers a source line names; the rest is counted."""


def sources_of(data: pl.DataFrame) -> pl.DataFrame:
    """The sources of these rows (`source_id`, several joined by `;`), as `analytics.data.sources.named` gives them."""
    ids = {one for joined in data["source_id"].drop_nulls().unique() for one in joined.split(";")}
    return ask(sources.named, ids=tuple(sorted(ids)))


def source_line(named: pl.DataFrame, data: pl.DataFrame) -> str:
    """Who published these rows, in one line."""
    publishers = sources.publishers(named, data)
    rest = len(publishers) - NAMED_PUBLISHERS
    return safe(", ".join(publishers[:NAMED_PUBLISHERS]) + (f" and {rest} more" if rest > 0 else ""))


def source_link(source: dict[str, Any]) -> str:
    """A source by name, linked where it may be."""
    words = safe(f"{source['publisher']}: {source['dataset']}")
    if source["linkable"] and str(source["url"]).startswith("https://"):
        return f"[{words}]({source['url'].replace(')', '%29')})"
    return f"{words} (not linked: a copy or an unpublished note)" if source["url"] else words


def is_linkable(source_id: str) -> bool:
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
                    source_link(named),
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
