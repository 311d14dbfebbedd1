"""One client's view of a camera: its tracks, their RTP numbers and where they go."""

import random
import secrets
from dataclasses import dataclass, field

from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.faults import FaultState
from tools.camera_sim.rtcp import sender_report
from tools.camera_sim.rtp_sink import RtpSink
from tools.camera_sim.rtp_track import RtpUnit

_WRAP = 1 << 32


@dataclass(slots=True)
class SessionTrack:
    """One track that was set up."""

    sink: RtpSink
    waits_for_key: bool
    ssrc: int = field(default_factory=lambda: secrets.randbits(32))
    sequence: int = field(default_factory=lambda: secrets.randbits(16))
    base: int = field(default_factory=lambda: secrets.randbits(32))
    """Added to the media time to get the RTP timestamp."""
    packets: int = 0
    octets: int = 0


class Session:
    """Created by the first SETUP, ends with TEARDOWN, its connection or its timeout."""

    def __init__(self, spec: CameraSpec, faults: FaultState, now: float) -> None:
        self.id = secrets.token_hex(8)
        self.tracks: dict[int, SessionTrack] = {}
        self.is_playing = False
        self.last_seen = now
        self._spec, self._faults = spec, faults

    def set_up(self, number: int, sink: RtpSink, *, is_video: bool) -> SessionTrack:
        """Adds or replaces a track."""
        track = SessionTrack(sink, waits_for_key=is_video and self._spec.start_on_keyframe)
        if self._spec.first_sequence is not None:
            track.sequence = self._spec.first_sequence
        self.tracks[number] = track
        return track

    def play(self, ticks: dict[int, tuple[int, int]]) -> None:
        """Starts; `ticks` gives each track's media time and clock rate."""
        self.is_playing = True
        wrap_in = self._spec.rtp_wrap_in_seconds
        if wrap_in is not None:
            for number, track in self.tracks.items():
                now, rate = ticks[number]
                track.base = -(now + round(wrap_in * rate)) % _WRAP

    def timestamp(self, number: int, ticks: int) -> int:
        """The RTP timestamp of a media time."""
        return (self.tracks[number].base + ticks) % _WRAP

    def send(self, number: int, unit: RtpUnit, ticks: int) -> None:
        """Sends one access unit stamped with `ticks`, unless this client must wait or lose it."""
        track = self.tracks.get(number)
        if track is None:
            return
        if track.waits_for_key and not unit.is_key:
            return
        track.waits_for_key = track.sink.is_blocked()
        if track.waits_for_key:
            return
        timestamp = self.timestamp(number, ticks)
        packets = unit.stamp(track.sink.channel, track.sequence, timestamp, track.ssrc)
        track.sequence += len(unit.offsets)
        track.packets += len(unit.offsets)
        track.octets += len(packets) - 16 * len(unit.offsets)
        if self._faults.loses_packets:
            self._send_with_loss(track, packets, unit)
        else:
            track.sink.send_packets(packets, unit.offsets)

    def _send_with_loss(self, track: SessionTrack, packets: bytearray, unit: RtpUnit) -> None:
        kept, offsets = bytearray(), []
        for start, end in unit.spans():
            if not self._faults.takes_packet(random.random()):
                offsets.append(len(kept))
                kept += packets[start:end]
        if offsets:
            track.sink.send_packets(kept, tuple(offsets))

    def report(self, number: int, ticks: int, unix_time: float) -> None:
        """Sends a sender report for one track."""
        track = self.tracks[number]
        track.sink.send_report(
            sender_report(
                ssrc=track.ssrc,
                unix_time=unix_time,
                rtp_timestamp=self.timestamp(number, ticks),
                packets=track.packets,
                octets=track.octets,
            )
        )

    def close(self) -> None:
        """Stops sending."""
        self.is_playing = False
        for track in self.tracks.values():
            track.sink.close()
