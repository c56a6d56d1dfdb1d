"""The bytes themselves: every reply by its sha256, and an index of which piece was answered by which replies.

`snapshots/ab/abcd…` holds a body. `snapshots/index.jsonl` gets a line per fetched piece, after its bytes are safely
stored; of a line that cannot be read the piece counts as never fetched.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from pipelines.generations.fsync import sync
from pipelines.journal import Journal
from pipelines.source import Piece


@dataclass(frozen=True)
class Reply:
    """What was received, kept with the bytes: `path` is where they wait to be stored."""

    url: str
    status: int
    headers: Mapping[str, str]
    sha256: str
    size: int
    path: Path | None = None


class Damaged(OSError):
    """A stored body is missing or its hash differs: it has to be fetched again."""


@dataclass(frozen=True)
class Entry:
    """A fetched piece: what it is, when it was fetched, and its replies in order."""

    source: str
    piece: Piece
    fetched_at: datetime
    replies: tuple[Reply, ...]
    problem: str | None = None
    """Why it was not loaded; such a piece is fetched anew by the next refresh."""

    @property
    def sha256(self) -> str:
        return joined([reply.sha256 for reply in self.replies])


@dataclass
class Store:
    """The snapshot store of one data folder."""

    folder: Path
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.index = index(self.folder)
        self._syncs, self._keeping = ThreadPoolExecutor(1), Lock()
        self._safe: dict[str, Future[None]] = {}
        content = self.index.content()
        if content.damaged:
            self.index.keep(content.lines)
        for entry in content.rows:
            self._remember(entry)

    def last_good(self, source: str, piece: str) -> Entry | None:
        """The last fetch of a piece, if it was good and its bytes are still whole in place."""
        entry = self.entries.get((source, piece))
        usable = (
            entry is not None
            and entry.problem is None
            and all(self.path(reply.sha256).exists() for reply in entry.replies)
        )
        return entry if usable else None

    def path(self, sha256: str) -> Path:
        return place(self.folder, sha256)

    def keep(self, reply: Reply) -> Reply:
        """Move a received body to its place under its hash; it may be read while the disk is still writing it."""
        if reply.path is not None:
            final = self.path(reply.sha256)
            final.parent.mkdir(parents=True, exist_ok=True)
            with self._keeping:
                # What the index vouches for already is replaced only by what is as safe.
                if final.exists():
                    sync(reply.path)
                os.replace(reply.path, final)
                self._safe[reply.sha256] = self._syncs.submit(_sync_with_name, final)
        return Reply(reply.url, reply.status, reply.headers, reply.sha256, reply.size)

    def record(self, entry: Entry) -> None:
        """Write the piece into the index, durably, once its bodies are safe."""
        for reply in entry.replies:
            if body := self._safe.pop(reply.sha256, None):
                body.result()
        self.index.append([json.dumps(asdict(entry), default=str, separators=(",", ":")).encode()])
        self._remember(entry)

    def note(self, entry: Entry, problem: str | None) -> None:
        """Record how a fetched piece came out, unless the index says just that of these bytes already."""
        known = self.last_good(entry.source, entry.piece.name)
        is_as_known = known is not None and known.replies == entry.replies
        settles = is_final(entry, entry.piece) and not is_final(known, entry.piece)
        if problem or not is_as_known or settles:
            self.record(replace(entry, problem=problem))

    def had_any_of(self, entry: Entry) -> bool:
        """Whether any of its replies was there before this run (one that was not modified is not sent again); else all
        were hashed a moment ago."""
        known = self.entries.get((entry.source, entry.piece.name))
        return known is not None and any(reply in known.replies for reply in entry.replies)

    def of(self, sources: Iterable[str]) -> list[Entry]:
        """The good entries of these sources, in the order they were fetched."""
        chosen = set(sources)
        return [entry for entry in self.entries.values() if entry.source in chosen and entry.problem is None]

    def _remember(self, entry: Entry) -> None:
        self.entries.pop((entry.source, entry.piece.name), None)
        self.entries[entry.source, entry.piece.name] = entry


def is_final(entry: Entry | None, piece: Piece) -> bool:
    """Whether what is stored cannot have changed at the source since."""
    return entry is not None and piece.final_at is not None and entry.fetched_at >= piece.final_at


def index(folder: Path) -> Journal[Entry]:
    return Journal(folder / "index.jsonl", _entry)


def forget_all_but(folder: Path, used: Iterable[tuple[str, str, str]]) -> list[Path]:
    """Remove bodies that are no piece's last ones and not among the `used` (source, piece, sha256); returns what went.

    The index loses the lines about them, and nothing else. Nobody else may write the store meanwhile.
    """
    kept, journal = set(used), index(folder)
    content = journal.content()
    entries = content.rows
    last = {(entry.source, entry.piece.name): number for number, entry in enumerate(entries)}
    staying = [
        number
        for number, entry in enumerate(entries)
        if number == last[entry.source, entry.piece.name] or (entry.source, entry.piece.name, entry.sha256) in kept
    ]
    # What a generation was built from stays, also where the index has lost the line about it.
    needed = {reply.sha256 for number in staying for reply in entries[number].replies} | {one[2] for one in kept}
    gone = [path for path in folder.glob("??/*") if path.name not in needed]
    if len(staying) < len(entries):
        journal.keep([content.lines[number] for number in staying])
    for path in gone:
        path.unlink()
    return gone


def joined(digests: list[str]) -> str:
    """One hash for a piece: that of its body, or of the list of hashes where it has several."""
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def place(folder: Path, sha256: str) -> Path:
    """Where the body with this hash lies."""
    return folder / sha256[:2] / sha256


def opened(folder: Path, sha256: str, prove: bool = True) -> BinaryIO:
    """The body with this hash, open, proven by it unless it was received just now.
    Raises Damaged with the name of the file."""
    path = place(folder, sha256)
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise Damaged(f"Snapshot {path} is missing.") from None
    if prove and hashlib.file_digest(file, "sha256").hexdigest() != sha256:
        file.close()
        path.unlink(missing_ok=True)
        raise Damaged(f"Snapshot {path} was cut short or altered: its sha256 differs. It was removed.")
    file.seek(0)
    return file


def _sync_with_name(body: Path) -> None:
    """Return when a body is on the disk, and the names that lead to it."""
    for path in (body, body.parent, body.parent.parent):
        sync(path)


def _entry(line: bytes) -> Entry:
    stated = json.loads(line)
    piece = stated["piece"]
    return Entry(
        source=stated["source"],
        piece=Piece(piece["name"], facts=piece["facts"]),
        fetched_at=datetime.fromisoformat(stated["fetched_at"]).astimezone(UTC),
        replies=tuple(
            Reply(reply["url"], reply["status"], reply["headers"], reply["sha256"], reply["size"])
            for reply in stated["replies"]
        ),
        problem=stated["problem"],
    )
