"""Many readers at once on the server as it is started: nobody is cut off, sees an exception or leaves files."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from benchmarks.readers import PAGES, Seen, read
from pipelines.config import ROOT
from tests.browser.site import served
from tests.shell import PAGES as LISTED

READERS = 8
STARTED = """
import asyncio, app
from analytics.warehouse import downloads, hub

async def start():
    async with app.lifespan(app.app):
        print(hub.cache_info().misses, end=" ")
        hub(), downloads()
        print(hub.cache_info().misses)

asyncio.run(start())
"""


@pytest.fixture(scope="module")
def site(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(data_dir, tmp_path_factory.mktemp("site") / "log") as address:
        yield address


def test_the_first_readers_of_a_cold_server_come_at_once_and_see_every_page(site: str) -> None:
    async def crowd(seen: Seen) -> None:
        until = time.monotonic()  # one page each
        orders = [[PAGES[number % len(PAGES)]] for number in range(max(READERS, len(PAGES)))]
        await asyncio.gather(*(read(site, order, until, seen) for order in orders))

    asyncio.run(crowd(seen := Seen()))
    assert len(seen.first) == max(READERS, len(PAGES)) and seen.exceptions == [] and seen.cut == []


def test_the_data_are_opened_before_two_first_readers_can_both_open_them() -> None:
    started = subprocess.run([sys.executable, "-c", STARTED], cwd=ROOT, capture_output=True, text=True)
    assert started.stdout.splitlines() == ["1 1"], started.stderr


def test_the_readers_know_every_page() -> None:
    assert sorted(PAGES) == sorted(page.path.strip("/") for page in LISTED)


def test_a_visitor_can_leave_no_file(site: str) -> None:
    socket = site.replace("http", "ws") + "/_stcore/stream"
    with connect(socket, max_size=None, ping_timeout=None, close_timeout=0.1) as line:
        line.send(BackMsg(rerun_script=ClientState()).SerializeToString())
        message = ForwardMsg()
        while not message.HasField("new_session"):
            message.ParseFromString(line.recv(decode=False))
        address = f"{site}/_stcore/upload_file/{message.new_session.initialize.session_id}/1"
        token = requests.get(site, timeout=30).cookies.get("_streamlit_xsrf", "")
        headers = {"X-Xsrftoken": token, "Cookie": f"_streamlit_xsrf={token}"}
        for method in ("PUT", "POST", "DELETE", "OPTIONS"):
            answer = requests.request(method, address, files={"file": b"0123456789"}, headers=headers, timeout=30)
            assert (answer.status_code, answer.text) == (403, "This dashboard takes no files.")


def test_what_pages_of_several_readers_would_import_at_once_is_there_before_the_first() -> None:
    code = "import sys, app; app.import_what_pages_use(); print(*(set(sys.argv[1:]) - set(sys.modules)))"
    needed = (
        "pandas",
        "plotly.graph_objects",
        "pyarrow",
        "analytics.data.sources",
        "charts.words",
        "pages.shared.card",
    )
    done = subprocess.run([sys.executable, "-c", code, *needed], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout + done.stderr
