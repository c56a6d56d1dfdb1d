"""What the recorder kept of htx's live feed; everything about it stands in `pipelines/streams/htx.py`."""

from __future__ import annotations

from pipelines.sources import _recorded
from pipelines.streams import htx

SOURCE = htx.SOURCE
plan, parse, check = _recorded.functions(htx)
