"""What is kept and what goes: generations, the bytes no generation needs any more, segments that are loaded."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pipelines.config import Settings
from pipelines.generations import draft
from pipelines.generations.readers import GenerationGone, NoWarehouse, opened
from pipelines.recording import segments
from pipelines.refreshing import snapshots


def tidy(settings: Settings, now: datetime) -> list[int]:
    """Remove what the rules no longer keep; returns the generations that went. Hold `exclusive` around it."""
    gone = draft.prune(settings.warehouse_dir, now, keep_bytes=settings.keep_bytes)
    if gone:
        remove_snapshots(settings)
    clear_inbox(settings)
    for litter in [*settings.data_dir.glob("*.tmp"), *settings.snapshot_dir.glob("*.tmp")]:
        litter.unlink()
    return gone


def remove_snapshots(settings: Settings) -> list[Path]:
    """Remove stored bytes that neither the index's last word on a piece nor a kept generation refers to.

    None goes while a kept generation cannot be read: what it was built from is not known.
    """
    used: set[tuple[str, str, str]] = set()
    for number in draft.generations(settings.warehouse_dir):
        try:
            used.update(_snapshots_of(settings, number))
        except (NoWarehouse, GenerationGone):
            return []
    return snapshots.forget_all_but(settings.snapshot_dir, used)


def clear_inbox(settings: Settings) -> None:
    """Remove recorded segments that the published generation holds."""
    published = draft.current(settings.warehouse_dir)
    if published is None or not settings.inbox_dir.exists():
        return
    loaded = {(loader, piece) for loader, piece, _ in _snapshots_of(settings, published.generation)}
    for folder in settings.inbox_dir.iterdir():
        segments.clear(folder, {piece for loader, piece in loaded if loader == folder.name})


def _snapshots_of(settings: Settings, number: int) -> list[tuple[str, str, str]]:
    """The pieces a generation was built from: source, piece, sha256."""
    with opened(settings.warehouse_dir, number) as connection:
        return connection.execute("SELECT loader, piece, sha256 FROM snapshots").fetchall()
