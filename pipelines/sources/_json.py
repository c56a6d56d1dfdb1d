"""JSON bodies: read, or refused (a page of HTML with status 200 is not an empty answer).

Refusals are published: they name what was expected and quote nothing of what came, which may be anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl

from pipelines.source import Refused

NUMBER = re.compile(r"-?[0-9]{1,9}")


def loaded(body: bytes, name: str) -> Any:
    """The JSON value in a reply. Raises Refused."""
    try:
        return json.loads(body)
    except ValueError:
        raise Refused(
            name,
            "it is a web page, not JSON" if body.lstrip()[:1] == b"<" else "it is not JSON",
            "The source may be down or blocked here; the next refresh asks again.",
        ) from None


def error_number(code: object) -> str:
    """A venue's error by its number; what else a venue says of it stays unsaid."""
    return f"error {code}" if isinstance(code, int | str) and NUMBER.fullmatch(str(code)) else "an error"


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
            f"its shape is not the known one ({type(error).__name__})",
            "The source may have changed its format: the parser needs a look.",
        ) from None
