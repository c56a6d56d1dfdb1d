"""A piece is in the index only when its bytes are safe on the disk."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines import snapshots
from pipelines.snapshots import Entry, Reply, Store
from pipelines.source import Piece


def kept(store: Store, body: bytes) -> Entry:
    received = store.folder.parent / "received"
    received.write_bytes(body)
    reply = store.keep(
        Reply("https://a.example/b", 200, {}, hashlib.sha256(body).hexdigest(), len(body), path=received)
    )
    return Entry("a_source", Piece("a piece"), datetime(2026, 1, 1, tzinfo=UTC), (reply,))


def test_bytes_the_disk_does_not_confirm_are_not_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(path: Path) -> None:
        raise OSError(f"{path.name}: the disk is gone")

    store = Store(tmp_path / "snapshots")
    with monkeypatch.context() as patch:
        patch.setattr(snapshots, "sync", refuses)
        entry = kept(store, b"trades")
        with pytest.raises(OSError, match="the disk is gone"):
            store.record(entry)
    assert not Store(store.folder).entries
    store.record(kept(store, b"trades"))
    assert Store(store.folder).known("a_source", "a piece") is not None
