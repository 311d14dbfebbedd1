"""What to tell a viewer who sees nothing yet."""

import asyncio

from libs.bus.client import Bus
from libs.bus.errors import BusError
from libs.contracts.cameras import CameraState, camera_key
from libs.contracts.live import Rendition
from libs.contracts.ownership import RecordingProgress
from services.streamer.channel import ChannelKey

ANSWER_SECONDS = 1.0

# The recorder's own words name the camera's address, which is none of a viewer's business.
_SENTENCES = {
    CameraState.STOPPED: "the camera is being connected",
    CameraState.CONNECTING: "the camera is being connected",
    CameraState.RECORDING: "the camera is connected, its picture is on the way",
    CameraState.LIVE: "the camera is connected, its picture is on the way",
    CameraState.OFFLINE: "the camera cannot be reached; the recorder keeps trying",
    CameraState.UNAUTHORIZED: "the camera refuses the recorder's user name or password",
    CameraState.ERROR: "the camera answers, but sends nothing that can be shown",
}
_UNKNOWN = "no recorder has reported about this camera yet"
_BUS_AWAY = "the connection to the recorders is interrupted; it comes back by itself"
_NO_SUB_PARTS = "the camera's small stream sends nothing so far; if that lasts, check its sub_url"
_WELL = frozenset({CameraState.RECORDING, CameraState.LIVE})
"""The state is that of the large stream; when that is well, it does not explain the small one."""


class CameraStates:
    """Asks the bucket where the recorders say how it goes."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._progress = bus.kv(RecordingProgress)

    async def describe(self, key: ChannelKey) -> str:
        """Return a sentence for viewers; never raises, takes a second at most."""
        if not self._bus.is_connected:
            return _BUS_AWAY
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                entry = await self._progress.get(camera_key(key.site, key.camera_id))
        except (BusError, TimeoutError):
            return _BUS_AWAY
        if entry is None:
            return _UNKNOWN
        state = entry.value.state
        if key.rendition is Rendition.SUB and state in _WELL:
            return _NO_SUB_PARTS
        return _SENTENCES[state]
