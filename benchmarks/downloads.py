"""`python -m benchmarks.downloads [rows]`: what downloads of a big table cost the web process, and its health
meanwhile.

Serves five million minute bars beside the embedded facts. Memory is of the server alone, over what it held when idle;
the client runs on the same cores.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import polars as pl
import requests
from requests.adapters import HTTPAdapter
from rich.console import Console
from rich.table import Table
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from pipelines.config import ROOT, Settings
from pipelines.generations.draft import Draft
from pipelines.refreshing.build import build
from pipelines.tables.dictionary import column_names

BARS, SYMBOLS, TOGETHER = 5_000_000, 500, 1_000_000
MEGA = 1_000_000
LOADS = {
    "1 × bars.json": ("json", 1, "identity"),
    "1 × bars.csv": ("csv", 1, "identity"),
    "1 × bars.csv, gzip": ("csv", 1, "gzip"),
    "1 × bars.parquet": ("parquet", 1, "identity"),
    "50 × bars.csv at once": ("csv", 50, "identity"),
}
UNTIL_IT_LISTENS = Retry(total=None, connect=80, read=0, backoff_factor=0.1, backoff_max=0.5)


@dataclass(frozen=True)
class Sent:
    """One answer: its status, its bytes as they came over the line, whether it was whole."""

    status: int
    length: int
    whole: bool


class Watch:
    """What happens to a server while a block runs: its highest memory and the slowest answers of its health."""

    def __init__(self, server: str, process: int) -> None:
        self.server, self.process = server, process
        self.peak = 0
        self.health: list[float] = []

    def __enter__(self) -> Watch:
        self._over = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._memory, self._healthy)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _memory(self) -> None:
        while not self._over.wait(0.02):
            self.peak = max(self.peak, held(self.process))

    def _healthy(self) -> None:
        while not self._over.wait(0.1):
            began = time.perf_counter()
            requests.get(f"{self.server}/healthz", timeout=60).raise_for_status()
            self.health.append(time.perf_counter() - began)


def main(rows: int = BARS) -> None:
    out = Console(width=130)
    with tempfile.TemporaryDirectory() as folder:
        publish(Settings(data_dir=Path(folder)), rows)
        with serving(Path(folder)) as (server, process), ProcessPoolExecutor(1, get_context("spawn")) as client:
            idle = held(process)
            table = Table(
                f"{rows:,} bars, idle {idle / MEGA:,.0f} MB", "answers", "MB sent", "seconds", "peak over idle, MB"
            )
            table.add_column("slowest /healthz, s")
            for name, (form, count, encoding) in LOADS.items():
                with Watch(server, process) as watch:
                    began = time.perf_counter()
                    answers = client.submit(downloads, f"{server}/api/v1/bars.{form}", count, encoding).result()
                    seconds = time.perf_counter() - began
                statuses = Counter(f"{one.status}{'' if one.whole else ' broken'}" for one in answers)
                table.add_row(
                    name,
                    ", ".join(f"{times} × {status}" for status, times in statuses.items()),
                    f"{sum(one.length for one in answers) / MEGA:,.0f}",
                    f"{seconds:.1f}",
                    f"{(watch.peak - idle) / MEGA:,.0f}",
                    f"{max(watch.health):.2f}",
                )
            out.print(table)


def publish(settings: Settings, rows: int) -> None:
    """The embedded facts, and after them a generation with so many bars more."""
    build(settings)
    with Draft(settings.warehouse_dir) as draft:
        for first in range(0, rows, TOGETHER):
            draft.insert("bars", bars(draft, first, min(first + TOGETHER, rows)))
        if draft.publish(datetime.now(UTC)) is None:
            sys.exit("nothing was published")


def bars(draft: Draft, first: int, last: int) -> pl.DataFrame:
    """Minute bars of many symbols, in the order of time, which is not that of the key."""
    n = pl.col("n")
    price = 1000 + n % 7919 + (n % 997) / 1000
    made = pl.select(pl.int_range(first, last).alias("n")).with_columns(
        venue=pl.format("venue{}", n % 7),
        market=pl.lit("perpetual"),
        symbol=pl.format("COIN{}/USDT:USDT", n % SYMBOLS),
        kind=pl.lit("trade"),
        interval=pl.lit("1m"),
        ts=pl.datetime(2025, 10, 10, time_zone="UTC") + pl.duration(minutes=n // SYMBOLS),
        source_id=pl.lit("benchmark_bars"),
        snapshot_id=pl.format("{}", n // 100_000).str.zfill(32),
        open=price,
        high=price + 1.25,
        low=price - 1.25,
        close=price + 0.5,
        volume_base=n % 1013 / 7,
        volume_quote=n % 1013 / 7 * price,
        trades=n % 301,
    )
    empty = draft.rows("SELECT * FROM bars LIMIT 0")
    return pl.concat([empty, made.drop("n")], how="diagonal_relaxed").select(column_names("bars"))


@contextmanager
def serving(data_dir: Path) -> Iterator[tuple[str, int]]:
    """The address and the process of the dashboard as `make run` serves it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true"]
    environment = {**os.environ, "CRASHDAY_DATA_DIR": str(data_dir)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            session = requests.Session()
            session.mount("http://", HTTPAdapter(max_retries=UNTIL_IT_LISTENS))
            session.get(f"http://127.0.0.1:{port}/_stcore/health", timeout=60)
            yield f"http://127.0.0.1:{port}", server.pid
        finally:
            server.terminate()


def held(process: int) -> int:
    """Bytes of memory that a process has now."""
    pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def downloads(address: str, count: int, encoding: str) -> list[Sent]:
    """So many at once."""
    with ThreadPoolExecutor(count) as readers:
        return list(readers.map(partial(download, address, encoding), range(count)))


def download(address: str, encoding: str, _: int) -> Sent:
    length = 0
    with requests.get(address, headers={"Accept-Encoding": encoding}, stream=True, timeout=120) as response:
        try:
            for part in response.raw.stream(1 << 20, decode_content=False):
                length += len(part)
        except HTTPError:
            return Sent(response.status_code, length, whole=False)
    return Sent(response.status_code, length, whole=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
