"""What every route needs."""

from dataclasses import dataclass

from libs.contracts.live import Rendition
from libs.runtime.clock import Clock
from libs.web.live_tokens import LiveAccess
from services.streamer.access import Gate
from services.streamer.camera_states import CameraStates
from services.streamer.channel import Channel, ChannelKey
from services.streamer.channels import Channels
from services.streamer.settings import StreamerSettings
from services.streamer.viewers import Viewers


@dataclass(frozen=True)
class Context:
    """Made once by the composition root."""

    settings: StreamerSettings
    gate: Gate
    viewers: Viewers
    channels: Channels
    states: CameraStates
    clock: Clock

    def channel(self, access: LiveAccess, rendition: Rendition) -> Channel:
        """Return the channel of what somebody may watch."""
        return self.channels.open(ChannelKey(access.site, access.camera_id, rendition))
