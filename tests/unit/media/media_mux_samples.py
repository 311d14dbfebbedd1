"""Small streams encoded in memory, as a camera would send them."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import av

from libs.media.packets import AudioTrack, Packet, Part, TrackKind, VideoTrack
from libs.media.parts import Muxer

WIDTH, HEIGHT = 64, 48
RATE = 16_000
_FORMATS = {"h264": "libx264", "hevc": "libx265", "mpeg4": "mpeg4"}


@dataclass(frozen=True)
class Stream:
    track: VideoTrack
    packets: tuple[Packet, ...]  # dts begins anywhere, steps of 3600


@cache
def video(
    codec: str = "h264", frames: int = 50, gop: int = 10, b_frames: int = 0, width: int = WIDTH
) -> Stream:
    """25 frames a second, a keyframe each `gop`; each frame has a grey of its own."""
    encoder = av.CodecContext.create(_FORMATS[codec], "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, HEIGHT, "yuv420p"
    encoder.framerate = Fraction(25)
    encoder.time_base = Fraction(1, 25)
    encoder.gop_size = gop
    encoder.max_b_frames = b_frames
    encoder.thread_count = 1
    encoder.options = {
        "h264": {
            "preset": "ultrafast",
            "x264-params": f"scenecut=0:keyint={gop}:bframes={b_frames}:b-adapt=0",
        },
        "hevc": {
            "preset": "ultrafast",
            "x265-params": f"scenecut=0:keyint={gop}:min-keyint={gop}:bframes={b_frames}"
            ":b-adapt=0:open-gop=0:pools=none:log-level=none:repeat-headers=1",
        },
        "mpeg4": {"sc_threshold": "1000000000"},
    }[codec]
    packets = []
    for number in range(frames):
        picture = av.VideoFrame(width, HEIGHT, "yuv420p")
        for plane, value in zip(picture.planes, ((16 + number * 4) % 236, 128, 128), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        picture.pts = number
        packets += encoder.encode(picture)
    packets += encoder.encode(None)
    made = []
    for at, packet in enumerate(packets):
        assert packet.pts is not None
        assert packet.dts is not None
        made.append(
            Packet(
                TrackKind.VIDEO,
                bytes(packet),
                packet.pts * 3600,
                packet.dts * 3600,
                packet.is_keyframe,
                1000.0 + at * 0.04,
            )
        )
    extradata = bytes(encoder.extradata or b"") if codec == "mpeg4" else b""
    track = VideoTrack(codec, Fraction(1, 90_000), 0, 0, 25.0, extradata)
    return Stream(track, tuple(made))


@cache
def audio(seconds: float = 2.0) -> tuple[AudioTrack, tuple[Packet, ...]]:
    """AAC, 16 kHz mono silence in frames of 64 ms."""
    encoder = av.CodecContext.create("aac", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", "fltp"
    encoder.open()
    track = AudioTrack("aac", Fraction(1, RATE), RATE, 1, bytes(encoder.extradata or b""))
    data: list[bytes] = []
    for number in range(int(seconds * RATE / 1024) + 1):
        frame = av.AudioFrame("fltp", "mono", 1024)
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        frame.sample_rate, frame.pts = RATE, number * 1024
        data += [bytes(packet) for packet in encoder.encode(frame)]
    return track, tuple(
        Packet(TrackKind.AUDIO, each, at * 1024, at * 1024, True, 1000.0 + at * 0.064)
        for at, each in enumerate(data)
    )


def interleaved(*streams: Iterable[Packet]) -> list[Packet]:
    """All packets by arrival; video before audio where they arrive together."""
    together = [packet for stream in streams for packet in stream]
    return sorted(together, key=lambda packet: packet.arrived_monotonic)


def shifted(
    packets: Iterable[Packet], *, ticks: int = 0, seconds: float = 0.0
) -> tuple[Packet, ...]:
    """The same packets with other timestamps and arrival times."""
    return tuple(
        packet._replace(
            pts=None if packet.pts is None else packet.pts + ticks,
            dts=None if packet.dts is None else packet.dts + ticks,
            arrived_monotonic=packet.arrived_monotonic + seconds,
        )
        for packet in packets
    )


def mux(
    track: VideoTrack, sound: AudioTrack | None, packets: Iterable[Packet], **options: float
) -> tuple[Muxer, list[Part]]:
    """All parts of a session, flushed."""
    muxer = Muxer(track, sound, **options)  # type: ignore[arg-type]  # only floats are passed
    parts = [part for packet in packets for part in muxer.push(packet)]
    return muxer, parts + muxer.flush()


def decode_annex_b(stream: Stream) -> list[bytes]:
    """Luma planes of the source, in order of presentation."""
    decoder = av.CodecContext.create(stream.track.codec, "r")
    decoder.thread_count = 1
    if stream.track.extradata:
        decoder.extradata = stream.track.extradata
    pictures = []
    # PyAV lends the bytes to the decoder, which reads a little beyond their end
    for packet in stream.packets:
        pictures += decoder.decode(av.Packet(packet.data + bytes(64)))  # type: ignore[attr-defined]
    pictures += decoder.decode(None)  # type: ignore[attr-defined]
    return [luma(picture) for picture in pictures]


def decode_file(source: Path | bytes) -> list[av.VideoFrame]:
    """Every picture of a file, in order of presentation."""
    with av.open(
        io.BytesIO(source) if isinstance(source, bytes) else str(source), "r"
    ) as container:
        return list(container.decode(video=0))


def luma(picture: av.VideoFrame) -> bytes:
    plane = picture.planes[0]
    rows = bytes(plane)
    return b"".join(
        rows[row * plane.line_size : row * plane.line_size + picture.width]
        for row in range(picture.height)
    )
