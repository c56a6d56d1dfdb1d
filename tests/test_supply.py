"""What the project stands on: every package is named, locked and proven by its hash; every action is one commit."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pipelines.config import ROOT

ROOMS = ("analytics", "api", "charts", "pages", "pipelines", "web")
LOCKS = pytest.mark.parametrize(
    ("asked", "lock"),
    [("requirements.txt", "requirements.lock"), ("requirements-dev.txt", "requirements-dev.lock")],
)


def pins(name: str) -> dict[str, str]:
    """Package and version of each line of a list of packages."""
    lines = re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in lines}


def imported() -> set[str]:
    """The top modules that the code which runs for readers imports."""
    files = [ROOT / "app.py", *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
    names: set[str] = set()
    for node in (node for path in files for node in ast.walk(ast.parse(path.read_text()))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def test_every_package_that_is_imported_is_named() -> None:
    packages = packages_distributions()
    foreign = imported() - set(sys.stdlib_module_names) - {*ROOMS, "app"}
    named = pins("requirements.txt")
    assert {name for name in foreign if not {canonicalize_name(one) for one in packages[name]} & set(named)} == set()


@LOCKS
def test_the_lock_holds_what_is_asked_for_and_a_hash_for_everything(asked: str, lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert pins(asked).items() <= pins(lock).items(), f"run: make lock ({asked} has changed)"
    blocks = re.split(r"^(?=[A-Za-z0-9])", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)
    locked = [block for block in blocks if block.strip()]
    assert len(locked) == len(pins(lock))
    for block in locked:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", block), block
        requirement = Requirement(block.split("\\")[0].strip())
        assert requirement.url is None
    assert not re.search(r"index-url|find-links|://|file:", text), "the lock leads to no index of its own"


def test_actions_are_pinned_by_commit_and_packages_by_hash() -> None:
    workflow = (ROOT / "deploy" / "refresh.yml").read_text()
    actions = re.findall(r"uses: (\S+)(.*)", workflow)
    assert len(actions) == 5
    for action, comment in actions:
        assert re.fullmatch(r"actions/[a-z/-]+@[0-9a-f]{40}", action) and re.fullmatch(r" # v\d+\.\d+\.\d+", comment)
    assert "pip install --require-hashes -r requirements.lock" in workflow


def test_the_code_has_a_licence_and_the_readme_keeps_the_terms_of_the_data() -> None:
    readme = (ROOT / "README.md").read_text()
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert "[MIT](LICENSE)" in readme and "Exchange market data stay under their exchanges' terms" in readme
