"""How a simulated camera behaves on the network."""

from dataclasses import dataclass, field
from typing import Literal

from tools.camera_sim.auth import AuthScheme
from tools.camera_sim.clip_spec import SMALL, ClipSpec

Transport = Literal["tcp", "udp"]


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """One camera; `port` 0 lets the system choose, and that port is kept from then on."""

    name: str
    clip: ClipSpec = field(default=SMALL)
    path: str = "/stream1"
    port: int = 0

    # who may watch
    username: str | None = None
    password: str = ""
    auth: AuthScheme = "digest"
    tls: bool = False
    """RTSPS with a certificate of its own."""
    max_sessions: int = 32
    limit_status: Literal[453, 503] = 453
    """What SETUP answers beyond `max_sessions`."""
    session_timeout_seconds: int = 60
    transports: tuple[Transport, ...] = ("tcp", "udp")

    # what is sent
    start_on_keyframe: bool = True
    """A client gets video from the next keyframe on, else from the next picture of any kind."""
    sends_parameter_sets_in_sdp: bool = True
    speed: float = 1.0
    """Media seconds in a real second; RTP and NTP times run with the media."""
    clock_ahead_seconds: float = 0.0
    """Added to the camera's clock. Real cameras do not take their pictures in step; a few
    milliseconds more for each camera keep simulated ones apart."""
    max_payload_bytes: int = 1400
    rtp_wrap_in_seconds: float | None = None
    """Media seconds from PLAY to the wrap of the 32-bit RTP timestamp; None is random."""
    first_sequence: int | None = None
    """RTP sequence number at PLAY; None is random."""
