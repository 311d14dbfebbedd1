"""One look at one camera: whether frames arrive, or else whether it answers and has a stream."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from libs.contracts.cameras import CameraConfig, CameraState
from libs.contracts.devices import Failure, FailureReason
from libs.contracts.health import HealthState
from libs.contracts.ownership import RecordingProgress
from libs.devices.breaker import Breaker
from libs.devices.errors import DeviceError
from libs.devices.rtsp import sdp_media
from services.discovery.addresses import AddressRules, host_and_port, with_host
from services.discovery.breakers import why_not_tried
from services.discovery.logins import Logins
from services.discovery.looking import internal_failure
from services.discovery.recognition import Rtsp

FRESH_SECONDS: Final = 10.0
"""A recorder writes every two seconds; one that was silent for longer proves nothing."""
CHECK_SECONDS: Final = 30.0

_STATES: Final = {
    FailureReason.NAME_UNKNOWN: HealthState.OFFLINE,
    FailureReason.UNREACHABLE: HealthState.OFFLINE,
    FailureReason.REFUSED: HealthState.OFFLINE,
    FailureReason.TIMEOUT: HealthState.OFFLINE,
    FailureReason.UNAUTHORIZED: HealthState.UNAUTHORIZED,
    FailureReason.LOCKED: HealthState.UNAUTHORIZED,
    FailureReason.NO_PERMISSION: HealthState.UNAUTHORIZED,
}
"""Every other reason: it answers, and has nothing that can be used."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found; UNKNOWN where it is too early to tell."""

    state: HealthState
    detail: str = ""
    proof: Literal["recorder", "probe"] = "probe"
    rtt_ms: float | None = None


class Checker:
    """Looks at cameras; raises nothing."""

    def __init__(
        self,
        *,
        rules: AddressRules,
        rtsp: Rtsp,
        logins: Logins,
        timeout_seconds: float,
    ) -> None:
        self._rules = rules
        self._rtsp = rtsp
        self._logins = logins
        self._timeout_seconds = timeout_seconds

    async def check(
        self, camera: CameraConfig, progress: RecordingProgress | None, breaker: Breaker
    ) -> Finding:
        """Look once; `progress` is what a recorder said just now, None without one."""
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                return await self._check(camera, progress, breaker)
        except DeviceError as error:
            return _found(error.failure)
        except TimeoutError:
            late = DeviceError(FailureReason.TIMEOUT, f"no answer within {CHECK_SECONDS:.0f} s")
            return _found(late.failure)
        except Exception as error:  # noqa: BLE001 - one camera's fault must not end the others
            internal_failure("health.check_failed", error)
            return Finding(HealthState.UNKNOWN, "the check itself failed; see the log")

    async def _check(
        self, camera: CameraConfig, progress: RecordingProgress | None, breaker: Breaker
    ) -> Finding:
        state = progress.state if progress is not None else CameraState.STOPPED
        told = progress.detail if progress is not None else ""
        match state:
            case CameraState.RECORDING | CameraState.LIVE:
                return Finding(HealthState.ONLINE, proof="recorder")
            case CameraState.UNAUTHORIZED:
                return Finding(HealthState.UNAUTHORIZED, told, proof="recorder")
            case CameraState.ERROR:
                return Finding(HealthState.ERROR, told, proof="recorder")
            case CameraState.OFFLINE:
                return await self._confirm_offline(camera, told)
            case CameraState.CONNECTING:
                return await self._while_connecting(camera)
            case CameraState.STOPPED:
                return await self._ask(camera, breaker)

    async def _confirm_offline(self, camera: CameraConfig, told: str) -> Finding:
        """Tell a network that is down from a stream that is."""
        try:
            rtt_ms = await self._options(camera)
        except DeviceError as error:
            return Finding(HealthState.OFFLINE, _text(error.failure), proof="recorder")
        detail = f"The camera answers, but its stream does not come. {told}".strip()
        return Finding(HealthState.OFFLINE, detail, proof="recorder", rtt_ms=rtt_ms)

    async def _while_connecting(self, camera: CameraConfig) -> Finding:
        """The recorder will know more in a moment, and holds the camera's only session."""
        rtt_ms = await self._options(camera)
        return Finding(HealthState.UNKNOWN, "the recorder is connecting", rtt_ms=rtt_ms)

    async def _ask(self, camera: CameraConfig, breaker: Breaker) -> Finding:
        rtt_ms = await self._options(camera)
        login = self._logins.open(camera.credentials)
        if login is not None and (failure := why_not_tried(breaker)) is not None:
            return _found(failure)
        described = await self._rtsp.describe(
            await self._target(camera),
            login,
            breaker,
            timeout_seconds=self._timeout_seconds,
            verify_tls=camera.verify_tls,
        )
        if not any(kind == "video" for kind, _ in sdp_media(described.sdp)):
            raise DeviceError(FailureReason.NO_VIDEO, "the stream carries no video")
        return Finding(HealthState.ONLINE, rtt_ms=rtt_ms)

    async def _options(self, camera: CameraConfig) -> float:
        """Return the round trip in milliseconds; no login is sent."""
        answer = await self._rtsp.options(
            await self._target(camera),
            timeout_seconds=self._timeout_seconds,
            verify_tls=camera.verify_tls,
        )
        return round(answer.rtt_ms, 2)

    async def _target(self, camera: CameraConfig) -> str:
        host, _ = host_and_port(camera.url)
        address = await self._rules.resolve(host, timeout_seconds=self._timeout_seconds)
        is_named = camera.verify_tls and camera.url.startswith("rtsps:")
        return camera.url if is_named else with_host(camera.url, address)


def is_fresh(
    progress: RecordingProgress, heard_at: float | None, *, now: float, utc_now: datetime
) -> bool:
    """Whether a recorder said this just now.

    `heard_at` is the monotonic moment of its arrival, None when it lay there already: only then
    do the clocks of two machines have to be compared.
    """
    if heard_at is not None:
        return now - heard_at <= FRESH_SECONDS
    return abs((utc_now - progress.seen_at).total_seconds()) <= FRESH_SECONDS


def _found(failure: Failure) -> Finding:
    return Finding(_STATES.get(failure.reason, HealthState.ERROR), _text(failure))


def _text(failure: Failure) -> str:
    return " ".join(part for part in (_sentence(failure.detail), failure.advice) if part)


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""
