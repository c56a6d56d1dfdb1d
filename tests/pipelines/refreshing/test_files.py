"""A folder of the reader's in place of a host."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.refreshing.fetch_failed import FetchFailed
from pipelines.refreshing.http import Client
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
    asking = client(tmp_path)
    file(tmp_path, b"first")
    reply = asking.get(ASKED)
    assert (reply.url, reply.size) == (ASKED.url, 5)
    assert reply.path is not None and reply.path.read_bytes() == b"first"
    assert asking.get(ASKED, reply) == reply
    file(tmp_path, b"second")
    assert asking.get(ASKED, reply).size == 6


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match=r"https://venue\.example/day/21\.lz4: the server answered 404"):
        client(tmp_path).get(ASKED)


def test_a_folder_has_the_ceiling_every_source_has(tmp_path: Path) -> None:
    file(tmp_path, bytes(1_001))
    with pytest.raises(FetchFailed, match="larger than the 1,000 bytes allowed"):
        client(tmp_path).get(ASKED)


@pytest.mark.parametrize(
    "path", ["/../secret", "/day/%2e%2e/../..%2fsecret", "/day/../../files-too/secret", "/%00", "/day"]
)
def test_nothing_outside_the_folder_is_read(tmp_path: Path, path: str) -> None:
    """A path may hold what a reply named."""
    file(tmp_path, b"first")
    for other in (tmp_path, tmp_path / "files-too"):
        other.mkdir(exist_ok=True)
        (other / "secret").write_bytes(b"sk-live")
    with pytest.raises(FetchFailed, match="the server answered 404"):
        client(tmp_path).get(Request(f"https://venue.example{path}"))


def test_files_are_read_only_where_the_reader_named_a_folder(tmp_path: Path) -> None:
    path = file(tmp_path, b"first")
    asked = Request(path.as_uri())
    with pytest.raises(FetchFailed, match="this is no address"):
        Client(SOURCE, tmp_path / "partial").get(asked)
    with pytest.raises(FetchFailed, match="404"):
        Client(SOURCE, tmp_path / "partial", inbox=tmp_path / "inbox").get(asked)
    assert Client(SOURCE, tmp_path / "partial", inbox=tmp_path).get(asked).size == 5
