"""What every route needs."""

from dataclasses import dataclass

from libs.contracts.cameras import camera_key
from libs.contracts.live import Rendition
from libs.runtime.clock import Clock
from libs.web.live_tokens import LiveAccess
from services.streamer.access import Gate
from services.streamer.camera_states import CameraStates
from services.streamer.channel import Channel, ChannelKey
from services.streamer.channels import Channels
from services.streamer.refusals import refused
from services.streamer.removals import Removals
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
    removals: Removals
    clock: Clock

    def admit(self, access: LiveAccess, rendition: Rendition) -> None:
        """Raise Refused where nothing would ever come."""
        if rendition not in access.renditions:
            raise refused("rendition")
        if camera_key(access.site, access.camera_id) in self.removals:
            raise refused("removed")

    def remove(self, key: str) -> None:
        """End all viewing of a deleted camera; the key is that of per-camera state."""
        self.viewers.remove(key)
        self.channels.remove(key)

    def channel(self, access: LiveAccess, rendition: Rendition) -> Channel:
        """Return the channel of what somebody may watch."""
        return self.channels.open(ChannelKey(access.site, access.camera_id, rendition))
