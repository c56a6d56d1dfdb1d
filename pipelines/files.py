"""A folder in place of a host: `CRASHDAY_URL_<SOURCE>=file:///path` reads a source's files from disk."""

from __future__ import annotations

import io
import os
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter


class Folder(BaseAdapter):
    """Answers `file://` URLs as a server would: 200 with an ETag, 304 where nothing changed, 404 where no file can be read."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        response = requests.Response()
        response.request, response.url, response.raw = request, request.url or "", io.BytesIO()
        try:
            file = io.FileIO(unquote(urlsplit(response.url).path))
        except OSError as error:
            response.status_code, response.reason = 404, error.strerror
            return response
        found = os.fstat(file.fileno())
        etag = f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
        response.headers.update({"ETag": etag, "Content-Length": str(found.st_size)})
        if request.headers.get("If-None-Match") == etag:
            file.close()
            response.status_code = 304
        else:
            response.status_code, response.raw = 200, file
        return response

    def close(self) -> None:
        """Nothing is held open."""
