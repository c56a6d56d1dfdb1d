"""Crashday, served: `streamlit run app.py` (or any ASGI server with `app:app`)."""

from __future__ import annotations

import asyncio
import gc
import pkgutil
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

import pandas  # noqa: F401  a page that looks for it while another page's thread imports it finds half of it
import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

import analytics
import charts
import pages
from analytics.warehouse import downloads, hub
from api import ROUTES
from api.headers import Headers
from pipelines.config import Settings
from web.liveness import guarded
from web.turns import TURNS
from web.uploads import WithoutUploads

SCRIPT = re.compile(r"^pages\.(_shell|(\w+)\.\2)$")
"""What Streamlit runs; all else is imported."""


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    import_what_pages_use()
    # Before the first readers: two at once would open one each, and the memory of both.
    hub()
    downloads()
    # What is imported stays, and is not looked through again; garbage is collected between pages (web/turns.py), never
    # in
    # the thread that answers everybody.
    gc.collect()
    gc.freeze()
    gc.disable()
    schedule = await _start_schedule() if Settings().run_schedule else None
    try:
        async with guarded(TURNS):
            yield
    finally:
        if schedule and schedule.returncode is None:
            schedule.terminate()
            await schedule.wait()


def import_what_pages_use() -> None:
    """Before the first reader: two threads that import the same modules at the same time may find them unfinished."""
    for room in (analytics, charts, pages):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if not SCRIPT.search(module.name):
                import_module(module.name)


async def _start_schedule() -> asyncio.subprocess.Process:
    """The schedule as a child of the web process; it asks to die with us even if we are killed."""
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "pipelines", "schedule", "--die-with-parent")


app = st.App(
    "pages/_shell.py",
    lifespan=lifespan,
    routes=ROUTES,
    middleware=[Middleware(Headers), Middleware(WithoutUploads), Middleware(GZipMiddleware, compresslevel=5)],
)
