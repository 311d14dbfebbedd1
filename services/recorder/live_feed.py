"""One rendition's way to its viewers: what is kept of it, and the task that sends it."""

import asyncio

from libs.bus.client import Bus
from libs.runtime.service import supervise
from services.recorder import metrics
from services.recorder.live_buffer import LiveBuffer
from services.recorder.live_numbering import Stream
from services.recorder.live_publisher import LivePublisher

RETRY_SECONDS = 1.0


class LiveFeed:
    """Keeps the newest parts always and sends them while the rendition is watched."""

    def __init__(self, bus: Bus, stream: Stream, *, buffer_bytes: int) -> None:
        self.buffer = LiveBuffer(buffer_bytes)
        self._publisher = LivePublisher(bus, stream, self.buffer)
        self._name = f"live-{stream.camera_id}-{stream.rendition}"
        self._task: asyncio.Task[None] | None = None

    @property
    def is_watched(self) -> bool:
        """Whether parts are sent."""
        return self._task is not None

    def set_watched(self, is_watched: bool) -> None:
        """Begin or end sending."""
        if is_watched == self.is_watched:
            return
        if self._task is not None:
            self._task.cancel()
            self._task = None
            metrics.LIVE_WATCHED.dec()
            return
        run = self._publisher.run
        self._task = asyncio.create_task(
            supervise(self._name, run, max_delay_seconds=RETRY_SECONDS), name=self._name
        )
        metrics.LIVE_WATCHED.inc()
