"""What the recorder kept of htx's live feed; everything about it stands in `pipelines/recording/streams/htx.py`."""

from __future__ import annotations

from pipelines.recording.streams import htx
from pipelines.sources.common import recorded

SOURCE = htx.SOURCE
plan, parse, check = recorded.functions(htx)
