"""What the recorder kept of binance's live feed; everything about it stands in `pipelines/streams/binance.py`."""

from __future__ import annotations

from pipelines.sources import _recorded
from pipelines.streams import binance

SOURCE = binance.SOURCE
plan, parse, check = _recorded.functions(binance)
