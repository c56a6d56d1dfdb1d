"""What the recorder kept of deribit's live feed; everything about it stands in `pipelines/streams/deribit.py`."""

from __future__ import annotations

from pipelines.sources import _recorded
from pipelines.streams import deribit

SOURCE = deribit.SOURCE
plan, parse, check = _recorded.functions(deribit)
