"""The bytes: safe on the disk before the index vouches for them, and read however many they are."""

from __future__ import annotations

import hashlib
import os
import resource
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.refreshing import snapshots
from pipelines.refreshing.read import read
from pipelines.refreshing.snapshots import Entry, Reply, Store
from pipelines.source import Frames, Piece, discover


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
    assert Store(store.folder).last_good("a_source", "a piece") is not None


def test_a_recorded_body_is_replaced_only_by_one_that_is_as_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, synced = Store(tmp_path / "snapshots"), list[int]()
    store.record(kept(store, b"trades"))
    before = next(store.folder.glob("??/*")).stat().st_ino
    monkeypatch.setattr(snapshots, "sync", lambda path: synced.append(path.stat().st_ino))
    entry = kept(store, b"trades")
    there = store.path(entry.sha256).stat().st_ino
    assert there != before and synced[0] == there


def test_bytes_a_generation_was_built_from_stay_though_the_index_lost_them(tmp_path: Path) -> None:
    store = Store(tmp_path / "snapshots")
    entry = kept(store, b"trades")
    store.record(entry)
    store.index.path.write_bytes(b"")
    assert snapshots.forget_all_but(store.folder, {(entry.source, entry.piece.name, entry.sha256)}) == []
    assert snapshots.forget_all_but(store.folder, set()) == [store.path(entry.sha256)]


def test_the_names_of_recorded_bytes_are_on_the_disk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = list[Path]()
    monkeypatch.setattr(snapshots, "sync", synced.append)
    store = Store(tmp_path / "snapshots")
    entry = kept(store, b"trades")
    store.record(entry)
    body = store.path(entry.sha256)
    assert synced == [body, body.parent, store.folder]


def test_a_piece_may_have_more_pages_than_a_process_may_have_open_files(tmp_path: Path) -> None:
    class Pages:
        SOURCE = discover()["dydx_trades"].SOURCE

        def parse(self, bodies: list[bytes], piece: Piece) -> Frames:
            return {"bars": pl.DataFrame({"page": [int(body) for body in bodies]})}

        def check(self, frames: Frames, piece: Piece) -> None: ...

    store = Store(tmp_path / "snapshots")
    replies = tuple(kept(store, str(number).encode()).replies[0] for number in range(60))
    entry = Entry("a_source", Piece("a piece"), datetime(2026, 1, 1, tzinfo=UTC), replies)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 20, hard))
    try:
        found = read(Pages(), entry, store.folder, stored=True)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert not isinstance(found, str) and found["bars"]["page"].to_list() == list(range(60))
