"""A new source: its file and its test as skeletons that run, with the places to fill marked FILL."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from pipelines.commands.output import out, wrong_use_in_a_sentence
from pipelines.config import ROOT
from pipelines.refreshing.asking import WrongUse

SKELETON = Path(__file__).parent / "skeleton"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
"""Venue and figures, e.g. coinbase_candles: it is a file's name, a key of `sources` and part of CRASHDAY_URL_<NAME>."""
LONGEST_NAME = 40

app = typer.Typer(help="Add a source.", no_args_is_help=True)


@app.callback()
def source() -> None:
    """For who adds a source: `source new NAME` writes its file and its test."""


@app.command()
def new(name: Annotated[str, typer.Argument(help="Venue and figures: coinbase_candles.")]) -> None:
    """Write the skeleton of a source and its test; both pass at once, and say where to go on."""
    with wrong_use_in_a_sentence():
        written = write_skeleton(ROOT, name)
    for path in written:
        out.print(f"Wrote {path.relative_to(ROOT)}")
    out.print(
        f"Fill in what says FILL. Then: python -m pytest {written[-1].relative_to(ROOT)}, and "
        f"python -m pipelines try {name} --day 2025-10-10"
    )


def write_skeleton(root: Path, name: str) -> list[Path]:
    """Write a source of this name and its test below `root`; returns the files. Raises WrongUse where the name is not
    one for a source, or is taken."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME or keyword.iskeyword(name):
        raise WrongUse(
            f"'{name}' is no name for a source. Take small letters, digits and underscores, venue first, then what it "
            f"states, {LONGEST_NAME} signs at most: coinbase_candles."
        )
    files = {
        root / "pipelines" / "sources" / f"{name}.py": "source.txt",
        root / "tests" / "pipelines" / "sources" / f"test_{name}.py": "test.txt",
    }
    for path in files:
        if path.exists():
            raise WrongUse(f"{path.relative_to(root)} is there already. Take another name, or change that file.")
    for path, skeleton in files.items():
        text = Template((SKELETON / skeleton).read_text())
        path.write_text(text.substitute(name=name, venue=name.partition("_")[0]))
    return list(files)
