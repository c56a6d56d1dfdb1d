"""Packs ended segments beside the recording."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pipelines.recording import segments
from pipelines.recording.failures import own_words
from pipelines.recording.segments import Say


class Packer:
    """Packs the ended segments of one feed in a thread, in order."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._ended: list[Path] = []
        self._task: asyncio.Task[None] | None = None

    def begin(self, ended: Path | None) -> None:
        """Pack a segment, where there is one, and what waits since the last time."""
        self._ended += [ended] if ended else []
        self._task = asyncio.create_task(asyncio.to_thread(self._pack_ended))

    async def done(self) -> None:
        """Wait for what is being packed. What cannot be packed is tried again with the next one."""
        if self._task:
            try:
                await self._task
            except Exception as error:
                self._say(f"a segment waits to be packed: {own_words(error)}")

    def _pack_ended(self) -> None:
        while self._ended:
            segments.pack(self._ended[0])
            self._ended.pop(0)
