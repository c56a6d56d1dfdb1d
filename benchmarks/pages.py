"""How long the server works on one run of a page, everything warm, beside a page that holds next to nothing."""

from __future__ import annotations

import ast
import gc
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest, app_test

SHELL = Path(__file__).resolve().parent.parent / "pages" / "_shell.py"
BARE = "import streamlit as st\nst.title('Bare')\nst.metric('One', 1)\n"
ROUNDS = 15


@dataclass(frozen=True)
class Timing:
    """A page's run: the median in milliseconds, and how many times that of the bare page of the same rounds."""

    page: str
    milliseconds: float
    ratio: float


def measure() -> Iterator[Timing]:
    """Every page of the shell, in rounds that go through all of them, so that a busy moment hits all alike."""
    logging.disable(logging.WARNING)  # Streamlit warns of every run outside a server
    compiled = ScriptCache()
    app_test.ScriptCache = lambda: compiled  # AppTest compiles a page anew in every run; the server does it once
    runs = {"a bare Streamlit page": AppTest.from_string(BARE, default_timeout=60)} | {
        file: opened(file) for file in listed()
    }
    for run in runs.values():
        run.run()
    gc.collect()
    gc.freeze()  # as the served app does when it starts
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            began = time.perf_counter()
            run.run()
            seconds[name].append(time.perf_counter() - began)
            if run.exception:
                raise RuntimeError(f"{name}: {run.exception[0].message}")
    gc.unfreeze()
    bare = median(next(iter(seconds.values())))
    for name, taken in seconds.items():
        yield Timing(name, 1000 * median(taken), median(taken) / bare)


def listed() -> list[str]:
    """The pages' files, in the order of the navigation."""
    calls = [node for node in ast.walk(ast.parse(SHELL.read_text())) if isinstance(node, ast.Call)]
    return [ast.literal_eval(call.args[0]) for call in calls if ast.unparse(call.func) == "st.Page"]


def opened(file: str) -> AppTest:
    shell = AppTest.from_file(str(SHELL), default_timeout=60)
    shell.run()
    shell.switch_page(file)
    return shell
