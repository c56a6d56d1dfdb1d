"""What the recorder kept of gate's live feed; everything about it stands in `pipelines/streams/gate.py`."""

from __future__ import annotations

from pipelines.sources import _recorded
from pipelines.streams import gate

SOURCE = gate.SOURCE
plan, parse, check = _recorded.functions(gate)
