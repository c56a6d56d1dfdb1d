"""What is written is safe only when the disk says so."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Return when this file, or this folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
