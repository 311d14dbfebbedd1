"""The ISAPI driver against a simulated device, with everything that such devices do wrong."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from libs.contracts.devices import ClockMode, FailureReason
from libs.contracts.footage import FootageFile
from libs.devices.breaker import Breaker
from libs.devices.driver import Login, Window
from libs.devices.errors import DeviceError
from libs.devices.isapi.driver import IsapiDriver
from libs.devices.isapi.fingerprint import speaks
from tests.integration.devices.device_details import details_of
from tests.waiting import eventually
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.faults import DeviceFaults, fault_names
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.devices.timeline import Timeline, steady_timeline

NOW = datetime(2025, 3, 5, 12, 0, 30, tzinfo=UTC)
START = NOW - timedelta(days=3, seconds=400)
BERLIN = "CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00"
CAMERA = ChannelSpec(
    name="Yard",
    main_url="rtsp://127.0.0.1:8554/a",
    sub_url="rtsp://127.0.0.1:8554/b",
    codec="h265",
    width=2560,
    height=1440,
    fps=12.5,
)
SPEC = DeviceSpec(protocols=frozenset({"isapi"}), channels=(CAMERA,))
EVERYTHING = Window(START - timedelta(days=1), NOW + timedelta(days=1))


@dataclass
class Setup:
    """A device and a driver of it."""

    device: SimulatedDevice
    driver: IsapiDriver
    breaker: Breaker

    async def listed(self, window: Window = EVERYTHING, channel: str = "1") -> list[FootageFile]:
        return list(await self.driver.list_footage(channel, "main", window))

    def told(self, window: Window = EVERYTHING) -> list[tuple[datetime, datetime]]:
        """What the device really holds, by its own clock, in whole seconds."""
        error = timedelta(seconds=self.device.faults.clock_offset_seconds)
        spans = [
            (file.started_at + error, file.ended_at + error)
            for file in self.device.timeline.files(channel=1, stream="main")
        ]
        return [(a, b) for a, b in spans if a < window.end and b > window.start]


def spans(files: Sequence[FootageFile]) -> list[tuple[datetime, datetime]]:
    return [(file.started_at, file.ended_at) for file in files]


@asynccontextmanager
async def a_device(
    faults: DeviceFaults | None = None,
    *,
    spec: DeviceSpec = SPEC,
    timeline: Timeline | None = None,
    password: str = SPEC.password,
    timeout_seconds: float = 8.0,
    now: Callable[[], datetime] = lambda: NOW,
) -> AsyncIterator[Setup]:
    timeline = timeline or steady_timeline(len(spec.channels), START, None, now=lambda: NOW)
    async with SimulatedDevice(spec, timeline, faults) as device:
        breaker = Breaker(now)
        driver = IsapiDriver(
            device.address,
            Login(SPEC.username, password),
            breaker,
            now=now,
            timeout_seconds=timeout_seconds,
            pause_seconds=0.01,
        )
        try:
            yield Setup(device, driver, breaker)
        finally:
            await driver.aclose()
            await eventually(lambda: device.connections == 0)


def what_is_wrong(value: object) -> str | None:
    """What a test's name says of faults: those that differ from a healthy device."""
    if not isinstance(value, DeviceFaults):
        return None
    healthy = DeviceFaults()
    switches = ((name, getattr(value, name)) for name in fault_names())
    wrong = [
        # workers of one run must agree on the names, and sets have no order
        f"{name}={'+'.join(sorted(switch)) if isinstance(switch, frozenset) else switch}"
        for name, switch in switches
        if switch != getattr(healthy, name)
    ]
    return ",".join(wrong) or "healthy"


async def failure_of(work) -> DeviceError:
    with pytest.raises(DeviceError) as raised:
        await work
    return raised.value


# ---- what a device tells ----


@pytest.mark.parametrize("namespace", ["hikvision", "isapi", "std-cgi"])
async def test_a_camera_tells_everything_of_itself(namespace):
    async with a_device(DeviceFaults(xml_namespace=namespace, zone="CST-8:00:00")) as setup:
        details = await details_of(setup.driver)

        assert details.identity.model == SPEC.model
        assert details.identity.kind == "camera"
        (channel,) = details.channels
        assert channel.name == "Yard"
        assert [stream.stream for stream in channel.streams] == ["main", "sub"]
        main = channel.streams[0]
        assert main.url == "rtsp://127.0.0.1:8554/Streaming/Channels/101"
        assert (main.codec, main.width, main.height) == ("h265", 2560, 1440)
        assert (main.fps, main.bitrate_bps) == (12.5, 4_096_000)
        assert details.storage is not None
        assert details.storage.is_healthy
        assert details.clock is not None
        assert details.clock.mode is ClockMode.UTC
        assert setup.breaker.is_accepted


async def test_a_recorder_tells_names_and_which_cameras_are_away():
    channels = (CAMERA, ChannelSpec(name="Gate", is_online=False))
    spec = DeviceSpec(protocols=frozenset({"isapi"}), channels=channels, kind="recorder")

    async with a_device(spec=spec) as setup:
        identity, found = await setup.driver.identify(), await setup.driver.streams()

    assert identity.kind == "recorder"
    assert [(one.channel, one.name, one.is_online) for one in found] == [
        ("1", "Yard", True),
        ("2", "Gate", False),
    ]
    assert found[1].streams[0].url.endswith("/Streaming/Channels/201")


async def test_without_ports_told_rtsp_is_where_the_streams_say():
    async with a_device(DeviceFaults(missing_services=frozenset({"adminAccesses"}))) as setup:
        (channel,) = await setup.driver.streams()

    assert channel.streams[0].url.startswith("rtsp://127.0.0.1:8554/")


@pytest.mark.parametrize(
    ("disk", "is_healthy", "detail"),
    [("ok", True, ""), ("error", False, "error"), ("none", False, "no disk")],
)
async def test_the_disk_is_told_as_it_is(disk, is_healthy, detail):
    async with a_device(DeviceFaults(disk=disk)) as setup:
        storage = await setup.driver.storage()

    assert storage is not None
    assert (storage.is_healthy, storage.detail) == (is_healthy, detail)


async def test_a_device_without_a_storage_service_tells_nothing_of_it():
    async with a_device(DeviceFaults(missing_services=frozenset({"Storage"}))) as setup:
        assert await setup.driver.storage() is None


@pytest.mark.parametrize("broken", ["", "main"])
async def test_a_snapshot_is_a_jpeg_even_where_one_stream_gives_none(broken):
    async with a_device(DeviceFaults(picture_fails=broken)) as setup:
        assert (await setup.driver.snapshot("1")).startswith(b"\xff\xd8")


async def test_no_stream_gives_a_snapshot():
    async with a_device(DeviceFaults(picture_fails="both")) as setup:
        error = await failure_of(setup.driver.snapshot("1"))

    assert error.reason is FailureReason.PROTOCOL


async def test_a_channel_is_a_number():
    async with a_device() as setup:
        error = await failure_of(setup.driver.snapshot("../../System/reboot?"))

        assert error.reason is FailureReason.NOT_FOUND
        assert setup.device.requests == []


# ---- the clock ----


@pytest.mark.parametrize("offset_seconds", [0.0, -37.0, 86_400.0])
async def test_the_clock_is_measured_to_its_resolution(offset_seconds):
    faults = DeviceFaults(clock_offset_seconds=offset_seconds, zone=BERLIN)
    async with a_device(faults) as setup:
        clock = await setup.driver.clock()

    rounding = 0.001
    assert abs(clock.offset_seconds - offset_seconds) <= clock.uncertainty_seconds + rounding
    assert clock.zone == BERLIN


async def test_logging_in_is_no_part_of_the_clocks_round_trip():
    async with SimulatedDevice(SPEC) as device:

        def now() -> datetime:  # every request takes ten seconds
            return NOW + timedelta(seconds=10 * len(device.requests))

        login = Login(SPEC.username, SPEC.password)
        driver = IsapiDriver(device.address, login, Breaker(now), now=now)
        clock = await driver.clock()
        await driver.aclose()

    asked = device.requests.index("GET /ISAPI/System/time")
    assert asked > 0
    assert clock.measured_at > NOW + timedelta(seconds=10 * asked)
    assert clock.uncertainty_seconds < 10


@pytest.mark.parametrize("zone", ["CST-8:00:00", "EST5EDT,M3.2.0,M11.1.0", BERLIN, "<+0530>-5:30"])
@pytest.mark.parametrize(
    ("clock_mode", "found"),
    [
        ("utc", ClockMode.UTC),
        ("local", ClockMode.DEVICE_LOCAL),
        ("offset", ClockMode.UTC),
    ],
)
@pytest.mark.parametrize("growing", [True, False])
async def test_what_a_z_means_is_found_out_and_footage_is_in_utc(zone, clock_mode, found, growing):
    faults = DeviceFaults(clock_mode=clock_mode, zone=zone, growing_last_file=growing)
    async with a_device(faults) as setup:
        clock = await setup.driver.clock()
        listed = await setup.listed()

        assert clock.mode is found
        told = setup.told()
        assert spans(listed) == (told if growing else told[:-1])


@pytest.mark.parametrize("clock_mode", ["utc", "local"])
async def test_an_idle_device_is_not_guessed_at(clock_mode):
    timeline = steady_timeline(1, START, NOW - timedelta(hours=30), now=lambda: NOW)
    faults = DeviceFaults(clock_mode=clock_mode, zone="CST-8:00:00")
    async with a_device(faults, timeline=timeline) as setup:
        clock = await setup.driver.clock()
        error = await failure_of(setup.listed())

    assert clock.mode is ClockMode.UNKNOWN
    assert error.reason is FailureReason.PROTOCOL


@pytest.mark.parametrize("clock_mode", ["utc", "local"])
async def test_an_idle_device_is_read_as_was_found_out_before(clock_mode):
    timeline = steady_timeline(1, START, NOW - timedelta(hours=30), now=lambda: NOW)
    faults = DeviceFaults(clock_mode=clock_mode, zone="CST-8:00:00")
    known = ClockMode.UTC if clock_mode == "utc" else ClockMode.DEVICE_LOCAL
    async with SimulatedDevice(SPEC, timeline, faults) as device:
        breaker = Breaker(lambda: NOW)
        login = Login(SPEC.username, SPEC.password)
        driver = IsapiDriver(device.address, login, breaker, now=lambda: NOW, clock_mode=known)
        listed = await driver.list_footage("1", "main", EVERYTHING)
        await driver.aclose()

    assert spans(listed) == [(file.started_at, file.ended_at) for file in timeline.files()]


@pytest.mark.parametrize("zone", ["CST-8:00:00", "PST8"])
@pytest.mark.parametrize(
    ("clock_mode", "known"), [("utc", ClockMode.UTC), ("local", ClockMode.DEVICE_LOCAL)]
)
async def test_a_device_that_begins_to_record_later_is_read_by_its_clock_of_then(
    zone, clock_mode, known
):
    # Its clock of an hour ago was taken: footage since then looked as if it were of the future.
    moments = [NOW]
    later = NOW + timedelta(minutes=55)
    new = steady_timeline(1, NOW, later, file_seconds=900, now=lambda: later)
    faults = DeviceFaults(clock_mode=clock_mode, zone=zone, clock_offset_seconds=300)
    timeline = Timeline(now=lambda: moments[-1])
    async with a_device(faults, timeline=timeline, now=lambda: moments[-1]) as setup:
        assert (await setup.driver.clock()).mode is ClockMode.UNKNOWN
        moments.append(later)
        timeline.add(*new.files())
        listed = await setup.listed()
        clock = await setup.driver.clock()

        assert clock.mode is known
        assert spans(listed) == setup.told()
        assert listed


async def test_a_device_that_searches_slowly_still_tells_its_clock():
    # Thousands of requests, each of them in time, went before the answer.
    faults = DeviceFaults(zone="CST-8:00:00", slow_drip=0.002, wire_path="ContentMgmt/search")
    timeline = steady_timeline(1, START, None, now=lambda: NOW)
    async with SimulatedDevice(SPEC, timeline, faults) as device:
        driver = IsapiDriver(
            device.address,
            Login(SPEC.username, SPEC.password),
            Breaker(lambda: NOW),
            now=lambda: NOW,
            calibration_seconds=0.1,
        )
        clock = await driver.clock()
        error = await failure_of(driver.list_footage("1", "main", EVERYTHING))
        await driver.aclose()

    assert clock.mode is ClockMode.UNKNOWN
    assert error.reason is FailureReason.TIMEOUT


async def test_an_empty_device_whose_z_is_unknown_has_no_footage():
    async with a_device(DeviceFaults(zone="CST-8:00:00"), timeline=Timeline()) as setup:
        assert await setup.listed() == []


@pytest.mark.parametrize("file_seconds", [900, 1800, 3600])
async def test_the_hour_that_comes_twice_is_listed_as_it_was(file_seconds):
    now = datetime(2025, 10, 26, 12, tzinfo=UTC)
    timeline = steady_timeline(
        1, now - timedelta(days=2), None, file_seconds=file_seconds, now=lambda: now
    )
    faults = DeviceFaults(clock_mode="local", zone=BERLIN)
    async with a_device(faults, timeline=timeline, now=lambda: now) as setup:
        window = Window(now - timedelta(days=2), now)
        assert spans(await setup.listed(window)) == setup.told(window)


# ---- lies of searches ----


@pytest.mark.parametrize(
    "faults",
    [
        DeviceFaults(),
        DeviceFaults(page_cap=7),
        DeviceFaults(page_cap=1),
        DeviceFaults(result_cap=13),
        DeviceFaults(result_cap=1),
        DeviceFaults(more_empty=True),
        DeviceFaults(more_empty=True, result_cap=9),
        DeviceFaults(duplicate_at_seams=True, page_cap=5),
        DeviceFaults(duplicate_at_seams=True, page_cap=5, result_cap=11),
        DeviceFaults(scrambles_results=True, page_cap=10),
        DeviceFaults(scrambles_results=True, page_cap=10, result_cap=17),
        DeviceFaults(missing_playback_uri=True),
        DeviceFaults(strict_names=True, total_matches=True),
        DeviceFaults(growing_last_file=True, result_cap=5),
        DeviceFaults(search_busy=3),
        DeviceFaults(missing_content_length=True),
        DeviceFaults(transient_400=2),
        DeviceFaults(stale_nonce=True),
        DeviceFaults(auth_scheme="basic"),
        DeviceFaults(auth_scheme="both"),
        DeviceFaults(auth_scheme="digest_sha256"),
        DeviceFaults(auth_scheme="none"),
        DeviceFaults(missing_services=frozenset({"userCheck", "tracks"})),
        DeviceFaults(clock_offset_seconds=-3600.0),
    ],
    ids=what_is_wrong,
)
async def test_a_listing_is_complete_whatever_the_device_does(faults):
    async with a_device(replace(faults)) as setup:
        assert spans(await setup.listed()) == setup.told()
        assert setup.device.account.rejected == 0


async def test_only_what_overlaps_the_window_is_listed():
    window = Window(NOW - timedelta(minutes=100), NOW - timedelta(minutes=70))
    async with a_device() as setup:
        listed = await setup.listed(window)

        assert spans(listed) == setup.told(window)
        assert 1 <= len(listed) <= 3


async def test_a_file_is_named_by_its_uri_and_never_by_a_login():
    async with a_device(DeviceFaults(playback_uri_has_login=True)) as setup:
        listed = await setup.listed()

    assert listed
    assert all(file.file_id.startswith("rtsp://127.0.0.1/Streaming/tracks/101/") for file in listed)
    assert not any(SPEC.password in file.file_id for file in listed)
    assert listed[0].bytes == 1800 * 65_536


async def test_a_growing_file_is_listed_once():
    clock = NOW
    timeline = steady_timeline(1, NOW - timedelta(hours=3), None, now=lambda: clock)

    def later() -> datetime:
        nonlocal clock
        clock += timedelta(seconds=1)
        return clock

    timeline.now = later
    async with a_device(timeline=timeline, now=lambda: clock) as setup:
        listed = await setup.listed()

    assert len({file.started_at for file in listed}) == len(listed) == 7


async def test_a_sub_stream_that_is_not_recorded_has_no_footage():
    async with a_device() as setup:
        assert await setup.driver.list_footage("1", "sub", EVERYTHING) == ()


async def test_a_sub_stream_has_its_own_footage():
    timeline = steady_timeline(1, START, None, streams=("main", "sub"), now=lambda: NOW)
    async with a_device(timeline=timeline) as setup:
        listed = await setup.driver.list_footage("1", "sub", EVERYTHING)

    assert len(listed) == len(timeline.files(stream="sub"))
    assert all("tracks/102" in file.file_id for file in listed)


async def test_a_device_that_stays_busy_is_busy():
    async with a_device(DeviceFaults(search_busy=1000)) as setup:
        error = await failure_of(setup.listed())

    assert error.reason is FailureReason.BUSY


async def test_a_request_that_is_always_refused_ends():
    async with a_device(DeviceFaults(transient_400=1000)) as setup:
        error = await failure_of(setup.driver.identify())

    assert error.reason is FailureReason.PROTOCOL


# ---- logins ----


async def test_a_wrong_password_is_sent_once_whatever_is_asked():
    async with a_device(password="not-it") as setup:
        asked = [setup.driver.identify() for _ in range(5)] + [setup.driver.clock()]
        errors = await asyncio.gather(*asked, return_exceptions=True)
        errors.append(await failure_of(setup.listed()))

        assert setup.device.account.attempts == 1
    reasons = {error.reason for error in errors if isinstance(error, DeviceError)}
    assert reasons == {FailureReason.UNAUTHORIZED}
    assert all(isinstance(error, DeviceError) for error in errors)


async def test_a_locked_account_is_seen_without_trying_a_login():
    async with a_device(DeviceFaults(lockout_tries=1)) as setup:
        setup.device.account.judge("127.0.0.1", SPEC.username, is_right=False)
        tried = setup.device.account.attempts

        error = await failure_of(setup.driver.identify())
        again = await failure_of(setup.driver.clock())

        assert setup.device.account.attempts == tried
    assert error.reason is again.reason is FailureReason.LOCKED
    assert error.locked_until is not None
    assert timedelta(minutes=29) < error.locked_until - NOW <= timedelta(minutes=31)


async def test_the_wrong_password_that_locks_is_told_as_locked():
    async with a_device(DeviceFaults(lockout_tries=1), password="not-it") as setup:
        error = await failure_of(setup.driver.identify())

        assert setup.device.account.attempts == 1
    assert error.reason is FailureReason.LOCKED


async def test_a_device_that_hashes_with_another_realm_is_tried_once():
    async with a_device(DeviceFaults(wrong_realm=True)) as setup:
        error = await failure_of(setup.driver.identify())

        assert error.reason is FailureReason.UNAUTHORIZED
        assert setup.device.account.attempts == 1


async def test_an_account_without_rights_keeps_its_login():
    async with a_device(DeviceFaults(low_privilege=True)) as setup:
        error = await failure_of(setup.driver.identify())

        assert error.reason is FailureReason.NO_PERMISSION
        assert not setup.breaker.is_open


async def test_no_password_is_in_logs_or_errors(caplog):
    caplog.set_level(logging.DEBUG)
    async with a_device(DeviceFaults(playback_uri_has_login=True)) as setup:
        await details_of(setup.driver)
        await setup.listed()
    async with a_device(DeviceFaults(auth_scheme="basic"), password="very-secret") as setup:
        error = await failure_of(setup.driver.identify())

    assert SPEC.password not in caplog.text
    assert "very-secret" not in caplog.text + str(error) + repr(error) + str(error.__cause__)


# ---- the wire ----


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        (DeviceFaults(stalls=True), FailureReason.TIMEOUT),
        (DeviceFaults(slow_drip=0.05), FailureReason.TIMEOUT),
        (DeviceFaults(drops=True), FailureReason.PROTOCOL),
        (DeviceFaults(truncated_body=True), FailureReason.PROTOCOL),
        (DeviceFaults(huge_answer=True), FailureReason.PROTOCOL),
        (DeviceFaults(garbage="xml"), FailureReason.PROTOCOL),
        (DeviceFaults(garbage="dtd"), FailureReason.PROTOCOL),
        (DeviceFaults(garbage="bytes"), FailureReason.PROTOCOL),
        (DeviceFaults(garbage="text"), FailureReason.PROTOCOL),
        (DeviceFaults(ok_200_with_xml_error=True), FailureReason.PROTOCOL),
        (DeviceFaults(status_500=9), FailureReason.PROTOCOL),
    ],
    ids=what_is_wrong,
)
@pytest.mark.parametrize("path", ["", "System/", "ContentMgmt/search"])
async def test_whatever_comes_over_the_wire_is_a_device_error(faults, reason, path):
    faults = replace(faults, wire_path=path)
    async with a_device(faults, timeout_seconds=0.6) as setup:
        error = await failure_of(setup.listed())

        assert error.reason is reason
        assert not setup.breaker.is_open


async def test_a_device_with_too_many_sessions_is_busy():
    async with a_device(DeviceFaults(max_sessions=0)) as setup:
        error = await failure_of(setup.driver.identify())

    assert error.reason is FailureReason.BUSY


async def test_a_device_that_is_gone_refuses():
    async with AsyncExitStack() as stack:
        setup = await stack.enter_async_context(a_device())
        await setup.device.close()

        error = await failure_of(setup.driver.identify())

    assert error.reason is FailureReason.REFUSED


# ---- fingerprint ----


async def test_a_device_that_speaks_isapi_is_recognised_without_a_login():
    async with a_device() as setup:
        assert await speaks(setup.device.address, timeout_seconds=2)
        assert setup.device.account.attempts == 0


@pytest.mark.parametrize("protocols", [{"dahua"}, {"isapi", "dahua"}])
async def test_a_device_that_asks_for_logins_everywhere_is_not_taken_for_one(protocols):
    spec = DeviceSpec(protocols=frozenset(protocols))
    async with a_device(DeviceFaults(login_everywhere=True), spec=spec) as setup:
        assert not await speaks(setup.device.address, timeout_seconds=2)


@pytest.mark.parametrize(
    "faults",
    [
        DeviceFaults(stalls=True),
        DeviceFaults(drops=True),
        DeviceFaults(garbage="bytes", auth_scheme="none"),
        DeviceFaults(garbage="dtd", auth_scheme="none"),
        DeviceFaults(huge_answer=True, auth_scheme="none"),
    ],
    ids=what_is_wrong,
)
async def test_oddities_are_not_isapi_and_raise_nothing(faults):
    async with a_device(faults) as setup:
        assert not await speaks(setup.device.address, timeout_seconds=0.5)


async def test_a_host_that_is_away_does_not_speak_isapi():
    async with a_device() as setup:
        address = setup.device.address

    assert not await speaks(address, timeout_seconds=0.5)
