"""A hundred faults of HTTP, zip, gzip, CSV and JSON beside a healthy source: it is published, and each is named."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.config import ROOT
from tests.faults.bad_bytes import HTTP, JSON, LOADED, ZIP, Made, Table
from tests.pipelines.sources.test_defillama import TVL, VOLUME
from tests.pipelines.sources_kit import rows, settings_for
from tests.replay.server import Fault, Replay, Route, serve

HEALTHY = "defillama_protocols"
PACKED, SPOKEN = "binance_seconds", "bybit_klines"
CEILING_MB = 1_000
REFRESH = """
import json, sys
from dataclasses import replace
from pathlib import Path
from pipelines.refreshing import http
from pipelines.config import Settings
from pipelines.refreshing.refresh import refresh
from pipelines.source import named
from tests.pipelines.sources_kit import ask

asked = json.loads(sys.argv[1])
http.PATIENCE = 10**6  # How soon a host is left is another test's matter.
modules = [named(name) for name in asked["url"]]
for module in modules:
    module.SOURCE = replace(module.SOURCE, requests_per_second=100_000)
settings = Settings(data_dir=Path(asked["data"]), url=asked["url"], backoff_seconds=0.0)
_, outcomes = refresh(settings, modules, ask("2025-10-10T00:00Z", "2025-10-11T00:00Z", *asked["symbols"]))
print(json.dumps([[one.loader, one.outcome, one.rows_loaded, one.rows_refused, one.error] for one in outcomes]))
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def named(table: Table, letter: str) -> dict[str, tuple[Made, str]]:
    """The faults of a table by a symbol of their own."""
    return {f"{letter}{number:03d}": fault for number, fault in enumerate(table.values())}


ARCHIVES, ANSWERS, TRANSPORT = named(ZIP, "Z"), named(JSON, "J"), named(HTTP, "H")


def answer(path: str, query: dict[str, str]) -> Route | None:
    """What each symbol gets; nothing of it is made before it is asked for."""
    match path.split("/"):
        case [*_, "tvl" | "protocol", _]:
            return Route(path, json.dumps(TVL).encode())
        case [*_, "dexs", _]:
            return Route(path, json.dumps(VOLUME).encode())
    base = query["symbol"][:4] if "symbol" in query else path.rpartition("/")[2][:4]
    if made := ANSWERS.get(base) or (ARCHIVES.get(base) if "symbol" not in query else None):
        body = made[0]()
        if path.endswith(".CHECKSUM"):
            file = path.rpartition("/")[2].removesuffix(".CHECKSUM")
            body = f"{hashlib.sha256(body).hexdigest()}  {file}\n".encode()
        return Route(path, body, etag=False)
    if base in TRANSPORT and "symbol" not in query:
        return Route(path, b"", fault=Fault("raw", 1, body=TRANSPORT[base][0]()))
    return None


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What one refresh of all of it did, in a process of its own, and the most memory that took in MB."""
    data = tmp_path_factory.mktemp("hundred")
    with serve() as replay:
        replay.find = lambda path, query, _: answer(path, query)  # type: ignore[method-assign]
        settings = settings_for(data, replay.base, HEALTHY)
        outcomes, peak = refreshed(data, replay)
    found = rows(settings, f"SELECT count(*) AS n FROM tokenized_metrics WHERE source_id = '{HEALTHY}'")["n"][0]
    return {"outcomes": outcomes, "peak": peak, "published": found}


def refreshed(data: Path, replay: Replay) -> tuple[dict[str, list[object]], float]:
    symbols = [f"{base}/USDT" for base in (*TRANSPORT, *ARCHIVES, *ANSWERS)]
    asked = {"data": str(data), "url": dict.fromkeys((PACKED, SPOKEN, HEALTHY), replay.base), "symbols": symbols}
    command = [sys.executable, "-c", REFRESH, json.dumps(asked)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3_000:]
    outcomes, peak = done.stdout.splitlines()
    return {one[0]: one[1:] for one in json.loads(outcomes)}, int(peak) / 1024


def test_beside_a_hundred_faults_a_healthy_source_is_published(result: dict[str, object]) -> None:
    assert len(HTTP) + len(ZIP) + len(JSON) >= 100
    outcome, loaded, _, error = result["outcomes"][HEALTHY]
    assert (outcome, error) == ("loaded", None) and result["published"] == loaded > 0


def test_no_bomb_takes_more_memory_than_a_gigabyte(result: dict[str, object]) -> None:
    assert result["peak"] < CEILING_MB


@pytest.mark.parametrize(
    ("source", "base", "words"),
    [
        *((PACKED, base, words) for base, (_, words) in (TRANSPORT | ARCHIVES).items()),
        *((SPOKEN, base, words) for base, (_, words) in ANSWERS.items()),
    ],
    ids=[*(f"HTTP {name}" for name in HTTP), *(f"archive {name}" for name in ZIP), *(f"JSON {name}" for name in JSON)],
)
def test_each_fault_is_named_with_its_true_cause(result: dict[str, object], source: str, base: str, words: str) -> None:
    *_, error = result["outcomes"][source]
    lines = [line for line in error.splitlines() if base in line]
    if words == LOADED:
        assert lines == []
    else:
        assert len(lines) == 1 and re.search(words, lines[0]), lines


def test_no_row_is_lost_in_silence(result: dict[str, object]) -> None:
    """Two rows of each archive that is no fault: loaded, or refused for a negative time (one) or a price of NaN
    (two)."""
    _, loaded, refused, _ = result["outcomes"][PACKED]
    good = sum(words == LOADED for _, words in ZIP.values())
    assert loaded + refused == 2 * good and refused == 3
