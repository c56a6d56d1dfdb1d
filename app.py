"""Crashday, served: `streamlit run app.py` (or any ASGI server with `app:app`)."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from api import ROUTES
from api.headers import Headers
from pipelines.config import Settings


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    # Streamlit collects garbage after every script run; freezing the imports once makes a rerun 5 times faster.
    gc.collect()
    gc.freeze()
    schedule = await _start_schedule() if Settings().run_schedule else None
    try:
        yield
    finally:
        if schedule and schedule.returncode is None:
            schedule.terminate()
            await schedule.wait()


async def _start_schedule() -> asyncio.subprocess.Process:
    """The schedule as a child of the web process; it asks to die with us even if we are killed."""
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "pipelines", "schedule", "--die-with-parent")


app = st.App(
    "pages/_shell.py",
    lifespan=lifespan,
    routes=ROUTES,
    middleware=[Middleware(Headers), Middleware(GZipMiddleware, compresslevel=5)],
)
