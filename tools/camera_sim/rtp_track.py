"""A loop of media cut into RTP packets once; a client's numbers are written into copies of it."""

import struct
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tools.camera_sim.clip_encode import MediaTrack
from tools.camera_sim.rtp_payload import MAX_PAYLOAD, payloads_of

PAYLOAD_TYPES: Final = {"mulaw": 0, "alaw": 8, "aac": 97, "h264": 96, "hevc": 96, "mpeg4": 96}
FRAMING: Final = 4
"""Bytes of `$`, channel and length before each packet (RFC 2326 10.12)."""

_HEADER: Final = struct.Struct(">cBHBBHII")
_NUMBERS: Final = struct.Struct(">HII")


@dataclass(frozen=True, slots=True)
class RtpUnit:
    """The interleaved packets of one access unit, channel and RTP numbers still zero."""

    template: bytes
    offsets: tuple[int, ...]
    """Where each `$` stands."""
    pts: int
    sent_at: int
    is_key: bool

    def stamp(self, channel: int, sequence: int, timestamp: int, ssrc: int) -> bytearray:
        """A copy with one client's numbers, the sequence counted on from packet to packet."""
        packets = bytearray(self.template)
        for offset in self.offsets:
            packets[offset + 1] = channel
            _NUMBERS.pack_into(packets, offset + 6, sequence & 0xFFFF, timestamp, ssrc)
            sequence += 1
        return packets

    def spans(self) -> Iterator[tuple[int, int]]:
        """Start and end of each packet with its framing."""
        return zip(self.offsets, (*self.offsets[1:], len(self.template)), strict=True)


@dataclass(frozen=True, slots=True)
class RtpTrack:
    """One loop of one track, ready to be sent."""

    media: MediaTrack
    units: tuple[RtpUnit, ...]
    sent_at: tuple[int, ...]

    @property
    def is_video(self) -> bool:
        """Video waits for keyframes, sound does not."""
        return self.media.codec in {"h264", "hevc", "mpeg4"}


def packetise(media: MediaTrack, max_payload: int = MAX_PAYLOAD) -> RtpTrack:
    """Cuts each access unit into packets; the last of a picture carries the marker bit."""
    payload_type = PAYLOAD_TYPES[media.codec]
    marks_every = media.codec == "aac"
    marks_last = marks_every or media.codec in {"h264", "hevc", "mpeg4"}
    units = []
    for unit in media.units:
        template, offsets = bytearray(), []
        payloads = payloads_of(media.codec, unit.payload, max_payload)
        for index, payload in enumerate(payloads, start=1):
            marker = 0x80 if marks_last and index == len(payloads) else 0
            offsets.append(len(template))
            length = 12 + len(payload)
            template += _HEADER.pack(b"$", 0, length, 0x80, marker | payload_type, 0, 0, 0)
            template += payload
        units.append(RtpUnit(bytes(template), tuple(offsets), unit.pts, unit.sent_at, unit.is_key))
    return RtpTrack(media, tuple(units), tuple(unit.sent_at for unit in units))


class Cursor:
    """Walks through a track for ever; ticks count from the beginning of unix time."""

    def __init__(self, track: RtpTrack, ticks: int) -> None:
        """Stands at the first unit that is sent at `ticks` or later."""
        self.track = track
        loop = track.media.loop_ticks
        self._start = (ticks - track.sent_at[0]) // loop * loop
        self._index = bisect_left(track.sent_at, ticks - self._start)
        self._wrap()

    @property
    def unit(self) -> RtpUnit:
        """The unit it stands at."""
        return self.track.units[self._index]

    @property
    def sent_at(self) -> int:
        """When that is to be sent."""
        return self._start + self.unit.sent_at

    @property
    def pts(self) -> int:
        """When that is to be shown."""
        return self._start + self.unit.pts

    def advance(self) -> None:
        """On to the next unit, into the next loop after the last one."""
        self._index += 1
        self._wrap()

    def seek_key(self) -> None:
        """On to the next keyframe, not at all when it stands at one; every loop has one."""
        while not self.unit.is_key:
            self.advance()

    def _wrap(self) -> None:
        if self._index == len(self.track.units):
            self._index = 0
            self._start += self.track.media.loop_ticks
