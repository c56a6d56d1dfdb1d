"""What the recorder kept of okx's live feed; everything about it stands in `pipelines/streams/okx.py`."""

from __future__ import annotations

from pipelines.sources import _recorded
from pipelines.streams import okx

SOURCE = okx.SOURCE
plan, parse, check = _recorded.functions(okx)
