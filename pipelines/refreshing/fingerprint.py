"""Which code read a piece: when it changes, stored bytes are read again."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import cast

from pipelines.refreshing import validate
from pipelines.source import SourceModule
from pipelines.tables import canonical, fields

HELPERS = ("pipelines.sources.common", "pipelines.recording.streams", "pipelines.recording.segments")


def fingerprint(module: SourceModule) -> str:
    """Changes when the code that reads this source's bytes, helpers included, or the tables they go to, change."""
    return _fingerprint(cast(ModuleType, module))


@cache
def _fingerprint(module: ModuleType) -> str:
    declarations = {sys.modules[canonical.TABLES[table].__module__] for table in module.SOURCE.tables}
    files = sorted(_code_of(module)) + sorted(str(part.__file__) for part in (validate, fields, *declarations))
    return hashlib.sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()[:16]


def _code_of(module: ModuleType) -> set[str]:
    """The files of a source and of the helpers it is made of, which are private to `pipelines.sources` or streams."""
    files, waiting = {str(module.__file__)}, [module]
    while waiting:
        for value in vars(waiting.pop()).values():
            name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
            helper = sys.modules.get(name) if isinstance(name, str) and name.startswith(HELPERS) else None
            if helper and not hasattr(helper, "__path__") and str(helper.__file__) not in files:
                files.add(str(helper.__file__))
                waiting.append(helper)
    return files
