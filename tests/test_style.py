"""What no page, chart, question or answer may do, by reading their code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pipelines.config import ROOT

ROOMS = ("pages", "charts", "analytics", "api", "web")
PYTHON_INSIDE_POLARS = {
    "map_elements",
    "map_batches",
    "map_groups",
    "map_rows",
    "map_columns",
    "rolling_map",
    "fold",
    "cum_fold",
    "cum_reduce",
}
SERVED = sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))


def python_inside_polars(code: str) -> list[str]:
    """The calls that have Polars run a Python function: two of them in two pages can stop the whole server for good."""
    names = [node.attr for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute)]
    return [name for name in names if name in PYTHON_INSIDE_POLARS]


@pytest.mark.parametrize("file", SERVED, ids=lambda file: str(file.relative_to(ROOT)))
def test_polars_runs_no_python(file: Path) -> None:
    assert python_inside_polars(file.read_text()) == []


def test_python_inside_polars_is_recognised() -> None:
    assert python_inside_polars("frame.with_columns(pl.col('a').map_elements(str))") == ["map_elements"]


MOST_LINES, MOST_LINES_A_FUNCTION = 300, 40
"""What a reader can keep in view: a file, and a function of it."""
PARTED = sorted(
    file for room in ("analytics", "api", "charts", "pages", "pipelines") for file in (ROOT / room).rglob("*.py")
)


def too_long(code: str) -> list[str]:
    """What of a file has too many lines: itself, or functions of it."""
    functions = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    lines = {one.name: (one.end_lineno or 0) - one.lineno + 1 for one in functions}
    whole = ["the file"] if code.count("\n") > MOST_LINES else []
    return whole + [name for name, count in lines.items() if count > MOST_LINES_A_FUNCTION]


@pytest.mark.parametrize("file", PARTED, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_and_functions_are_short(file: Path) -> None:
    assert too_long(file.read_text()) == []


def test_what_is_too_long_is_recognised() -> None:
    function = "def long():\n" + "    pass\n" * MOST_LINES_A_FUNCTION
    assert too_long(function) == ["long"] and too_long(function.replace("    pass\n", "    pass\n" * 8)) == [
        "the file",
        "long",
    ]
