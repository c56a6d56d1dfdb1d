"""The skeleton of a source: it runs as it is written, and no name that cannot be one is taken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.commands.cli import app
from pipelines.commands.source import write_skeleton
from pipelines.config import ROOT
from pipelines.refreshing.asking import WrongUse

NAME = "a_candle_source_with_the_longest_of_names"[:40]
RUN_TEST = """
import sys
import pipelines.sources, pytest
pipelines.sources.__path__.append(sys.argv[1])
sys.exit(pytest.main(["-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "--rootdir", ".", sys.argv[2]]))
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for folder in ("pipelines/sources", "tests/pipelines/sources"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def run(*command: str) -> None:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_skeleton_passes_the_linter_and_its_own_test(clone: Path) -> None:
    files = write_skeleton(clone, NAME)
    assert [file.relative_to(clone).as_posix() for file in files] == [
        f"pipelines/sources/{NAME}.py",
        f"tests/pipelines/sources/test_{NAME}.py",
    ]
    run("-m", "ruff", "check", "--no-cache", "--config", "pyproject.toml", *map(str, files))
    run("-m", "ruff", "format", "--check", "--no-cache", "--config", "pyproject.toml", *map(str, files))
    run("-c", RUN_TEST, str(files[0].parent), str(files[1]))


@pytest.mark.parametrize("name", ["candles", "Coin_candles", "coin-candles", "../coin_candles", "a" * 40 + "_b", "1_a"])
def test_a_name_that_is_none_is_refused_and_nothing_is_written(clone: Path, name: str) -> None:
    with pytest.raises(WrongUse, match=r"is no name for a source\. Take small letters.*: coinbase_candles\."):
        write_skeleton(clone, name)
    assert not [path for path in clone.rglob("*") if path.is_file()]


def test_a_name_that_is_taken_is_refused_and_what_is_there_stays(clone: Path) -> None:
    (clone / "tests" / "pipelines" / "sources" / f"test_{NAME}.py").write_text("mine")
    with pytest.raises(WrongUse, match=r"is there already\. Take another name"):
        write_skeleton(clone, NAME)
    assert not (clone / "pipelines" / "sources" / f"{NAME}.py").exists()


def test_the_command_line_says_it_as_wrong_use() -> None:
    result = CliRunner().invoke(app, ["source", "new", "coinbase_candles"])
    assert result.exit_code == 2
    assert "pipelines/sources/coinbase_candles.py is there already" in result.stderr
