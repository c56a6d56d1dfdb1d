"""Columns of tables: the kinds Streamlit has, and how money, times and dates are written in them."""

from __future__ import annotations

from typing import Any

import streamlit as st

COLUMN, TEXT, NUMBER = st.column_config.Column, st.column_config.TextColumn, st.column_config.NumberColumn
TIME, CHECK, LINK = st.column_config.DatetimeColumn, st.column_config.CheckboxColumn, st.column_config.LinkColumn


def money(label: str) -> Any:
    """US dollars with thousands separators, as exact as the source gives them."""
    return NUMBER(label, format="localized", width=140)


def whole_money(label: str) -> Any:
    """US dollars with thousands separators, cents rounded away."""
    return NUMBER(label, format="localized", step=1, width=140)


def dollars(label: str) -> Any:
    """US dollars with their sign, where a table also has figures of another unit."""
    return NUMBER(label, format="dollar", width=140)


def to_minute(label: str) -> Any:
    """A time in UTC to the minute, with its date."""
    return TIME(label, format="YYYY-MM-DD HH:mm", timezone="UTC")


def to_second(label: str, **options: Any) -> Any:
    """A time in UTC to the second, with its date; `options` as Streamlit's column has them (help, width)."""
    return TIME(label, format="YYYY-MM-DD HH:mm:ss", timezone="UTC", **options)
