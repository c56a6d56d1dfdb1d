"""The canonical tables: the contract between the rooms, declared once.

Each is a class in the file of its subject beside this one, named like it: `CrashDays` is `crash_days`. Nothing else has
to know it: column, type, unit, meaning, key and rules stand there, and DuckDB's DDL, the validation at load time, the
data dictionary page and the export package are derived from it (`dictionary.py`). Times are UTC microseconds, money is
USD unless the column says otherwise, `symbol` is the unified `BASE/QUOTE[:SETTLE]`. A null is "not known", never zero.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from types import ModuleType

import dataframely as dy

HELPERS = {"__init__", "canonical", "dictionary", "fields"}
"""The files of this folder that declare no table."""


def _name(declared: type[dy.Schema]) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", declared.__name__).lower()


def _declared_in(subject: ModuleType) -> dict[str, type[dy.Schema]]:
    own = (value for value in vars(subject).values() if getattr(value, "__module__", None) == subject.__name__)
    return {_name(value): value for value in own if isinstance(value, type) and issubclass(value, dy.Schema)}


SUBJECTS = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in HELPERS)
TABLES: dict[str, type[dy.Schema]] = {
    name: declared
    for subject in SUBJECTS
    for name, declared in _declared_in(import_module(f"pipelines.tables.{subject}")).items()
}
"""Subject by subject, and within one in the order of its file: the order in which people are shown them."""
