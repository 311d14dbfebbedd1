"""Encodes a clip's picture and sound into access units that can be sent for ever in a loop."""

import math
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import av
import av.codec.context

from tools.camera_sim.clip_picture import Painter
from tools.camera_sim.clip_spec import ClipSpec

Progress = Callable[[float], None]
"""Told the finished share, 0 to 1."""

VIDEO_CLOCK: Final = 90_000
# any AAC frame size of 1024 and any G.711 packet of 20 ms fills 8 s exactly at all our rates
AUDIO_LOOP_SECONDS: Final = 8
_G711_PACKET_SAMPLES: Final = 160
_ENCODERS: Final = {"h264": "libx264", "hevc": "libx265", "mpeg4": "mpeg4"}


@dataclass(frozen=True, slots=True)
class MediaUnit:
    """One access unit; times are ticks of the track's clock since the loop began."""

    payload: bytes
    pts: int
    sent_at: int
    """When it leaves the camera: in decode order and never before it was captured."""
    is_key: bool


@dataclass(frozen=True, slots=True)
class MediaTrack:
    """One loop of one track; `units` are in decode order and start with a keyframe."""

    codec: str
    clock_rate: int
    loop_ticks: int
    config: bytes
    """AudioSpecificConfig of AAC, else empty."""
    units: tuple[MediaUnit, ...]


def encode_video(spec: ClipSpec, progress: Progress | None = None) -> MediaTrack:
    """The picture as Annex B (or MPEG-4 part 2) with parameter sets at every keyframe; blocks."""
    context = av.CodecContext.create(_ENCODERS[spec.codec], "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = spec.width, spec.height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, spec.fps), Fraction(spec.fps)
    context.bit_rate = spec.video_bitrate_bps
    context.gop_size, context.max_b_frames = spec.gop_frames, spec.b_frames
    context.thread_count = 1
    context.options = _video_options(spec)
    packets: list[av.Packet[Any]] = []
    for number, frame in enumerate(Painter(spec).pictures()):
        packets += context.encode(frame)
        if progress and number % spec.fps == 0:
            progress(number / spec.frame_count)
    packets += context.encode(None)
    if progress:
        progress(1.0)
    return MediaTrack(
        codec=spec.codec,
        clock_rate=VIDEO_CLOCK,
        loop_ticks=spec.duration_seconds * VIDEO_CLOCK,
        config=b"",
        units=tuple(_video_units(packets, spec.fps)),
    )


def _video_options(spec: ClipSpec) -> dict[str, str]:
    kilobits = spec.video_bitrate_bps // 1000
    # in an open GOP x265 makes CRA keyframes, and those come without parameter sets
    common = (
        f"keyint={spec.gop_frames}:min-keyint={spec.gop_frames}:scenecut=0:open-gop=0"
        f":bframes={spec.b_frames}:b-adapt=0:repeat-headers=1"
        f":vbv-maxrate={2 * kilobits}:vbv-bufsize={2 * kilobits}"
    )
    if spec.codec == "h264":
        return {"preset": "ultrafast", "x264-params": f"{common}:aud=0"}
    if spec.codec == "hevc":
        # speed before beauty: twice as fast as the preset alone, and the barcode stays readable
        fast = "ctu=32:min-cu-size=32:aq-mode=0:ref=1:no-deblock=1:no-psy-rd=1"
        fast += f":rc-lookahead={spec.b_frames + 1}"
        quiet = "log-level=none:info=0:pools=1:frame-threads=1"
        return {"preset": "ultrafast", "x265-params": f"{common}:{fast}:{quiet}"}
    return {"flags": "+cgop", "mpv_flags": "strict_gop", "sc_threshold": "1000000000"}


def _video_units(packets: "list[av.Packet[Any]]", fps: int) -> Iterator[MediaUnit]:
    times = [(packet.pts or 0, packet.dts or 0) for packet in packets]
    delay = max(pts - dts for pts, dts in times)
    for packet, (pts, dts) in zip(packets, times, strict=True):
        yield MediaUnit(
            payload=bytes(packet),
            pts=pts * VIDEO_CLOCK // fps,
            sent_at=(dts + delay) * VIDEO_CLOCK // fps,
            is_key=packet.is_keyframe,
        )


def encode_audio(spec: ClipSpec) -> MediaTrack:
    """A quiet tone with a soft click at each full second; blocks.

    Raises ValueError when the clip has no sound.
    """
    if spec.audio == "none":
        raise ValueError("the clip has no sound")
    if spec.audio == "aac":
        return _encode_aac(spec.audio_rate)
    return _encode_g711("pcm_alaw" if spec.audio == "alaw" else "pcm_mulaw", spec.audio)


def _encode_aac(rate: int) -> MediaTrack:
    context = _audio_context("aac", "fltp", rate)
    context.bit_rate = 64_000 if rate > 16_000 else 32_000
    loop = AUDIO_LOOP_SECONDS * rate
    # the middle one of three rounds joins with itself without a click
    sound = array("f", [sample / 32768 for sample in _sound(rate)]) * 3
    packets: list[av.Packet[Any]] = []
    for start in range(0, 3 * loop, 1024):
        packets += context.encode(_audio_frame(sound[start : start + 1024], "fltp", rate, start))
    packets += context.encode(None)
    units = [
        MediaUnit(bytes(packet), pts - loop, pts - loop + 1024, is_key=True)
        for packet in packets
        if loop <= (pts := packet.pts or 0) < 2 * loop
    ]
    return MediaTrack("aac", rate, loop, bytes(context.extradata or b""), tuple(units))


def _encode_g711(encoder: str, codec: str) -> MediaTrack:
    rate, size = 8000, _G711_PACKET_SAMPLES
    context = _audio_context(encoder, "s16", rate)
    sound = _sound(rate)
    units = []
    for start in range(0, len(sound), size):
        frame = _audio_frame(sound[start : start + size], "s16", rate, start)
        payload = b"".join(bytes(packet) for packet in context.encode(frame))
        units.append(MediaUnit(payload, start, start + size, is_key=True))
    return MediaTrack(codec, rate, len(sound), b"", tuple(units))


def _audio_context(encoder: str, sample_format: str, rate: int) -> av.AudioCodecContext:
    context = av.CodecContext.create(encoder, "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.format, context.layout = (
        rate, av.AudioFormat(sample_format), av.AudioLayout("mono"),
    )  # fmt: skip
    context.time_base = Fraction(1, rate)
    return context


def _audio_frame(
    samples: "array[int] | array[float]", form: str, rate: int, pts: int
) -> av.AudioFrame:
    frame = av.AudioFrame(format=form, layout="mono", samples=len(samples))
    content = samples.tobytes()
    frame.planes[0].update(content + bytes(frame.planes[0].buffer_size - len(content)))
    frame.sample_rate, frame.pts, frame.time_base = rate, pts, Fraction(1, rate)
    return frame


def _sound(rate: int) -> "array[int]":
    """Eight seconds of 16-bit samples; whole periods only, so that the loop has no seam."""
    second = array("h", bytes(2 * rate))
    for index in range(rate):
        level = 400 * math.sin(2 * math.pi * 220 * index / rate)
        if index < rate // 20:
            level += 6000 * (1 - 20 * index / rate) * math.sin(2 * math.pi * 1000 * index / rate)
        second[index] = round(level)
    return second * AUDIO_LOOP_SECONDS
