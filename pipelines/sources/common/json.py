"""JSON bodies: measured, then read; or refused (a page of HTML with status 200 is not an empty answer).

Refusals are published: they name what was expected and quote nothing of what came, which may be anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import polars as pl

from pipelines.source import Refused, TooLarge

BOM = b"\xef\xbb\xbf"
MOST_HELD = 256 << 20
"""Bytes of memory a reply may become: three bytes of `[],` become seventy."""
MOST_LEVELS = 32
"""Lists and objects inside each other; known replies have eight at most."""
DEEP = f"its JSON is nested deeper than {MOST_LEVELS} levels"
OBJECT, LIST, MEMBER, ITEM, QUOTE = 64, 64, 100, 40, 16
"""Bytes of memory, measured with orjson: an empty object or list, what a member and an item add, half of a text."""

NUMBER = re.compile(r"-?[0-9]{1,9}")


def loaded(body: bytes, name: str) -> Any:
    """The JSON value in a reply, measured before it is decoded. Raises Refused, and TooLarge."""
    size = _held(body)
    if size > MOST_HELD:
        raise TooLarge(
            name, f"its JSON would take {size >> 20:,} MB of memory, more than the {MOST_HELD >> 20} allowed"
        )
    try:
        value = orjson.loads(body.removeprefix(BOM))
    except orjson.JSONDecodeError as error:
        if error.msg.startswith("depth limit"):
            raise TooLarge(name, DEEP) from None
        raise Refused(
            name,
            "it is not JSON but a web page" if body.lstrip()[:1] == b"<" else f"it is not JSON ({error})",
            "The source may be down or blocked here; the next refresh asks again.",
        ) from None
    _refuse_depth(value, name)
    return value


def _held(body: bytes) -> int:
    """At most this much memory is taken by what the JSON becomes."""
    # Text that is not ASCII is held at up to four bytes a character.
    text = len(body) if body.isascii() and b"\\u" not in body else 4 * len(body)
    weights = {b"{": OBJECT, b"[": LIST, b":": MEMBER, b",": ITEM, b'"': QUOTE}
    return text + sum(weight * body.count(mark) for mark, weight in weights.items())


def _refuse_depth(value: Any, name: str) -> None:
    """orjson stops at 1,024 levels; what walks through them afterwards (Polars, a message) stops earlier, and worse."""
    level = [value]
    for _ in range(MOST_LEVELS):
        inside = (part.values() if isinstance(part, dict) else part for part in level if isinstance(part, dict | list))
        level = [part for parts in inside for part in parts if isinstance(part, dict | list)]
        if not level:
            return
    raise TooLarge(name, DEEP)


def error_number(code: object) -> str:
    """A venue's error by its number; what else a venue says of it stays unsaid."""
    return f"error {code}" if isinstance(code, int | str) and NUMBER.fullmatch(str(code)) else "an error"


@contextmanager
def known_shape(name: str) -> Iterator[None]:
    """Around code that takes a reply apart: a field that is not there or not what it was is a refusal.
    Raises Refused."""
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
