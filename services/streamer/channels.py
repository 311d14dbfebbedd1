"""Every rendition that is watched from this instance."""

import asyncio
from collections.abc import Callable

import structlog

from libs.bus.client import Bus
from libs.contracts.cameras import camera_key
from libs.contracts.ids import CameraId
from libs.contracts.live import Rendition
from libs.runtime.clock import Clock
from services.streamer import metrics
from services.streamer.channel import Channel, ChannelKey
from services.streamer.settings import StreamerSettings

log = structlog.get_logger()


class Channels:
    """Opens a channel when somebody asks, and closes those that nobody used for a while."""

    def __init__(
        self,
        settings: StreamerSettings,
        bus: Bus,
        tasks: asyncio.TaskGroup,
        *,
        streamer: str,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._bus = bus
        self._tasks = tasks
        self._streamer = streamer
        self._clock = clock
        self._channels: dict[ChannelKey, Channel] = {}
        self._running: dict[Channel, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        return len(self._channels)

    def open(self, key: ChannelKey) -> Channel:
        """Return the channel of a rendition; its parts are asked for from now on."""
        if (known := self._channels.get(key)) is not None:
            return known
        channel = Channel(
            key,
            self._bus,
            streamer=self._streamer,
            demand_ttl_seconds=self._settings.demand_ttl_seconds,
            clock=self._clock,
        )
        name = f"channel {key.camera_id}/{key.rendition}"
        task = self._tasks.create_task(channel.run(), name=name)
        self._channels[key] = channel
        self._running[channel] = task
        task.add_done_callback(lambda _task: self._forget(channel))
        metrics.CHANNELS.set(len(self._channels))
        log.info("channel.opened", camera_id=key.camera_id, rendition=key.rendition)
        return channel

    def sweep(self, is_watched: Callable[[CameraId, Rendition], bool]) -> None:
        """Close what was unused for `linger_seconds`; notice what stands still."""
        for key, channel in list(self._channels.items()):
            if is_watched(key.camera_id, key.rendition):
                channel.touch()
                channel.check_stall()
            elif channel.unused_seconds() > self._settings.linger_seconds:
                log.info("channel.closed", camera_id=key.camera_id, rendition=key.rendition)
                self._end(channel)

    def remove(self, camera: str) -> None:
        """Close those of the camera with this key of per-camera state: it was deleted."""
        for key, channel in list(self._channels.items()):
            if camera_key(key.site, key.camera_id) == camera:
                log.info("channel.removed", camera_id=key.camera_id, rendition=key.rendition)
                channel.close("removed")
                self._end(channel)

    def stop_waiting(self) -> None:
        """Let everybody who waits go; parts are followed on until `close`."""
        for channel in self._channels.values():
            channel.close()

    async def close(self) -> None:
        """Close all; their demands are released when this returns."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _end(self, channel: Channel) -> None:
        self._running[channel].cancel()
        self._forget(channel)

    def _forget(self, channel: Channel) -> None:
        if self._channels.get(channel.key) is channel:
            del self._channels[channel.key]
        task = self._running.get(channel)
        if task is not None and task.done():
            del self._running[channel]
        metrics.CHANNELS.set(len(self._channels))
