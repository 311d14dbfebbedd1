"""Which of a camera's tracks are recorded, and which are not and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from libs.media.errors import SourceError, SourceErrorKind
from libs.media.packets import AudioTrack, TrackKind, VideoTrack

VIDEO_CODECS = frozenset({"h264", "hevc", "mpeg4"})
AUDIO_CODECS = frozenset({"aac", "pcm_alaw", "pcm_mulaw", "adpcm_g726", "adpcm_g726le"})

_PLAUSIBLE_FPS = 240

StreamT = TypeVar("StreamT", bound=Stream)


@dataclass(frozen=True, slots=True)
class DroppedTrack:
    """A track that the camera offers and that is not recorded; `reason` is for a person."""

    kind: TrackKind
    codec: str
    reason: str


@dataclass(frozen=True, slots=True)
class Tracks:
    """What one session delivers; packets of dropped tracks never show up."""

    video: VideoTrack
    audio: AudioTrack | None
    dropped: tuple[DroppedTrack, ...]


@dataclass(frozen=True, slots=True)
class ChosenStreams:
    """libav's streams behind `tracks`."""

    tracks: Tracks
    video: VideoStream
    audio: AudioStream | None


def choose_streams(container: InputContainer, *, url: str) -> ChosenStreams:
    """Take the first video and the first audio track that can be recorded.

    Raises SourceError when there is no video, or none in a supported codec.
    """
    dropped: list[DroppedTrack] = []
    video = _first(container.streams.video, TrackKind.VIDEO, VIDEO_CODECS, dropped)
    audio = _first(container.streams.audio, TrackKind.AUDIO, AUDIO_CODECS, dropped)
    if video is None:
        raise _no_video(url, dropped)
    tracks = Tracks(
        video=_video_track(video),
        audio=None if audio is None else _audio_track(audio),
        dropped=tuple(dropped),
    )
    return ChosenStreams(tracks, video, audio)


def _first(
    streams: Iterable[StreamT],
    kind: TrackKind,
    supported: frozenset[str],
    dropped: list[DroppedTrack],
) -> StreamT | None:
    chosen: StreamT | None = None
    for stream in streams:
        reason = _why_not(stream, supported)
        if reason is None and chosen is not None:
            reason = f"one {kind} track is recorded, and it is not the first"
        if reason is None:
            chosen = stream
        else:
            dropped.append(DroppedTrack(kind, _codec(stream), reason))
    return chosen


def _why_not(stream: Stream, supported: frozenset[str]) -> str | None:
    codec = _codec(stream)
    if codec not in supported:
        return f"{codec} is not supported; supported are {', '.join(sorted(supported))}"
    if isinstance(stream, AudioStream) and not stream.codec_context.sample_rate:
        return "the camera does not say its sample rate"
    if codec == "aac" and not stream.codec_context.extradata:
        return "the camera does not send the AAC configuration"
    return None


def _codec(stream: Stream) -> str:
    # libav names G.726's decoder differently from its codec; without a decoder PyAV has no context.
    context: CodecContext | None = stream.codec_context
    return "unknown" if context is None else context.codec.canonical_name


def _no_video(url: str, dropped: list[DroppedTrack]) -> SourceError:
    codecs = [track.codec for track in dropped if track.kind is TrackKind.VIDEO]
    if not codecs:
        return SourceError(
            SourceErrorKind.NO_VIDEO,
            url=url,
            state="opening",
            happened="the camera's description of the stream has no video track",
        )
    return SourceError(
        SourceErrorKind.UNSUPPORTED_CODEC,
        url=url,
        state="opening",
        happened=f"the camera sends {', '.join(codecs)} video, which is not supported",
    )


def _video_track(stream: VideoStream) -> VideoTrack:
    context = stream.codec_context
    return VideoTrack(
        codec=_codec(stream),
        time_base=_time_base(stream),
        width=context.width,
        height=context.height,
        fps=_fps(stream),
        extradata=context.extradata or b"",
    )


def _audio_track(stream: AudioStream) -> AudioTrack:
    context = stream.codec_context
    codec = _codec(stream)
    extradata = context.extradata or b""
    if codec.startswith("adpcm_g726"):
        # G.726 has no extradata, but its decoder must know the code size, 2 to 5 bits per sample.
        extradata = bytes([(context.bit_rate or 32_000) // context.sample_rate])
    return AudioTrack(
        codec=codec,
        time_base=_time_base(stream),
        sample_rate=context.sample_rate,
        channels=context.channels,
        extradata=extradata,
    )


def _time_base(stream: Stream) -> Fraction:
    assert stream.time_base is not None, "the RTSP demuxer sets the RTP clock rate"
    return stream.time_base


def _fps(stream: VideoStream) -> float | None:
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate is not None and 0 < rate <= _PLAUSIBLE_FPS:
            return float(rate)
    return None
