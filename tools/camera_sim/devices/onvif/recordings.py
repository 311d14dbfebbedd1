"""A device's footage as ONVIF sees it: one endless recording per channel, with holes."""

from dataclasses import dataclass
from datetime import datetime

from tools.camera_sim.devices.onvif.soap import invalid_argument
from tools.camera_sim.devices.onvif.world import World, source_token
from tools.camera_sim.devices.onvif.xml import Element, el


@dataclass(frozen=True, slots=True)
class Stretch:
    """Footage without a break, by the device's clock."""

    start: datetime
    end: datetime
    is_open: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """Everything of one channel's main stream."""

    number: int
    """Of the channel, from 1."""
    channel_name: str
    stretches: tuple[Stretch, ...]

    @property
    def token(self) -> str:
        """Names it in every service."""
        return f"recording-{self.number}"

    @property
    def track(self) -> str:
        """Token of its only track."""
        return f"video-{self.number}"

    @property
    def first(self) -> datetime | None:
        """Oldest moment; None without footage."""
        return self.stretches[0].start if self.stretches else None

    @property
    def last(self) -> datetime | None:
        """Newest moment; None without footage."""
        return self.stretches[-1].end if self.stretches else None

    @property
    def is_recording(self) -> bool:
        """Whether it grows."""
        return bool(self.stretches) and self.stretches[-1].is_open


def recordings(world: World) -> list[Recording]:
    """Return the recordings of all channels."""
    return [
        Recording(number, channel.name, _stretches(world, number))
        for number, channel in world.channels()
    ]


def recording(world: World, token: str | None) -> Recording:
    """Return one recording; raises NoRecording."""
    for found in recordings(world):
        if found.token == token:
            return found
    raise invalid_argument("NoRecording", "There is no such recording")


def _stretches(world: World, number: int) -> tuple[Stretch, ...]:
    joined: list[Stretch] = []
    clock = world.device.clock
    for file in world.device.timeline.files(channel=number, stream="main"):
        if file.is_open and not world.faults.growing_last_file:
            continue
        start, end = clock.of(file.started_at), clock.of(file.ended_at)
        if joined and start <= joined[-1].end:
            start, end = joined[-1].start, max(end, joined[-1].end)
            joined.pop()
        joined.append(Stretch(start, end, file.is_open))
    return tuple(joined)


def source(world: World, name: str, found: Recording) -> Element:
    """Return a RecordingSourceInformation."""
    return el(
        name,
        el("tt:SourceId", world.spec.endpoint_id),
        el("tt:Name", found.channel_name[:20]),
        el("tt:Location", "nowhere"),
        el("tt:Description", f"Channel {found.number}"),
        el("tt:Address", source_token(found.number)),
        el("tt:VideoSourceToken", source_token(found.number)),
    )


def information(world: World, name: str, found: Recording) -> Element:
    """Return a RecordingInformation; without footage it has no times."""
    first, last = found.first, found.last
    has_times = first is not None and last is not None
    track = el(
        "tt:Track",
        el("tt:TrackToken", found.track),
        el("tt:TrackType", "Video"),
        el("tt:Description", "Main stream"),
        el("tt:DataFrom", first or world.now()),
        el("tt:DataTo", last or world.now()),
    )
    return el(
        name,
        el("tt:RecordingToken", found.token),
        source(world, "tt:Source", found),
        el("tt:EarliestRecording", first) if has_times else None,
        el("tt:LatestRecording", last) if has_times else None,
        el("tt:Content", "Continuous recording"),
        track if has_times else None,
        el("tt:RecordingStatus", "Recording" if found.is_recording else "Stopped"),
    )
