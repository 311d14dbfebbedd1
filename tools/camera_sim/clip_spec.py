"""What a simulated camera shows: the parameters of a clip, and the ones used most."""

from dataclasses import dataclass
from typing import Final, Literal

VideoCodec = Literal["h264", "hevc", "mpeg4"]
AudioCodec = Literal["none", "aac", "alaw", "mulaw"]

FULL_HD_BITRATE_BPS: Final = 2_500_000
MIN_BITRATE_BPS: Final = 200_000


@dataclass(frozen=True, slots=True)
class ClipSpec:
    """One endless loop; equal specs share one encoded file.

    The loop stands at unix time modulo `duration_seconds`, so the clock in the picture is the
    real second, and a keyframe stands at every multiple of `gop_seconds` within the loop.
    """

    width: int = 640
    height: int = 360
    fps: int = 25
    codec: VideoCodec = "h264"
    gop_seconds: float = 2.0
    b_frames: int = 0
    audio: AudioCodec = "none"
    audio_rate: int = 48_000
    """Samples per second of AAC: 16000, 32000 or 48000. G.711 is always 8000."""
    duration_seconds: int = 60
    bitrate_bps: int = 0
    """0 chooses about 2.5 Mb/s for 1920x1080 and less for less."""
    label: str = "camera"

    def __post_init__(self) -> None:
        if self.width % 2 or self.height % 2 or self.width < 160 or self.height < 96:
            raise ValueError("width and height must be even and at least 160x96")
        if not 1 <= self.duration_seconds <= 900:
            raise ValueError("duration_seconds must be between 1 and 900")
        if self.audio_rate not in {16_000, 32_000, 48_000}:
            raise ValueError("audio_rate must be 16000, 32000 or 48000")
        if self.fps < 1 or self.gop_frames < 1 or self.b_frames < 0:
            raise ValueError("fps and gop_seconds must be positive, b_frames not negative")

    @property
    def gop_frames(self) -> int:
        """Pictures from one keyframe to the next."""
        return round(self.gop_seconds * self.fps)

    @property
    def frame_count(self) -> int:
        """Pictures in one loop."""
        return self.duration_seconds * self.fps

    @property
    def video_bitrate_bps(self) -> int:
        """The bitrate asked of the encoder."""
        share = self.width * self.height / (1920 * 1080)
        return self.bitrate_bps or max(MIN_BITRATE_BPS, round(FULL_HD_BITRATE_BPS * share))


SMALL: Final = ClipSpec(width=320, height=240, gop_seconds=1.0, duration_seconds=10)
"""Encodes in a fraction of a second; for tests."""

FRONT_DOOR: Final = ClipSpec(width=1920, height=1080, audio="aac", label="front-door")
PARKING_LOT: Final = ClipSpec(
    width=1280, height=720, codec="hevc", audio="alaw", label="parking-lot"
)
WAREHOUSE: Final = ClipSpec(width=800, height=600, label="warehouse")
