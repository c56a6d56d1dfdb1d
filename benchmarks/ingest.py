"""Ingest of one day of aggregate trades (5 million rows, zipped) against the floor and against others.

Each figure is a fresh process that reports the time of the work alone, imports excluded, and its own peak memory; the
contestants (`contestants.py`) take turns, and what is printed is the median and its ratio to the floor of the same
rounds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from benchmarks.contestants import CONTESTANTS

DAY = date(2025, 10, 10)
ROUNDS = 3
FOLDER = "data/futures/um/daily/aggTrades/BTCUSDT"


def main(rows: int = 5_000_000, rounds: int = 9, days: tuple[int, ...] = (8, 16)) -> None:
    with tempfile.TemporaryDirectory(prefix="crashday-bench-") as scratch:
        root = Path(scratch)
        size = _archives(root, rows, 1)
        with _server(root / "www") as base:
            runs: dict[str, list[list[float]]] = {name: [] for name in CONTESTANTS}
            for _ in range(rounds):
                for name in CONTESTANTS:
                    runs[name].append(_timed(root, name, base, 1))
            _print(f"One day of {rows:,} trades, a zip of {size / 1e6:.0f} MB; median of {rounds}", runs)
        for many in days:
            _archives(root, rows, many)
            free, held = [], []
            for _ in range(ROUNDS):
                with _server(root / "www") as base:
                    free.append(_timed(root, "ours", base, many))
                with _held_to_one_core(), _server(root / "www") as base:
                    held.append(_timed(root, "ours", base, many))
            both, one = median(run[0] for run in free), median(run[0] for run in held)
            print(
                f"{many} days: {both:.1f} s, {one:.1f} s held to one core ({one / both:.2f} x); median of {ROUNDS}; "
                f"largest process {max(max(run[1:]) for run in free):.0f} MB"
            )


@contextmanager
def _held_to_one_core() -> Iterator[None]:
    """Hold all that is started meanwhile to one core: the server too, which would else have another one to itself."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _archives(root: Path, rows: int, days: int) -> int:
    folder = root / "www" / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for day in (DAY + timedelta(days=offset) for offset in range(days)):
        name = f"BTCUSDT-aggTrades-{day}"
        if not (folder / f"{name}.zip").exists():
            subprocess.run(
                [sys.executable, "-m", "benchmarks.tape", str(folder), str(rows), day.isoformat()], check=True
            )
    return (folder / f"BTCUSDT-aggTrades-{DAY}.zip").stat().st_size


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """A plain file server in a process of its own, on a port the system chooses."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        port = server.stdout.readline().split("port ")[1].split()[0]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _timed(root: Path, name: str, base: str, days: int) -> list[float]:
    data, published = root / "data", root / "published"
    shutil.rmtree(data, ignore_errors=True)
    if not published.exists():
        subprocess.run(
            [sys.executable, "-m", "pipelines", "build"],
            env={**os.environ, "CRASHDAY_DATA_DIR": str(published)},
            check=True,
            stdout=subprocess.DEVNULL,
        )
    shutil.copytree(published, data)
    archive = root / "www" / FOLDER / f"BTCUSDT-aggTrades-{DAY}.zip"
    command = [sys.executable, "-m", "benchmarks.contestants", name, str(archive), str(data), base, str(days)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def _print(title: str, runs: dict[str, list[list[float]]]) -> None:
    floor = median(seconds for seconds, *_ in runs["floor"])
    print(f"{title}\n{'':12} {'seconds':>8} {'/ floor':>8} {'peak MB':>8}")
    for name, timed in runs.items():
        seconds = median(one[0] for one in timed)
        print(f"{name:12} {seconds:8.2f} {seconds / floor:8.2f} {median(one[1] for one in timed):8.0f}")


if __name__ == "__main__":
    main()
