"""Doors between the rooms of the pipelines: one that opens what is published, one that knows the command line."""

from __future__ import annotations

from pipelines.config import ROOT

PIPELINES = ROOT / "pipelines"
CODE = {file.relative_to(PIPELINES).as_posix(): file.read_text() for file in PIPELINES.rglob("*.py")}


def test_what_is_published_is_opened_in_one_place_under_its_reading_lock() -> None:
    assert {file for file, code in CODE.items() if "duckdb.connect(" in code} == {
        "generations/readers.py",
        "generations/draft.py",  # its own file, which nobody else knows yet
    }


def test_a_generation_is_published_in_one_place() -> None:
    assert {file for file, code in CODE.items() if ".publish(" in code} == {"refreshing/publish.py"}


def test_only_commands_know_the_command_line() -> None:
    outside = [file for file, code in CODE.items() if "import typer" in code and not file.startswith("commands/")]
    assert outside == []
