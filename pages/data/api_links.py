"""What the data page hands out: addresses, examples, and ages in words."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import polars as pl
import streamlit as st


def age(since: timedelta) -> str:
    """How long ago, in the largest unit that fits."""
    for unit, seconds in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = int(since.total_seconds() // seconds)
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def address(name: str, form: str, query: dict[str, str] | None = None) -> str:
    """Where the API serves a table; pinned to the generation when the view is."""
    here = urlsplit(st.context.url or "")
    pinned = {"generation": st.query_params["generation"]} if "generation" in st.query_params else {}
    asked = urlencode({**(query or {}), **pinned})
    return f"{here.scheme}://{here.netloc}/api/v1/{name}.{form}" + (f"?{asked}" if asked else "")


def example(shown: pl.DataFrame) -> dict[str, str]:
    """An example that finds something: the first text column of the table, as its first row has it."""
    texts = [column for column, dtype in shown.schema.items() if dtype == pl.String]
    if shown.is_empty() or not texts or shown[texts[0]][0] is None:
        return {"limit": "10"}
    return {texts[0]: shown[texts[0]][0], "limit": "10"}
