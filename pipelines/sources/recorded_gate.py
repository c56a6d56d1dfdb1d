"""What the recorder kept of gate's live feed; everything about it stands in `pipelines/recording/streams/gate.py`."""

from __future__ import annotations

from pipelines.recording.streams import gate
from pipelines.sources.common import recorded

SOURCE = gate.SOURCE
plan, parse, check = recorded.functions(gate)
