"""Rows as a table: the columns it is asked for, in their order."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st


def table(data: pl.DataFrame, columns: dict[str, Any], *, key: str, alt: str) -> None:
    """The columns named in `columns` (a column configuration), in that order; the other columns are hidden."""
    st.dataframe(
        data.to_arrow(),  # Streamlit would take a polars frame through pandas, ten times as slow
        hide_index=True,
        column_config={**columns, **{column: None for column in data.columns if column not in columns}},
        column_order=list(columns),
        key=key,
        placeholder="",
        alt=alt,
    )
