"""What the recorder kept of bybit's live feed; everything about it stands in `pipelines/recording/streams/bybit.py`."""

from __future__ import annotations

from pipelines.recording.streams import bybit
from pipelines.sources.common import recorded

SOURCE = bybit.SOURCE
plan, parse, check = recorded.functions(bybit)
