"""The recording and replay services as far as reading footage needs them (trc, trp)."""

from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from tools.camera_sim.devices.onvif import capabilities
from tools.camera_sim.devices.onvif.names import RECORDING, REPLAY
from tools.camera_sim.devices.onvif.recordings import (
    Recording,
    recording,
    recordings,
    source,
)
from tools.camera_sim.devices.onvif.soap import invalid_argument
from tools.camera_sim.devices.onvif.world import Operation, World
from tools.camera_sim.devices.onvif.xml import Element, child_text, el

_PROTOCOLS: Final = frozenset({"UDP", "TCP", "RTSP", "HTTP"})


def _get_recordings(world: World, _: Element) -> Element:
    items = [_item(world, found) for found in recordings(world)]
    return el("trc:GetRecordingsResponse", items)


def _item(world: World, found: Recording) -> Element:
    track = el(
        "tt:Track",
        el("tt:TrackToken", found.track),
        el(
            "tt:Configuration",
            el("tt:TrackType", "Video"),
            el("tt:Description", "Main stream"),
        ),
    )
    return el(
        "trc:RecordingItem",
        el("tt:RecordingToken", found.token),
        el(
            "tt:Configuration",
            source(world, "tt:Source", found),
            el("tt:Content", "Continuous recording"),
            el("tt:MaximumRetentionTime", timedelta(0)),
        ),
        el("tt:Tracks", track),
    )


def _get_replay_uri(world: World, request: Element) -> Element:
    found = recording(world, child_text(request, "RecordingToken"))
    stream = child_text(request, "StreamSetup", "Stream")
    protocol = child_text(request, "StreamSetup", "Transport", "Protocol")
    if stream != "RTP-Unicast" or protocol not in _PROTOCOLS:
        raise invalid_argument("InvalidStreamSetup", "The stream setup makes no sense")
    return el("trp:GetReplayUriResponse", el("trp:Uri", _replay_url(world, found)))


def _replay_url(world: World, found: Recording) -> str:
    """URL below `replay_url`, or below the host that also sends the channel's live stream."""
    base = world.switches.replay_url or world.spec.channels[found.number - 1].main_url
    url = urlunsplit(urlsplit(base)._replace(path=f"/onvif/replay/{found.token}", query=""))
    return world.told(url)


RECORDING_OPERATIONS: Final[dict[str, Operation]] = {
    "GetServiceCapabilities": capabilities.operation(RECORDING),
    "GetRecordings": _get_recordings,
}
REPLAY_OPERATIONS: Final[dict[str, Operation]] = {
    "GetServiceCapabilities": capabilities.operation(REPLAY),
    "GetReplayUri": _get_replay_uri,
}
