"""What the recorder kept of deribit's live feed; everything about it stands in
`pipelines/recording/streams/deribit.py`."""

from __future__ import annotations

from pipelines.recording.streams import deribit
from pipelines.sources.common import recorded

SOURCE = deribit.SOURCE
plan, parse, check = recorded.functions(deribit)
