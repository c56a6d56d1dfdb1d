"""`python -m benchmarks`: how long the build of the warehouse and a run of each page take,
with what they compare to."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from pipelines.config import Settings
from pipelines.refreshing.build import build

BUILDS = 3


def main() -> None:
    out = Console()
    with tempfile.TemporaryDirectory() as folder:
        seconds = [built(Path(folder) / str(number)) for number in range(BUILDS)]
        warehouse = Table("warehouse, from data/reference", "seconds")
        warehouse.add_row(f"built anew, median of {BUILDS}", f"{median(seconds):.2f}")
        out.print(warehouse)
        out.print(pages_table(Path(folder) / "0"))


def built(folder: Path) -> float:
    began = time.perf_counter()
    generation, outcomes = build(Settings(data_dir=folder))
    if generation is None:
        sys.exit("\n".join(outcome.error or "" for outcome in outcomes))
    return time.perf_counter() - began


def pages_table(data_dir: Path) -> Table:
    os.environ["CRASHDAY_DATA_DIR"] = str(data_dir)
    from benchmarks import pages

    table = Table("server's part of a page run, warm", "ms", "times a bare page")
    for timing in pages.measure():
        table.add_row(timing.page, f"{timing.milliseconds:.1f}", f"{timing.ratio:.1f}")
    return table


if __name__ == "__main__":
    main()
