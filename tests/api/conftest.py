"""A server for the tests of one file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.server import serving
from tests.pages.conftest import watched

__all__ = ["watched"]


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    with serving() as address:
        yield address
