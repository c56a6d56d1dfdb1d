"""What the README promises exists: its commands, its settings, its pages, its pictures, and the addresses it hands
out."""

from __future__ import annotations

import re
import shlex
from fnmatch import fnmatch
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from analytics.data import export
from analytics.warehouse import Warehouse
from pipelines.commands.cli import app
from pipelines.config import ROOT, Settings
from pipelines.recording import streams
from tests.shell import PAGES, Page

README, MAKEFILE = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()
COMMANDS = sorted(set(re.findall(r"python -m pipelines ([a-z][^\n`#;(]*)", README + MAKEFILE)))
GROUP = get_command(app)
assert isinstance(GROUP, TyperGroup)
KNOWN = GROUP.commands
ADDRESSES = sorted(set(re.findall(r"http://localhost:8501(/api/v1/[^\s'\"`)]+)", README)))


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_that_is_written_down_can_be_given(line: str) -> None:
    name, *words = shlex.split(line)
    assert name in KNOWN
    options = {option for parameter in KNOWN[name].params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("name", re.findall(r"^    make (\w+)", README, re.MULTILINE))
def test_make_knows_what_the_readme_tells_to_make(name: str) -> None:
    assert re.search(rf"^{name}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("name", KNOWN)
def test_every_command_is_explained(name: str) -> None:
    assert re.search(rf"`{name}`|pipelines {name}\b", README)
    assert KNOWN[name].help


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_explained(name: str) -> None:
    assert re.search(rf"`CRASHDAY_{name.upper()}(_<\w+>)?`", README)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_is_explained(page: Page) -> None:
    assert f"| {page.title} |" in README


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_handed_out_gives_rows(warehouse: Warehouse, address: str) -> None:
    split = urlsplit(address)
    table, _, form = split.path.removeprefix("/api/v1/").partition(".")
    assert form in ("csv", "json", "parquet")
    assert not export.rows(warehouse, table, parse_qs(split.query)).is_empty()


@pytest.mark.parametrize("path", re.findall(r"\]\(((?!https?:)[^)#]+)\)", README))
def test_a_picture_or_file_that_is_shown_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_ready_file_is_named_and_there() -> None:
    named = set(re.findall(r"deploy/([\w*.-]+)", README))
    there = {path.name for path in (ROOT / "deploy").iterdir()}
    assert all(any(fnmatch(file, name) for file in there) for name in named)
    assert all(any(fnmatch(file, name) for name in named) for file in there)


def test_every_recorded_venue_is_named() -> None:
    recorded = README.partition("`record` keeps")[2].partition("Not recorded")[0].lower()
    assert [venue for venue in streams.discover() if venue not in recorded] == []


def test_every_runtime_package_is_named_with_what_it_is_for() -> None:
    packages = re.findall(r"^([\w-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    made_of = README.partition("## What it is made of")[2].lower()
    assert [package for package in packages if package.lower() not in made_of] == []


CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


@pytest.mark.parametrize(
    "place", sorted(set(re.findall(r"`((?:pipelines|analytics|charts|tests|data)/[\w/.]*)`", CONTRIBUTING)))
)
def test_a_place_that_a_recipe_names_is_there(place: str) -> None:
    assert (ROOT / place).exists()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`python -m pipelines (\w+)", CONTRIBUTING))))
def test_a_command_that_a_recipe_gives_is_there(command: str) -> None:
    assert command in KNOWN
