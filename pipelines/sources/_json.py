"""JSON bodies: read, or refused with how they begin (a page of HTML with status 200 is not an empty answer)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl

from pipelines.source import Refused


def loaded(body: bytes, name: str) -> Any:
    """The JSON value in a reply. Raises Refused."""
    try:
        return json.loads(body)
    except ValueError:
        start = body[:60].decode("utf-8", "replace")
        raise Refused(
            name,
            f"it is not JSON (starts with {start!r})",
            "The source may be down or blocked here; the next refresh asks again.",
        ) from None


@contextmanager
def known_shape(name: str) -> Iterator[None]:
    """Around code that takes a reply apart: a field that is not there or not what it was is a refusal. Raises Refused."""
    try:
        yield
    except Refused:
        raise
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, pl.exceptions.PolarsError) as error:
        raise Refused(
            name,
            f"its shape is not the known one ({type(error).__name__}: {str(error).splitlines()[0]})",
            "The source may have changed its format: the parser needs a look.",
        ) from None
