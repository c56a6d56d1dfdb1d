"""The real dashboard on a free port, as `make run` serves it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from pipelines.config import ROOT

UNTIL_IT_LISTENS = Retry(total=None, connect=80, read=0, backoff_factor=0.1, backoff_max=0.5)


@contextmanager
def served(data_dir: Path, log: Path) -> Iterator[str]:
    """The address of a server on this data folder; it ends with the block, and nothing may have failed inside it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true"]
    environment = {**os.environ, "CRASHDAY_DATA_DIR": str(data_dir)}
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT) as server,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            session = requests.Session()
            session.mount("http://", HTTPAdapter(max_retries=UNTIL_IT_LISTENS))
            session.get(f"{address}/_stcore/health", timeout=30)
            yield address
        finally:
            server.terminate()
    assert "Traceback" not in log.read_text(), log.read_text()
