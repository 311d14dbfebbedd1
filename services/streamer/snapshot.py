"""The newest keyframe of a rendition as a JPEG, made when somebody asks."""

import asyncio
from dataclasses import dataclass

import structlog

from libs.contracts.live import LivePart
from libs.media.snapshot import SnapshotError, jpeg_of
from libs.runtime.clock import Clock
from services.streamer.window import LiveWindow

log = structlog.get_logger()

CACHED_SECONDS = 1.0


@dataclass(frozen=True)
class Picture:
    """A JPEG and the part whose first frame it shows."""

    jpeg: bytes
    part: LivePart

    @property
    def etag(self) -> str:
        return f'"{self.part.live_id}-{self.part.msn}-{self.part.part}"'


class NoPicture(Exception):
    """There is none now; the text is for the viewer."""


class Snapshots:
    """Of one rendition: decodes one picture at a time, in a thread, at most one a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = asyncio.Lock()
        self._newest: Picture | None = None
        self._made_at = 0.0

    async def take(self, window: LiveWindow) -> Picture:
        """Return the newest keyframe, or one that was made in the last second.

        Raises NoPicture.
        """
        async with self._lock:
            now = self._clock.monotonic()
            if self._newest is not None and now - self._made_at < CACHED_SECONDS:
                return self._newest
            held = window.newest_keyframe()
            if held is None:
                raise NoPicture("there is no whole picture yet; try again in a moment")
            self._made_at = now
            if self._newest is None or self._newest.part != held.part:
                self._newest = await _decoded(held.part, window.init(held.part.init_id), held.data)
            return self._newest


async def _decoded(part: LivePart, init: bytes | None, data: bytes) -> Picture:
    try:
        jpeg = await asyncio.to_thread(jpeg_of, init or b"", data)
    except SnapshotError as error:
        log.warning("snapshot.failed", camera_id=part.camera_id, reason=str(error))
        raise NoPicture("the newest picture cannot be decoded; try again in a moment") from error
    return Picture(jpeg, part)
