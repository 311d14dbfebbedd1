"""What flows through the media library: packets in, parts out, an index at the end.

Times: a *track tick* is one unit of the track's own RTP clock; `_90k` values count 1/90000 s on
the session's continuous video timeline; `monotonic` values are `time.monotonic()` seconds.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

VIDEO_TIMESCALE = 90_000


class TrackKind(StrEnum):
    VIDEO = "video"
    AUDIO = "audio"


class Break(StrEnum):
    """Why a part does not continue the one before it."""

    SESSION_START = "session_start"
    PARAMETERS_CHANGED = "parameters_changed"
    TIMESTAMP_JUMP = "timestamp_jump"


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The video track as the camera describes it; size 0 means not known before a keyframe."""

    codec: str  # "h264", "hevc" or "mpeg4"
    time_base: Fraction
    width: int
    height: int
    fps: float | None
    extradata: bytes


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """The audio track as the camera sends it, before any conversion to AAC."""

    codec: str  # "aac", "pcm_alaw", "pcm_mulaw", "adpcm_g726", ...
    time_base: Fraction
    sample_rate: int
    channels: int
    extradata: bytes


class Packet(NamedTuple):
    """One access unit (video) or frame (audio) as it came from the camera.

    Video data is Annex B for H.264 and H.265, raw for MPEG-4 part 2. `pts` and `dts` are track
    ticks and may be None for the first packets of a session.
    """

    track: TrackKind
    data: bytes
    pts: int | None
    dts: int | None
    is_key: bool
    arrived_monotonic: float
    camera_time_us: int | None = None  # camera wall clock (RTCP sender report), Unix µs


@dataclass(frozen=True, slots=True, eq=False)
class InitSegment:
    """ftyp + moov for one set of parameters. Compare by `sha256`."""

    data: bytes
    sha256: str
    video_codec: str  # RFC 6381, for example "avc1.640028" or "hvc1.1.6.L93.B0"
    audio_codec: str | None  # "mp4a.40.2" or None
    width: int
    height: int
    fps: float | None
    audio_timescale: int | None


@dataclass(frozen=True, slots=True)
class TrackRun:
    """One track's share of a part: where its tfdt stands, so that a copy can be rebased."""

    track_id: int
    timescale: int
    base_decode_time: int  # in `timescale`, on the session timeline
    duration: int  # in `timescale`
    tfdt_offset: int  # byte offset, in the part, of the 64-bit baseMediaDecodeTime


@dataclass(frozen=True, slots=True)
class Part:
    """One moof + mdat, muxed once; recordings and live viewers get these bytes.

    Session timeline: starts at +10 s (so that no decode time is ever negative) and is continuous
    until a part with `starts_after` set.
    """

    init: InitSegment
    data: bytes
    runs: tuple[TrackRun, ...]  # video first
    start_90k: int  # decode time of the first video sample
    duration_90k: int
    is_keyframe_start: bool  # begins with a keyframe: a recording or a fragment may start here
    captured_monotonic: float  # jitter-free estimate of when the first video frame arrived
    camera_skew_seconds: float | None  # camera clock minus server clock
    starts_after: Break | None = None
    ends_gop: bool = False  # the next part begins with a keyframe


@dataclass(frozen=True, slots=True)
class Fragment:
    """A run of parts in a recording that starts at a keyframe."""

    offset: int
    bytes: int
    duration_90k: int


@dataclass(frozen=True, slots=True)
class RecordingIndex:
    """What a finished recording file holds. `init_bytes`: the ftyp + moov at offset 0."""

    init_bytes: int
    init_sha256: str
    bytes: int
    duration_90k: int
    fragments: tuple[Fragment, ...] = field(default=())
