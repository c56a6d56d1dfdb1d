"""What the recorder kept of binance's live feed; everything about it stands in
`pipelines/recording/streams/binance.py`."""

from __future__ import annotations

from pipelines.recording.streams import binance
from pipelines.sources.common import recorded

SOURCE = binance.SOURCE
plan, parse, check = recorded.functions(binance)
