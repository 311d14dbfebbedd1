"""What one look at a camera finds; no sockets."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet

from libs.contracts.cameras import CameraConfig, CameraState
from libs.contracts.devices import FailureReason
from libs.contracts.health import HealthState
from libs.contracts.ownership import RecordingProgress
from libs.devices.breaker import Breaker
from libs.devices.driver import Login
from libs.devices.errors import DeviceError
from libs.devices.rtsp import RtspAnswer
from libs.runtime.credentials import CameraCredentials, CredentialBox
from services.discovery.addresses import AddressRules
from services.discovery.checks import Checker, Finding, is_fresh
from services.discovery.logins import Logins

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOX = CredentialBox(Fernet.generate_key().decode())
VIDEO = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
SOUND = "v=0\r\nm=audio 0 RTP/AVP 0\r\n"


@dataclass
class FakeRtsp:
    """Answers as it is told; remembers what it was asked."""

    options_error: DeviceError | Exception | None = None
    describe_error: DeviceError | None = None
    sdp: str = VIDEO
    asked: list[str] = field(default_factory=list)

    async def options(
        self, url: str, *, timeout_seconds: float, verify_tls: bool = False
    ) -> RtspAnswer:
        self.asked.append(f"OPTIONS {url}")
        if self.options_error is not None:
            raise self.options_error
        return RtspAnswer(200, rtt_ms=1.234)

    async def describe(
        self,
        url: str,
        login: Login | None,
        breaker: Breaker,
        *,
        timeout_seconds: float,
        verify_tls: bool = False,
    ) -> RtspAnswer:
        self.asked.append(f"DESCRIBE {url}")
        async with breaker.login():
            if self.describe_error is not None:
                raise self.describe_error
        return RtspAnswer(200, sdp=self.sdp)


def camera(host: str = "192.0.2.7") -> CameraConfig:
    sealed = BOX.seal(CameraCredentials("admin", "secret"))
    return CameraConfig(camera_id="yard", name="Yard", url=f"rtsp://{host}/1", credentials=sealed)


def progress(state: CameraState, detail: str = "") -> RecordingProgress:
    return RecordingProgress(
        camera_id="yard",
        recorder="recorder-1",
        epoch=1,
        seen_at=NOW,
        accounted_until=NOW,
        state=state,
        state_since=NOW,
        detail=detail,
    )


async def check(
    rtsp: FakeRtsp,
    said: RecordingProgress | None = None,
    *,
    breaker: Breaker | None = None,
    host: str = "192.0.2.7",
) -> Finding:
    rules = AddressRules(allow_loopback=False)
    checker = Checker(rules=rules, rtsp=rtsp, logins=Logins(BOX), timeout_seconds=1.0)
    return await checker.check(camera(host), said, breaker or Breaker(lambda: NOW))


@pytest.mark.parametrize("state", [CameraState.RECORDING, CameraState.LIVE])
async def test_arriving_frames_are_proof_enough(state: CameraState):
    rtsp = FakeRtsp()

    found = await check(rtsp, progress(state))

    assert (found.state, found.proof) == (HealthState.ONLINE, "recorder")
    assert rtsp.asked == []


async def test_a_camera_that_nobody_records_is_asked_for_its_stream():
    rtsp = FakeRtsp()

    found = await check(rtsp)

    assert found == Finding(HealthState.ONLINE, rtt_ms=1.23)
    assert rtsp.asked == ["OPTIONS rtsp://192.0.2.7/1", "DESCRIBE rtsp://192.0.2.7/1"]


async def test_a_recorders_offline_is_confirmed_without_a_login():
    away = FakeRtsp(options_error=DeviceError(FailureReason.TIMEOUT, "no answer"))
    there = FakeRtsp()
    said = progress(CameraState.OFFLINE, "no video for 5 s")

    down, stalled = await check(away, said), await check(there, said)

    assert down.state is stalled.state is HealthState.OFFLINE
    assert "answers" not in down.detail
    assert "The camera answers" in stalled.detail
    assert "no video for 5 s" in stalled.detail
    assert not any("DESCRIBE" in asked for asked in away.asked + there.asked)


async def test_while_the_recorder_connects_nothing_is_decided():
    found = await check(FakeRtsp(), progress(CameraState.CONNECTING))

    assert found.state is HealthState.UNKNOWN


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (FailureReason.REFUSED, HealthState.OFFLINE),
        (FailureReason.NAME_UNKNOWN, HealthState.OFFLINE),
        (FailureReason.PROTOCOL, HealthState.ERROR),
        (FailureReason.TLS, HealthState.ERROR),
    ],
)
async def test_reasons_are_told_as_states_with_advice(reason: FailureReason, state: HealthState):
    found = await check(FakeRtsp(options_error=DeviceError(reason, "it did not work")))

    assert found.state is state
    assert found.detail.startswith("It did not work. ")


async def test_a_rejected_login_is_not_sent_by_the_next_check():
    breaker = Breaker(lambda: NOW)
    error = DeviceError(FailureReason.UNAUTHORIZED, "the login was rejected")
    rtsp = FakeRtsp(describe_error=error)

    found = [await check(rtsp, breaker=breaker) for _ in range(3)]

    assert [f.state for f in found] == [HealthState.UNAUTHORIZED] * 3
    assert sum("DESCRIBE" in asked for asked in rtsp.asked) == 1


async def test_a_stream_without_video_is_an_error():
    assert (await check(FakeRtsp(sdp=SOUND))).state is HealthState.ERROR


async def test_forbidden_addresses_are_not_asked():
    rtsp = FakeRtsp()

    found = await check(rtsp, host="127.0.0.1")

    assert found.state is HealthState.ERROR
    assert rtsp.asked == []


async def test_a_fault_in_the_check_itself_decides_nothing_and_tells_no_secret():
    found = await check(FakeRtsp(options_error=RuntimeError("secret")))

    assert found.state is HealthState.UNKNOWN
    assert "secret" not in found.detail


def test_what_arrived_just_now_is_fresh_whatever_the_clocks_say():
    said = progress(CameraState.RECORDING)
    later = NOW + timedelta(hours=1)

    assert is_fresh(said, 100.0, now=105.0, utc_now=later)
    assert not is_fresh(said, 100.0, now=111.0, utc_now=NOW)
    assert is_fresh(said, None, now=0.0, utc_now=NOW + timedelta(seconds=9))
    assert not is_fresh(said, None, now=0.0, utc_now=later)
