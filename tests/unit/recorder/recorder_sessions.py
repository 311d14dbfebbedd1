"""Sessions and a writer without threads, for tests of what decides about them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from libs.bus.testing import FakeBroker, FakeBus
from libs.contracts.cameras import CameraConfig, CameraStatusChanged, WantedInterval
from libs.contracts.gaps import GapDetected
from libs.contracts.live import Rendition
from libs.contracts.recordings import EndReason
from libs.media.packets import Part
from libs.runtime.credentials import CredentialBox
from services.recorder.assignment import Environment
from services.recorder.live_buffer import LiveTap
from services.recorder.recording import CameraRecording
from services.recorder.rejected_logins import RejectedLogins
from services.recorder.reports import Connected, Report
from services.recorder.settings import RecorderSettings
from services.recorder.spool_writer import ActiveRecording
from services.recorder.wiring import WIRING
from tests.unit.recorder.recorder_samples import at

FERNET = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


class FakeSession:
    """Behaves towards its owner as a session does; a test says what the camera does."""

    made: ClassVar[list["FakeSession"]] = []

    def __init__(
        self,
        config: CameraConfig,
        _credentials: object,
        *,
        rendition: Rendition,
        recording: CameraRecording | None,
        live: LiveTap,
        report: Callable[[Report], None],
        **_: Any,
    ) -> None:
        self.config = config
        self.rendition = rendition
        self.recording = recording
        self.live = live
        self.report = report
        self.is_alive = True
        self.is_connected = False
        self.received_bytes = 0
        self.stopped: EndReason | None = None
        FakeSession.made.append(self)

    def start(self) -> None:
        pass

    def stop(self, reason: EndReason) -> None:
        self.stopped = reason
        if self.recording is not None:
            self.recording.end(reason)
        self.is_connected = False
        self.is_alive = False

    def connect(self) -> None:
        """The camera answers."""
        self.is_connected = True
        self.report(Connected("avc1.640028", "1920x1080"))

    def send(self, part: Part, start_unix: float) -> None:
        """A part is finished."""
        if self.recording is not None:
            self.recording.place(part, start_unix)
        self.live.put(part, start_unix)


@dataclass
class FakeWriter:
    """Remembers what was written where."""

    files: list[tuple[ActiveRecording, list[Part]]] = field(default_factory=list)
    closed: list[EndReason] = field(default_factory=list)

    def write(self, recording: ActiveRecording, part: Part) -> bool:
        if not self.files or self.files[-1][0] is not recording:
            self.files.append((recording, []))
        self.files[-1][1].append(part)
        return True

    def close(self, _recording: ActiveRecording, _ended_at: datetime, reason: EndReason) -> None:
        self.closed.append(reason)

    def flush(self, _timeout: float) -> bool:
        return True

    def notify(self, reached: Callable[[], object]) -> None:
        reached()


@dataclass
class Recorder:
    """What the cameras of one recorder share, and what they said."""

    broker: FakeBroker
    bus: FakeBus
    writer: FakeWriter
    env: Environment
    said: list[GapDetected | CameraStatusChanged]

    @property
    def states(self) -> list[str]:
        return [str(each.state) for each in self.said if isinstance(each, CameraStatusChanged)]


def recorder(**settings: Any) -> Recorder:
    broker = FakeBroker()
    bus = broker.bus(WIRING)
    writer = FakeWriter()
    said: list[GapDetected | CameraStatusChanged] = []
    env = Environment(
        recorder="recorder-1",
        spool="spool-1",
        bus=bus,
        settings=RecorderSettings(
            **({"stall_seconds": 0.2, "allow_loopback_cameras": True} | settings)
        ),
        writer=writer,  # type: ignore[arg-type]  # the part of it that is used
        credentials=CredentialBox(FERNET),
        logins=RejectedLogins(first_seconds=60, longest_seconds=60),
        publish=said.append,
        pending_uploads=lambda _: 0,
        last_recording_at=lambda _: None,
        stored_until=lambda _: None,
    )
    return Recorder(broker, bus, writer, env, said)


def config(
    camera_id: str = "door", *, since: datetime | None = None, **changes: Any
) -> CameraConfig:
    """A camera; recorded since then, or not at all."""
    wanted = (WantedInterval(started_at=since),) if since else ()
    values: dict[str, Any] = {
        "camera_id": camera_id,
        "name": camera_id,
        "url": f"rtsp://127.0.0.1/{camera_id}",
        "wanted": wanted,
    }
    return CameraConfig(**(values | changes))


NOON = at(0)
