"""What the recorder kept of okx's live feed; everything about it stands in `pipelines/recording/streams/okx.py`."""

from __future__ import annotations

from pipelines.recording.streams import okx
from pipelines.sources.common import recorded

SOURCE = okx.SOURCE
plan, parse, check = recorded.functions(okx)
