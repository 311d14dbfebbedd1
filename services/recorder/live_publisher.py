"""Sends a rendition's parts to the bus while somebody watches it."""

import asyncio
import time

import structlog

from libs.bus.client import Bus
from libs.bus.errors import BusError, Conflict, InvalidPayload, Permanent
from libs.contracts.live import LivePart, LiveState, rendition_key
from libs.media.packets import VIDEO_TIMESCALE
from services.recorder import metrics
from services.recorder.live_buffer import BufferedPart, LiveBuffer
from services.recorder.live_numbering import LiveNumbering, Stream

log = structlog.get_logger()

STALE_SECONDS = 30.0
"""What was kept for longer is not sent to a first viewer; GOPs are shorter."""
OUTBID_REST_SECONDS = 1.0
"""Wait after another recorder was seen to send this camera; the leases settle whose it is."""


class LivePublisher:
    """One watched rendition. When it falls behind, it goes on with the newest whole GOP: what
    waits is the buffer itself, which is bounded.
    """

    def __init__(self, bus: Bus, stream: Stream, buffer: LiveBuffer) -> None:
        self._bus = bus
        self._stream = stream
        self._buffer = buffer
        self._arrived = asyncio.Event()
        self._numbering: LiveNumbering | None = None
        self._unsent: tuple[LivePart, bytes] | None = None
        self._saving: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._saving.cancel()
        self._serial = 0
        self._sequence = 0
        self._states = bus.kv(LiveState)
        self._labels = (stream.camera_id, stream.rendition)

    async def run(self) -> None:
        """Send parts until cancelled; raises BusError when the bus is away or disagrees.

        May be run again: it goes on where it was, as far as the buffer still has it.
        """
        loop = asyncio.get_running_loop()
        self._buffer.attach(lambda: loop.call_soon_threadsafe(self._arrived.set))
        try:
            numbering = await self._resume()
            while True:
                self._arrived.clear()
                item, is_hole = self._next()
                if item is None:
                    await self._arrived.wait()
                else:
                    await self._take(numbering, item, is_hole=is_hole)
        finally:
            self._buffer.attach(None)
            self._saving.cancel()

    def _next(self) -> tuple[BufferedPart | None, bool]:
        """Return what is to be sent now, and whether parts before it were left out."""
        if self._serial:
            item, is_there = self._buffer.after(self._serial)
            if is_there:
                return item, False
        first = self._buffer.first()
        if first is not None and time.time() - first.end_unix > STALE_SECONDS:
            return None, True  # the camera is away; viewers must not take this for the present
        return first, True

    async def _take(self, numbering: LiveNumbering, item: BufferedPart, *, is_hole: bool) -> None:
        if is_hole and self._serial:
            metrics.LIVE_SKIPPED.labels(*self._labels).inc(item.serial - self._serial - 1)
        self._serial = item.serial
        part = numbering.place(
            item,
            is_hole=is_hole,
            longest_gop=self._buffer.longest_gop_seconds(),
            published_ms=time.time_ns() // 1_000_000,
        )
        if part is None:
            return
        media = item.part
        payload = media.init.data + media.data if part.init_bytes else media.data
        self._unsent = (part, payload)
        await self._send(numbering, part, payload)

    async def _send(self, numbering: LiveNumbering, part: LivePart, payload: bytes) -> None:
        try:
            self._sequence = await self._bus.publish_live(
                part, payload, expected_seq=self._sequence
            )
        except Permanent as error:
            log.error("live.part_refused", camera_id=part.camera_id, reason=str(error))
            metrics.LIVE_SKIPPED.labels(*self._labels).inc()
            numbering.interrupt()
        else:
            metrics.LIVE_PARTS.labels(*self._labels).inc()
            delay = time.time() - part.start_ms / 1000 - part.duration_90k / VIDEO_TIMESCALE
            metrics.LIVE_DELAY.labels(part.rendition).observe(max(0.0, delay))
        self._unsent = None
        if part.part == 0 and numbering.state is not None and self._saving.done():
            self._saving = asyncio.ensure_future(self._save(numbering.state))

    async def _save(self, state: LiveState) -> None:
        """Store beside the parts, which must not wait for the bus's disk."""
        try:
            await self._states.put(state.key, state)
        except BusError as error:
            log.warning("live.state_not_saved", camera_id=state.camera_id, reason=str(error))

    async def _resume(self) -> LiveNumbering:
        """Find out where the numbering is, and send what may not have been stored."""
        stream = self._stream
        last = await self._bus.last_live(
            site=stream.site, camera_id=stream.camera_id, rendition=stream.rendition
        )
        self._sequence = last.seq if last else 0
        if last is not None and last.part.epoch > stream.epoch:
            log.warning("live.outbid", camera_id=stream.camera_id, epoch=last.part.epoch)
            await asyncio.sleep(OUTBID_REST_SECONDS)
            raise Conflict("another recorder sends this camera")
        if self._numbering is None:
            self._numbering = LiveNumbering(stream, await self._saved())
        numbering, unsent = self._numbering, self._unsent
        if last is not None and last.part.epoch < stream.epoch:
            numbering.go_on_from(last.part)
            self._unsent = None
        elif unsent is not None and last is not None and _place(last.part) == _place(unsent[0]):
            self._unsent = None  # it was stored, only the answer was lost
        elif unsent is not None:
            await self._send(numbering, *unsent)
        return numbering

    async def _saved(self) -> LiveState | None:
        stream = self._stream
        key = rendition_key(stream.site, stream.camera_id, stream.rendition)
        try:
            entry = await self._states.get(key)
        except InvalidPayload as error:
            log.error("live.state_unreadable", key=key, reason=str(error))
            return None
        return entry.value if entry else None


def _place(part: LivePart) -> tuple[str, int, int]:
    return part.live_id, part.msn, part.part
