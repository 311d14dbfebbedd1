"""What a simulated device is; what is wrong with it is in `faults`."""

from dataclasses import dataclass
from typing import Literal

from libs.contracts.devices import StreamInfo

Protocol = Literal["onvif", "isapi", "dahua"]


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """One camera of a device; its streams are RTSP cameras of this simulator."""

    name: str = "Camera 1"
    main_url: str = "rtsp://127.0.0.1:554/stream1"
    """Without a login; in a simulator with cameras, `camera:<name>` stands for one of these."""
    sub_url: str | None = None
    codec: Literal["h264", "h265"] = "h264"
    width: int = 1920
    height: int = 1080
    fps: float = 25.0
    bitrate_bps: int = 4_096_000
    is_online: bool = True
    """False for a recorder's input whose camera is away."""

    def streams(self) -> tuple[StreamInfo, ...]:
        """What a device tells of them; the sub stream is a quarter as wide and as high."""
        main = StreamInfo(
            stream="main",
            url=self.main_url,
            codec=self.codec,
            width=self.width,
            height=self.height,
            fps=self.fps,
            bitrate_bps=self.bitrate_bps,
        )
        if self.sub_url is None:
            return (main,)
        small = {"width": self.width // 4, "height": self.height // 4, "codec": "h264"}
        sub = {"stream": "sub", "url": self.sub_url, "bitrate_bps": self.bitrate_bps // 8}
        return main, main.model_copy(update=small | sub)


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """One device; `port` 0 lets the system choose, and that port is kept from then on."""

    name: str = "Front door"
    manufacturer: str = "Simulated"
    model: str = "SIM-1080P"
    serial: str = "SIM1080P20250101AAWR000000001"
    firmware: str = "V5.7.3 build 220112"
    mac: str = "02:00:00:00:00:01"
    username: str = "admin"
    password: str = "device-password"
    channels: tuple[ChannelSpec, ...] = (ChannelSpec(),)
    protocols: frozenset[Protocol] = frozenset({"onvif"})
    kind: Literal["camera", "recorder"] = "camera"
    endpoint_id: str = "urn:uuid:00000000-0000-4000-8000-000000000001"
    """WS-Discovery endpoint, with its `urn:uuid:`."""
    port: int = 0
    recorded_hours: float = 0.0
    """Without a timeline: footage of so many hours back, and it records on; 0 records nothing."""
    file_seconds: float = 1800.0
    """Length of its files, then."""
