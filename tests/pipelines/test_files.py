"""A folder of the reader's in place of a host."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.http import Client, FetchFailed
from pipelines.source import Request, Source

ASKED = Request("https://venue.example/day/21.lz4")
SOURCE = Source("test", "", "", "", "", "", (), "", "", None, max_bytes=1_000)


def client(folder: Path) -> Client:
    return Client(SOURCE, folder / "partial", f"file://{folder}/files")


def file(folder: Path, body: bytes) -> Path:
    path = folder / "files" / "day" / "21.lz4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


def test_a_file_is_read_once_and_again_when_it_changed(tmp_path: Path) -> None:
    asking, path = client(tmp_path), file(tmp_path, b"first")
    reply = asking.get(ASKED)
    assert (reply.url, reply.size) == (f"file://{path}", 5)
    assert reply.path is not None and reply.path.read_bytes() == b"first"
    assert asking.get(ASKED, reply) is reply
    file(tmp_path, b"second")
    assert asking.get(ASKED, reply).size == 6


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match=r"files/day/21\.lz4: the server answered 404 No such file"):
        client(tmp_path).get(ASKED)


def test_a_folder_has_the_ceiling_every_source_has(tmp_path: Path) -> None:
    file(tmp_path, bytes(1_001))
    with pytest.raises(FetchFailed, match="more than the 1,000 allowed"):
        client(tmp_path).get(ASKED)
