"""What the rows of all streams have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

from pipelines.recording.streams import Row, Stream

DOLLARS = ("USDT", "USDC", "USD1", "USD")
Item = TypeVar("Item")


def row(stream: Stream, **columns: object) -> Row:
    """A row of `liquidations`."""
    return {"venue": stream.venue, "mechanism": "liquidation", "feed": stream.feed, **columns}


def numbered(items: Iterable[tuple[Hashable, Item]]) -> Iterator[tuple[str, Item]]:
    """Items of one message with an identifier: those alike in everything are told apart by a count.

    A message that is repeated after a reconnect gets the same identifiers, and its rows count once.
    """
    seen: Counter[Hashable] = Counter()
    for key, item in items:
        seen[key] += 1
        yield (str(key) if seen[key] == 1 else f"{key}:{seen[key]}"), item
