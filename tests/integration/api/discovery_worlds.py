"""A discovery that answers as its test says, and what it finds."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from libs.bus.client import Bus
from libs.bus.keyvalue import Change
from libs.contracts.asks import (
    Accepted,
    CameraProbed,
    CancelScan,
    FoundDevice,
    ProbeCamera,
    RetryLogin,
    ScanAccepted,
    ScanCancelled,
    ScanNetwork,
    ScanState,
    SyncFootage,
)
from libs.contracts.devices import (
    Channel,
    DeviceDetails,
    DeviceIdentity,
    DriverName,
    Failure,
    FailureReason,
    StreamInfo,
)
from libs.contracts.messages import Ask, Message
from services.api.scan_board import ScanBoard
from tests.integration.api.conftest import NOW
from tests.waiting import eventually_async, running

SCAN_ID = "0123456789abcdef"
LOGIN = {"username": "viewer", "password": "s3cret-Pa55"}
SCANS = "/api/v1/discovery/scans"
SCAN = f"{SCANS}/{SCAN_ID}"
REJECTED = Failure(
    reason=FailureReason.UNAUTHORIZED, detail="the device rejected the login", advice="Check it."
)


@dataclass
class Discovery:
    """Answers asks and remembers them."""

    bus: Bus
    asked: list[Ask[Any]] = field(default_factory=list)
    scan: ScanAccepted = field(default_factory=lambda: ScanAccepted(total=9))
    probed: Callable[[ProbeCamera], CameraProbed] = lambda _: CameraProbed()
    accepted: Accepted = field(default_factory=Accepted)
    was_running: bool = True

    def answering(self) -> AbstractAsyncContextManager[object]:
        """Answer while the context is open."""
        return running(
            self.bus.answer(
                {
                    ScanNetwork: self._with(lambda _: self.scan),
                    CancelScan: self._with(lambda _: ScanCancelled(was_running=self.was_running)),
                    ProbeCamera: self._with(self._probe),
                    SyncFootage: self._with(lambda _: self.accepted),
                    RetryLogin: self._with(lambda _: self.accepted),
                }
            )
        )

    def _probe(self, question: ProbeCamera) -> CameraProbed:
        return self.probed(question)  # as it is now: tests change it

    def _with(self, answer: Callable[[Any], Message]) -> Callable[[Any], Awaitable[Message]]:
        async def handle(question: Ask[Any]) -> Message:
            self.asked.append(question)
            return answer(question)

        return handle


async def until_answered(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Call until somebody answers, which takes a moment after a service starts to."""
    answers: list[Any] = []

    async def is_answered() -> bool:
        answers.append(await ask())
        return bool(answers[-1].status_code != 503)

    await eventually_async(is_answered)
    return answers[-1]


def channel(
    key: str, *, name: str = "", host: str = "192.0.2.20", is_online: bool = True
) -> Channel:
    return Channel(
        channel=key,
        name=name,
        is_online=is_online,
        streams=(
            StreamInfo(stream="main", url=f"rtsp://{host}:554/{key}/main", codec="h264"),
            StreamInfo(stream="sub", url=f"rtsp://{host}:554/{key}/sub", codec="h264"),
        ),
    )


def details(*channels: Channel, name: str = "") -> DeviceDetails:
    return DeviceDetails(
        identity=DeviceIdentity(name=name, model="NVR-4", kind="recorder"), channels=channels
    )


def found(number: int = 1, **fields: Any) -> FoundDevice:
    values = {
        "found_id": f"{number:016x}",
        "host": "192.0.2.20",
        "port": 80,
        "driver": DriverName.ONVIF,
        "rtsp_port": 554,
        "seen_at": NOW,
        **fields,
    }
    return FoundDevice.model_validate(values)


def scan(*devices: FoundDevice, state: str = "finished", **fields: Any) -> ScanState:
    values = {
        "scan_id": SCAN_ID,
        "state": state,
        "started_at": NOW,
        "total": 9,
        "devices": devices,
        **fields,
    }
    return ScanState.model_validate(values)


def tell(board: ScanBoard, state: ScanState, revision: int = 1) -> None:
    """Let the board know a scan, as the bucket does."""
    board.on_change(Change(f"main.{state.scan_id}", state, revision))
