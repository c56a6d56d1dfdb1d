"""A folder in place of a host: `CRASHDAY_URL_<SOURCE>=file:///path` reads a source's files from disk."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse


class Folder(BaseAdapter):
    """Answers `file://` URLs below its root as a server would: 200 with an ETag, 304 where nothing changed,
    404 where no file can be read."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = os.path.join(os.path.abspath(root), "")

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        response = requests.Response()
        response.request, response.url = request, request.url or ""
        response.status_code, response.raw = 404, _body(io.BytesIO())
        # A name from a reply may be part of the path: it leads to no file outside.
        path = os.path.normpath(unquote(urlsplit(response.url).path))
        if not path.startswith(self._root):
            return response
        try:
            file = open(path, "rb")  # noqa: SIM115
        except (OSError, ValueError):
            return response
        found = os.fstat(file.fileno())
        etag = f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
        response.headers.update({"ETag": etag, "Content-Length": str(found.st_size)})
        if request.headers.get("If-None-Match") == etag:
            file.close()
            response.status_code = 304
        else:
            response.status_code, response.raw = 200, _body(file)
        return response

    def close(self) -> None:
        """Nothing is held open."""


def _body(file: BinaryIO) -> HTTPResponse:
    return HTTPResponse(file, preload_content=False)
