"""`python -m benchmarks.readers [sessions] [seconds] [rounds]`: that many readers at once on a dashboard started anew
for each round, while data are published. With 0 seconds each looks at one page of the cold server.

Each speaks Streamlit's own protocol over a WebSocket and goes from page to page. Beside them somebody asks for /healthz
all the time. A server on which nothing runs for two minutes is frozen:
it is made to write the stacks of its threads, and ended.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

import requests
from rich.console import Console
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from pipelines.config import ROOT, Settings
from pipelines.refreshing.build import build

PAGES = (
    "", "cascade", "exchanges", "how-much", "tokenized", "crash-days",
    "data", "microscope", "exchange", "backpack", "settlement",
)  # fmt: skip
THINK = 0.5
FROZEN_AFTER = 120.0
PUBLISH_EVERY = 15.0


@dataclass
class Seen:
    """What all readers of one round have seen."""

    first: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    exceptions: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    unhealthy: list[str] = field(default_factory=list)
    published: int = 0
    frozen: bool = False
    moved: float = field(default_factory=time.monotonic)
    """When anything last came from the server."""

    def line(self) -> str:
        return (
            f"{len(self.first) + len(self.again)} runs, first {_spread(self.first)}, again {_spread(self.again)}, "
            f"/healthz {len(self.health)} times, max {max(self.health, default=0):.2f} s, "
            f"not answered {len(self.unhealthy)}; "
            f"cut {len(self.cut)}, exceptions {len(self.exceptions)}, published {self.published}, frozen {self.frozen}"
        )


async def page(line: ClientConnection, name: str, seen: Seen) -> None:
    """Ask for a page and wait until it has run."""
    await line.send(BackMsg(rerun_script=ClientState(page_name=name)).SerializeToString())
    while True:
        message = ForwardMsg.FromString(await line.recv(decode=False))
        seen.moved = time.monotonic()
        kind = message.WhichOneof("type")
        if kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            return
        if kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
            shown = message.delta.new_element.exception
            seen.exceptions.append(f"{name or 'overview'}: {shown.type} {shown.message}")


async def read(address: str, names: list[str], until: float, seen: Seen) -> None:
    """A reader who goes through the pages in this order, again and again; the first page is looked at in any case."""
    uri = address.replace("http", "ws", 1) + "/_stcore/stream"
    try:
        async with connect(uri, max_size=None, ping_timeout=None, open_timeout=None, compression=None) as line:
            turn = 0
            while turn == 0 or time.monotonic() < until:
                began = time.monotonic()
                await page(line, names[turn % len(names)], seen)
                (seen.again if turn else seen.first).append(time.monotonic() - began)
                turn += 1
                await asyncio.sleep(THINK)
    except (ConnectionClosed, OSError) as lost:
        seen.cut.append(repr(lost))


async def ask_for_health(address: str, seen: Seen) -> None:
    """Ask twice a second, from the moment on in which the server answers at all."""
    await asyncio.to_thread(requests.get, f"{address}/_stcore/health", timeout=60)
    while True:
        began = time.monotonic()
        try:
            answer = await asyncio.to_thread(requests.get, f"{address}/healthz", timeout=60)
            answer.raise_for_status()
            seen.health.append(time.monotonic() - began)
        except requests.RequestException as failed:
            seen.unhealthy.append(repr(failed))
        await asyncio.sleep(0.5)


async def publish(data_dir: Path, seen: Seen) -> None:
    """Publish a generation every few seconds, each with a fact changed, by a process of its own."""
    reference = data_dir / "facts"
    shutil.copytree(ROOT / "data" / "reference", reference, dirs_exist_ok=True)
    facts = (reference / "events.csv").read_text()
    environment = {**os.environ, "CRASHDAY_DATA_DIR": str(data_dir), "CRASHDAY_REFERENCE_DIR": str(reference)}
    while True:
        await asyncio.sleep(PUBLISH_EVERY)
        changed = facts.replace("Ferrante: a few", f"Ferrante ({time.time():.0f}): a few", 1)
        (reference / "events.csv").write_text(changed)
        builder = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "pipelines", "build", cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
        )
        try:
            seen.published += await builder.wait() == 0
        except asyncio.CancelledError:
            builder.terminate()
            await builder.wait()
            raise


async def crowd(address: str, server: int, sessions: int, seconds: float, data_dir: Path | None = None) -> Seen:
    """That many readers for that long, each in an order of pages of its own;
    generations are published into the folder."""
    seen, until = Seen(), time.monotonic() + seconds
    orders = [random.Random(number).sample(PAGES, len(PAGES)) for number in range(sessions)]
    readers = asyncio.gather(*(read(address, order, until, seen) for order in orders))
    beside = [asyncio.create_task(ask_for_health(address, seen))]
    if data_dir:
        beside.append(asyncio.create_task(publish(data_dir, seen)))
    while not (await asyncio.wait([readers], timeout=1))[0]:
        if time.monotonic() - seen.moved > FROZEN_AFTER:
            seen.frozen = True
            os.kill(server, signal.SIGABRT)
            break
    for task in beside:
        task.cancel()
    await asyncio.gather(readers, *beside, return_exceptions=True)
    return seen


@contextmanager
def served(data_dir: Path, log: Path) -> Iterator[tuple[str, int]]:
    """The dashboard on a free port, as `make run` serves it, as soon as it listens: its address and its process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}", "--server.headless=true"]
    environment = {**os.environ, "CRASHDAY_DATA_DIR": str(data_dir)}
    with (
        log.open("ab") as output,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT) as server,
    ):
        try:
            while server.poll() is None:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.02)
            yield f"http://127.0.0.1:{port}", server.pid
        finally:
            server.terminate()


def main(sessions: int = 200, seconds: float = 60.0, rounds: int = 1) -> None:
    out = Console(width=200, highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        data_dir, log = Path(folder) / "data", Path(folder) / "log"
        build(Settings(data_dir=data_dir))
        for number in range(rounds):
            with served(data_dir, log) as (address, server):
                seen = asyncio.run(crowd(address, server, sessions, seconds, data_dir))
            out.print(f"round {number + 1}, load {os.getloadavg()[0]:.1f}: {seen.line()}")
            for words in sorted({*seen.exceptions, *seen.cut, *seen.unhealthy})[:10]:
                out.print(f"  {words}")
        out.print(log.read_text()[-20_000:] if "Traceback" in log.read_text() or "Fatal" in log.read_text() else "")


def _spread(seconds: list[float]) -> str:
    if len(seconds) < 2:
        return " ".join(f"{one:.2f} s" for one in seconds) or "none"
    cuts = quantiles(seconds, n=20)
    return f"p50 {cuts[9]:.2f}, p95 {cuts[18]:.2f}, max {max(seconds):.2f} s"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
