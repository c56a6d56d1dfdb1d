"""Crashday, served: `streamlit run app.py` (or any ASGI server with `app:app`)."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from pages import _routes


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    # Streamlit collects garbage after every script run; freezing the imports once makes a rerun 5 times faster.
    gc.collect()
    gc.freeze()
    yield


app = st.App(
    "pages/_shell.py",
    lifespan=lifespan,
    routes=_routes.ROUTES,
    middleware=[Middleware(GZipMiddleware, compresslevel=5)],
)
