"""Which bytes a piece's rows are traced to, and the address that may be told of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from pipelines.config import Settings
from pipelines.refreshing.redirects import split
from pipelines.refreshing.snapshots import Entry
from pipelines.source import named


@dataclass(frozen=True)
class Origin:
    """The bytes a piece was read from."""

    loader: str
    piece: str
    url: str
    sha256: str
    size: int
    fetched_at: datetime

    @property
    def snapshot_id(self) -> str:
        return hashlib.sha256(f"{self.loader} {self.piece} {self.sha256}".encode()).hexdigest()[:16]


def origin_of(settings: Settings, entry: Entry) -> Origin:
    """What a stored piece's rows are traced to."""
    return Origin(
        entry.source,
        entry.piece.name,
        _public_address(settings, entry),
        entry.sha256,
        sum(reply.size for reply in entry.replies),
        entry.fetched_at,
    )


def _public_address(settings: Settings, entry: Entry) -> str:
    """Where its bytes are from; the source itself where that is a folder here, or a mirror's address, as the index
    noted it until December 2026."""
    there, mirror = split(entry.replies[0].url), split(settings.url.get(entry.source, ""))
    is_public = there.scheme in ("http", "https") and "@" not in there.netloc and there.hostname != mirror.hostname
    return entry.replies[0].url if is_public else named(entry.source).SOURCE.url
