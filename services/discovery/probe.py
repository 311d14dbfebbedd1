"""Looks at one RTSP URL or at one device, once, and says exactly why it cannot be used."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final, NoReturn, Protocol

from libs.contracts.asks import CameraProbed, FoundDevice, ProbeCamera, StreamReport
from libs.contracts.devices import DriverName, FailureReason
from libs.devices.breaker import Breaker
from libs.devices.driver import Address, Login
from libs.devices.errors import DeviceError
from libs.devices.rtsp import sdp_media
from libs.media.errors import SourceError, SourceErrorKind
from libs.media.probe import ProbeResult
from services.discovery import metrics
from services.discovery.addresses import AddressRules, host_and_port, with_host
from services.discovery.breakers import BreakerTable, why_not_tried_again
from services.discovery.candidates import Candidate, candidates
from services.discovery.inspection import Inspector
from services.discovery.logins import Logins
from services.discovery.looking import internal_failure
from services.discovery.recognition import TLS_PORTS, Recogniser, Rtsp
from services.discovery.sweep import Sweeper

PROBE_SECONDS: Final = 36.0
"""A little less than whoever asks waits."""
WATCHED_SECONDS: Final = 5.0
"""Bounds each of connecting, analysing and watching; they are four at most."""
MOST_AT_ONCE: Final = 4
_WAIT_SECONDS: Final = 8.0

_USUAL_PORTS: Final = {
    DriverName.ONVIF: (80, 8080, 2020, 8899, 8000),
    DriverName.ISAPI: (80, 8080),
    DriverName.DAHUA: (80, 8080),
    DriverName.HCNETSDK: (8000,),
}
_USUAL_TLS_PORTS: Final = (443, 8443)

_REASONS: Final = {
    SourceErrorKind.REFUSED: FailureReason.REFUSED,
    SourceErrorKind.TIMEOUT: FailureReason.TIMEOUT,
    SourceErrorKind.UNAUTHORIZED: FailureReason.UNAUTHORIZED,
    SourceErrorKind.NOT_FOUND: FailureReason.NOT_FOUND,
    SourceErrorKind.NO_VIDEO: FailureReason.NO_VIDEO,
    SourceErrorKind.UNSUPPORTED_CODEC: FailureReason.UNSUPPORTED_CODEC,
    SourceErrorKind.INVALID_DATA: FailureReason.PROTOCOL,
    SourceErrorKind.CONNECTION_LOST: FailureReason.PROTOCOL,
    SourceErrorKind.SESSION_LIMIT: FailureReason.BUSY,
    SourceErrorKind.TLS: FailureReason.TLS,
}

Watch = Callable[..., ProbeResult]
"""`libs.media.probe.probe`: blocks, raises SourceError."""


class BreakerOf(Protocol):
    """Finds the circuit breaker of a registered device."""

    async def __call__(self, device_id: str, credentials: str | None) -> Breaker | None:
        """Return it when that device uses this login, or is locked for every login."""
        ...


class Prober:
    """Answers ProbeCamera within its time; raises nothing."""

    def __init__(
        self,
        *,
        rules: AddressRules,
        rtsp: Rtsp,
        watch: Watch,
        sweeper: Sweeper,
        recogniser: Recogniser,
        inspector: Inspector,
        breakers: BreakerTable,
        breaker_of: BreakerOf,
        logins: Logins,
        now: Callable[[], datetime],
        timeout_seconds: float,
    ) -> None:
        self._rules = rules
        self._rtsp = rtsp
        self._watch = watch
        self._sweeper = sweeper
        self._recogniser = recogniser
        self._inspector = inspector
        self._breakers = breakers
        self._breaker_of = breaker_of
        self._logins = logins
        self._now = now
        self._timeout_seconds = timeout_seconds
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="probe")

    def close(self) -> None:
        """Let no more streams be watched; what is being watched ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def probe(self, ask: ProbeCamera) -> CameraProbed:
        """Return what was found, or why nothing could be."""
        kind = "stream" if ask.url is not None else "device"
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                answer = await self._probe(ask)
        except DeviceError as error:
            answer = CameraProbed(failure=error.failure)
        except TimeoutError:
            late = DeviceError(FailureReason.TIMEOUT, f"no result within {PROBE_SECONDS:.0f} s")
            answer = CameraProbed(failure=late.failure)
        except Exception as error:  # noqa: BLE001 - the text of the exception must not travel
            answer = CameraProbed(failure=internal_failure("probe.failed", error))
        metrics.PROBES.labels(kind, _outcome(answer)).inc()
        return answer

    async def _probe(self, ask: ProbeCamera) -> CameraProbed:
        if (ask.url is None) == (ask.host is None):
            raise DeviceError(FailureReason.PROTOCOL, "a probe names either a URL or a host")
        login = self._logins.open(ask.credentials)
        if ask.url is not None:
            return CameraProbed(stream=await self._stream(ask, ask.url, login))
        assert ask.host is not None
        return CameraProbed(device=await self._device(ask, ask.host, login))

    # a stream

    async def _stream(self, ask: ProbeCamera, url: str, login: Login | None) -> StreamReport:
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise DeviceError(
                FailureReason.BUSY, f"{MOST_AT_ONCE} streams are being probed; try again"
            ) from None
        try:
            return await self._watched(ask, url, login)
        except DeviceError as error:
            return StreamReport(url=url, failure=error.failure)
        finally:
            self._turns.release()

    async def _watched(self, ask: ProbeCamera, url: str, login: Login | None) -> StreamReport:
        host, port = host_and_port(url)
        address = await self._rules.resolve(host, timeout_seconds=self._timeout_seconds)
        # A certificate names the host; without one the checked address is what is connected to.
        is_named = ask.verify_tls and url.startswith("rtsps:")
        target = url if is_named else with_host(url, address)
        breaker = await self._breaker(ask, address, port, login)
        if login is not None and (failure := why_not_tried_again(breaker)) is not None:
            return StreamReport(url=url, failure=failure)
        answer = await self._rtsp.options(
            target, timeout_seconds=self._timeout_seconds, verify_tls=ask.verify_tls
        )
        described = await self._rtsp.describe(
            target,
            login,
            breaker,
            timeout_seconds=self._timeout_seconds,
            verify_tls=ask.verify_tls,
        )
        media = sdp_media(described.sdp)
        if not any(kind == "video" for kind, _ in media):
            raise DeviceError(FailureReason.NO_VIDEO, "the stream carries no video")
        found = await self._watch_stream(ask, target, login, breaker)
        return StreamReport(
            url=url,
            video_codec=found.video_codec,
            width=found.width,
            height=found.height,
            fps=found.fps,
            audio_codec=found.audio_codec,
            gop_frames=found.gop_frames,
            gop_seconds=found.gop_seconds,
            bitrate_bps=found.bitrate_bps,
            rtt_ms=round(answer.rtt_ms, 2),
        )

    async def _watch_stream(
        self, ask: ProbeCamera, url: str, login: Login | None, breaker: Breaker
    ) -> ProbeResult:
        watch = partial(
            self._watch,
            url,
            login.username if login else None,
            login.password if login else None,
            ask.transport,
            WATCHED_SECONDS,
            verify_tls=ask.verify_tls,
        )
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, watch)
        except SourceError as error:
            failure = DeviceError(_REASONS[error.kind], f"{error.state}: {error.happened}")
            if login is not None:
                breaker.note(failure)
            # libav's own error, which is its cause, is not passed on
            raise failure from None

    # a device

    async def _device(self, ask: ProbeCamera, host: str, login: Login | None) -> FoundDevice:
        address = await self._rules.resolve(host, timeout_seconds=self._timeout_seconds)
        candidate = await self._candidate(ask, address)
        breaker = await self._breaker(ask, address, candidate.port, login)
        details, failure, used = await self._inspector.look(candidate, login, breaker)
        return FoundDevice(
            found_id=candidate.found_id,
            host=host,
            port=candidate.port,
            use_tls=candidate.use_tls,
            driver=used,
            also=tuple(name for name in candidate.drivers if name is not used),
            details=details,
            failure=failure,
            seen_at=self._now(),
        )

    async def _candidate(self, ask: ProbeCamera, host: str) -> Candidate:
        """Return the device to look at; a port and driver that were named are taken as they are."""
        if ask.port is not None and ask.driver is not None:
            return Candidate(host, ask.port, ask.use_tls, (ask.driver,))
        ports = (ask.port,) if ask.port is not None else _ports(ask)
        is_open = await self._sweeper.open_ports(host, ports, lambda: None)
        if not is_open:
            await self._explain_closed(host, ports)
        tls_ports = frozenset(is_open) if ask.use_tls else TLS_PORTS
        speakers = await self._recogniser.speakers(host, is_open, tls_ports=tls_ports)
        found = candidates(host, speakers, ())
        wanted = [c for c in found if ask.driver is None or ask.driver in c.drivers]
        if not wanted:
            names = ", ".join(str(port) for port in is_open)
            asked = f"{ask.driver} was not" if ask.driver else "no protocol was"
            raise DeviceError(FailureReason.UNSUPPORTED, f"{asked} recognised at port {names}")
        return wanted[0] if ask.driver is None else replace(wanted[0], drivers=(ask.driver,))

    async def _explain_closed(self, host: str, ports: Sequence[int]) -> NoReturn:
        """Raise why nothing answers: by connecting once more, and waiting longer."""
        url = f"rtsp://{Address(host, ports[0]).authority}/"
        await self._rtsp.options(url, timeout_seconds=self._timeout_seconds)
        names = ", ".join(str(port) for port in ports)
        raise DeviceError(FailureReason.REFUSED, f"nothing listens at port {names}")

    # its login

    async def _breaker(
        self, ask: ProbeCamera, address: str, port: int, login: Login | None
    ) -> Breaker:
        if ask.device_id is not None and ask.credentials is not None:
            known = await self._breaker_of(ask.device_id, ask.credentials)
            if known is not None:
                return known
        return self._breakers.of(address, port, login)


def _ports(ask: ProbeCamera) -> tuple[int, ...]:
    if ask.use_tls:
        return _USUAL_TLS_PORTS
    if ask.driver is not None:
        return _USUAL_PORTS[ask.driver]
    every = (port for ports in _USUAL_PORTS.values() for port in ports)
    return tuple(dict.fromkeys((*every, *_USUAL_TLS_PORTS)))


def _outcome(answer: CameraProbed) -> str:
    found = answer.stream or answer.device
    failure = answer.failure or (found.failure if found else None)
    return failure.reason if failure else "ok"
