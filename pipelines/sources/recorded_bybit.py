"""What the recorder kept of bybit's live feed; everything about it stands in `pipelines/streams/bybit.py`."""

from __future__ import annotations

from pipelines.sources import _recorded
from pipelines.streams import bybit

SOURCE = bybit.SOURCE
plan, parse, check = _recorded.functions(bybit)
