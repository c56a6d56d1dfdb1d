"""Live feeds: one small file a venue says where to listen, what to subscribe to, and what a message says.

A stream is a module in this folder with a constant `STREAM` and four functions:

    topics(listing)   -> what to subscribe to; the listing is the venue's own list of contracts, where it is needed
    subscribe(topics) -> the messages that subscribe to them, each answered by one confirmation
    heard(message)    -> what a message is: kept, of the control, a confirmation, a question, a refusal, or nothing
    reader(listing)   -> a function from a kept message to rows of `liquidations`; pure

The recorder (`pipelines/recording/recorder.py`) uses the first three, `pipelines/sources/common/recorded.py` the last.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, cast

from pipelines.source import Request, Source

Row = dict[str, object]
Reader = Callable[[Any], Iterable[Row]]
"""From a message, as JSON, to rows of `liquidations` (`ts` in milliseconds)."""


class Heard(Enum):
    """What a message is."""

    KEPT = "kept"
    CONTROL = "the line delivers"
    CONFIRMED = "a subscription is confirmed"
    NOTHING = "nothing of note"


@dataclass(frozen=True)
class Answer:
    """The venue asks whether we are still here: send this."""

    text: str


@dataclass(frozen=True)
class Denied:
    """The venue refuses what was asked for."""

    why: str


@dataclass(frozen=True)
class Stream:
    """Where a venue's live feed is, and what it is called."""

    source: Source
    venue: str
    feed: str
    url: str
    control: str
    """What is subscribed to on the same line beside the feed: something that is never quiet, recognised and not kept.

    A line can be connected, confirmed, and silent: Binance's old routes are since April 2026. That nobody was
    liquidated is said only of moments in which the line is seen to deliver.
    """
    silence: float = 30
    """Seconds without a message of the feed or of the control after which the line is not believed to deliver."""
    listing: Request | None = None
    """The venue's list of contracts, where topics or contract sizes are read from it."""
    ping: str | None = None
    """What the venue wants to hear now and then, where a WebSocket ping is not enough."""
    packed: bool = False
    """Every message is gzip."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What the venue wants to read when the connection is made."""


class StreamModule(Protocol):
    """The shape of a file in this folder."""

    STREAM: Stream

    def topics(self, listing: list[bytes]) -> list[str]: ...
    def subscribe(self, topics: list[str]) -> list[str]: ...
    def heard(self, message: bytes) -> Heard | Answer | Denied: ...
    def reader(self, listing: list[bytes]) -> Reader: ...


def discover() -> dict[str, StreamModule]:
    """Every stream in the folder, by venue."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return {module.STREAM.venue: cast(StreamModule, module) for module in modules}
