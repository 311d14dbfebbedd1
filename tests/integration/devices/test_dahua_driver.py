import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.contracts.devices import Capability, ClockMode, FailureReason
from libs.devices.breaker import Breaker
from libs.devices.dahua.driver import DahuaDriver
from libs.devices.dahua.fingerprint import speaks
from libs.devices.driver import Driver, Login, Window
from libs.devices.errors import DeviceError
from tests.integration.devices.device_details import details_of
from tests.waiting import eventually
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.devices.timeline import (
    StoredFile,
    Timeline,
    steady_timeline,
    stored_file,
)

NOW = datetime(2025, 3, 10, 12, 0, 7, 300_000, tzinfo=UTC)
LOGIN = Login("admin", "device-password")
MIDNIGHT = datetime(2025, 3, 9, tzinfo=UTC)
DAY = timedelta(days=1)
BERLIN = "CET-1CEST,M3.5.0/2,M10.5.0/3"


def _channel(number: int) -> ChannelSpec:
    port = 9000 + number
    return ChannelSpec(
        name=f"Camera {number}",
        main_url=f"rtsp://127.0.0.1:{port}/main",
        sub_url=f"rtsp://127.0.0.1:{port}/sub",
        codec="h265",
    )


def _spec(channels: int = 1, **given: Any) -> DeviceSpec:
    return DeviceSpec(
        protocols=frozenset({"dahua"}),
        channels=tuple(_channel(number) for number in range(1, channels + 1)),
        kind="camera" if channels == 1 else "recorder",
        **given,
    )


def _timeline(channels: int = 1, *, now: datetime = NOW, **given: Any) -> Timeline:
    return steady_timeline(channels, MIDNIGHT, None, now=lambda: now, **given)


@contextlib.asynccontextmanager
async def _device(
    timeline: Timeline | None = None, *, channels: int = 1, **faults: Any
) -> AsyncIterator[SimulatedDevice]:
    given = _timeline(channels) if timeline is None else timeline
    async with SimulatedDevice(_spec(channels), given, DeviceFaults(**faults)) as device:
        yield device


@contextlib.asynccontextmanager
async def _driver(
    device: SimulatedDevice,
    *,
    login: Login | None = LOGIN,
    breaker: Breaker | None = None,
    timeout_seconds: float = 8.0,
) -> AsyncIterator[DahuaDriver]:
    driver = DahuaDriver(
        device.address,
        login,
        breaker or Breaker(device.timeline.now),
        now=device.timeline.now,
        timeout_seconds=timeout_seconds,
    )
    try:
        yield driver
    finally:
        await driver.aclose()


def _truth(device: SimulatedDevice, window: Window, **which: Any) -> list[tuple[datetime, ...]]:
    files: list[StoredFile] = device.timeline.files(start=window.start, end=window.end, **which)
    return [_whole_seconds(file.started_at, file.ended_at) for file in files]


def _whole_seconds(*moments: datetime) -> tuple[datetime, ...]:
    """The device tells no fractions."""
    return tuple(moment.replace(microsecond=0) for moment in moments)


async def _listed(driver: Driver, window: Window, **which: Any) -> list[tuple[datetime, ...]]:
    files = await driver.list_footage(
        which.get("channel", "1"), which.get("stream", "main"), window
    )
    assert len({file.digest for file in files}) == len(files)
    return [(file.started_at, file.ended_at) for file in files]


async def test_a_recorder_tells_everything_about_itself():
    async with _device(channels=3, zone=BERLIN) as device, _driver(device) as driver:
        details = await details_of(driver)

    assert details.identity.model == device.spec.model
    assert details.identity.serial == device.spec.serial
    assert details.identity.mac == device.spec.mac
    assert details.identity.name == device.spec.name
    assert details.identity.kind == "recorder"
    assert [channel.name for channel in details.channels] == ["Camera 1", "Camera 2", "Camera 3"]
    assert details.storage is not None
    assert details.storage.is_healthy
    assert details.storage.total_bytes == 1_000_000_000_000
    assert Capability.LIST_FOOTAGE in details.capabilities


async def test_streams_have_codec_size_and_a_url_at_the_address_of_the_device():
    async with _device(nat_host="203.0.113.9") as device, _driver(device) as driver:
        (channel,) = await driver.streams()

    main, sub = channel.streams
    assert main.url == "rtsp://127.0.0.1:9001/cam/realmonitor?channel=1&subtype=0"
    assert (main.codec, main.width, main.height) == ("h265", 1920, 1080)
    assert (main.fps, main.bitrate_bps) == (25.0, 4_096_000)
    assert sub.url.endswith("channel=1&subtype=1")
    assert channel.snapshot_url == f"{device.url}/cgi-bin/snapshot.cgi?channel=1"


async def test_a_snapshot_is_a_jpeg_and_one_of_an_unknown_channel_an_error():
    async with _device() as device, _driver(device) as driver:
        picture = await driver.snapshot("1")
        with pytest.raises(DeviceError) as caught:
            await driver.snapshot("7")
        with pytest.raises(DeviceError) as odd:
            await driver.snapshot("../1")

    assert picture.startswith(b"\xff\xd8")
    assert caught.value.reason == FailureReason.NOT_FOUND
    assert odd.value.reason == FailureReason.NOT_FOUND


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("UTC0", "<+00>0"),
        ("CST-8:00:00", "<+08>-8"),
        ("IST-5:30", "<+0530>-5:30"),
        (BERLIN, "<+01>-1<+02>-2,M3.5.0/2:00,M10.5.0/3:00"),
        ("EST5EDT,M3.2.0/2,M11.1.0/2", "<-05>5<-04>4,M3.2.0/2:00,M11.1.0/2:00"),
    ],
)
async def test_the_clock_is_measured_in_the_zone_of_the_device(zone: str, shown: str):
    async with (
        _device(zone=zone, clock_offset_seconds=-125) as device,
        _driver(device) as driver,
    ):
        clock = await driver.clock()

    assert clock.mode == ClockMode.DEVICE_LOCAL
    assert clock.zone == shown
    assert clock.offset_seconds == pytest.approx(-125, abs=clock.uncertainty_seconds)
    assert clock.uncertainty_seconds >= 0.5


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize(
    "faults",
    [
        {},
        {"zone": BERLIN},
        {"zone": "CST-8"},
        {"page_cap": 7},
        {"result_cap": 5},
        {"result_cap": 1},
        {"more_empty": True},
        {"duplicate_at_seams": True, "page_cap": 5},
        {"scrambles_results": True, "page_cap": 9},
        {"growing_last_file": False},
        {"stray_spaces": True},
        {"real_utc": True, "zone": BERLIN},
        {"empty_is_400": True},
        {"ok_200_with_xml_error": False, "missing_content_length": True},
        {"stale_nonce": True},
        {"auth_scheme": "basic"},
        {"clock_offset_seconds": 3600.0},
        {"finder_leak_limit": 1},
    ],
    ids=str,
)
async def test_every_file_is_listed_once_whatever_the_device_does(
    base: int, faults: dict[str, Any]
):
    window = Window(MIDNIGHT - DAY, NOW + DAY)
    timeline = _timeline(2, holes=[(MIDNIGHT + DAY / 4, MIDNIGHT + DAY / 3)])
    async with (
        _device(timeline, channels=2, channel_base=base, **faults) as device,
        _driver(device) as driver,
    ):
        found = await _listed(driver, window, channel="2")
        offset = timedelta(seconds=faults.get("clock_offset_seconds", 0))
        true = _truth(device, window, channel=2)

        assert device.open_finders == set()
    wanted = [(start + offset, end + offset) for start, end in true]
    assert found == (wanted if faults.get("growing_last_file", True) else wanted[:-1])


async def test_the_file_being_written_is_marked_as_open():
    async with _device() as device, _driver(device) as driver:
        files = await driver.list_footage("1", "main", Window(MIDNIGHT, NOW + DAY))

    assert [file.is_open for file in files[-2:]] == [False, True]
    assert files[0].file_id == "/mnt/sd/2025-03-09/001/dav/00/00.00.00-00.30.00[R][0@0][0].dav"
    assert files[0].bytes == 1800 * 65_536


async def test_files_of_both_hours_that_have_the_same_name_are_kept_apart():
    # Clocks go back at 01:00 UTC: files of 00:00 and 01:00 UTC are both named 02.00.00-02.30.00.
    start = datetime(2025, 10, 25, 22, tzinfo=UTC)
    timeline = steady_timeline(
        1, start, start + timedelta(hours=6), now=lambda: datetime(2025, 10, 27, tzinfo=UTC)
    )
    window = Window(start - DAY, start + DAY)
    for cap in (None, 3, 5):
        async with (
            _device(timeline, zone=BERLIN, result_cap=cap) as device,
            _driver(device) as driver,
        ):
            found = await _listed(driver, window)

        assert found == _truth(device, window)


async def test_a_window_within_the_repeated_hour_is_listed():
    start = datetime(2025, 10, 25, 22, tzinfo=UTC)
    timeline = steady_timeline(
        1, start, start + timedelta(hours=6), now=lambda: datetime(2025, 10, 27, tzinfo=UTC)
    )
    change = datetime(2025, 10, 26, 1, tzinfo=UTC)
    window = Window(change - timedelta(minutes=20), change + timedelta(minutes=20))
    async with _device(timeline, zone=BERLIN) as device, _driver(device) as driver:
        found = await _listed(driver, window)

    assert found == _truth(device, window)


async def test_the_sub_stream_of_a_device_that_records_the_main_one_is_empty():
    window = Window(MIDNIGHT, NOW)
    async with _device() as device, _driver(device) as driver:
        assert await _listed(driver, window, stream="sub") == []

    both = _timeline(streams=("main", "sub"))
    async with _device(both) as device, _driver(device) as driver:
        found = await _listed(driver, window, stream="sub")

    assert found == _truth(device, window, stream="sub")


async def test_a_first_camera_without_footage_does_not_shift_the_others():
    timeline = Timeline(
        [stored_file(2, "main", MIDNIGHT, MIDNIGHT + timedelta(hours=1))], lambda: NOW
    )
    window = Window(MIDNIGHT - DAY, NOW)
    async with (
        _device(timeline, channels=4, channel_base=0) as device,
        _driver(device) as driver,
    ):
        empty = await _listed(driver, window, channel="1")
        found = await _listed(driver, window, channel="2")

    assert empty == []
    assert found == _truth(device, window, channel=2)


async def test_the_channel_base_is_found_out_once():
    window = Window(NOW - timedelta(hours=2), NOW)
    async with _device(channels=2, channel_base=0) as device, _driver(device) as driver:
        await _listed(driver, window)
        before = len(device.requests)
        await _listed(driver, window, channel="2")
        again = [request for request in device.requests[before:] if "findFile" in request]

    assert again
    assert all("Channel=1&" in request for request in again)


@pytest.mark.parametrize("base", [0, 1])
async def test_refusals_that_come_and_go_lose_nothing(base: int):
    window = Window(MIDNIGHT, NOW)
    async with _device(channels=2, channel_base=base) as device, _driver(device) as driver:
        await driver.clock()
        await driver.streams()
        device.faults.wire_path = "findFile"
        device.faults.transient_400 = 2
        found = await _listed(driver, window, channel="2")

    assert device.faults.transient_400 == 0
    assert found == _truth(device, window, channel=2)


async def test_an_unknown_channel_is_not_found():
    async with _device() as device, _driver(device) as driver:
        with pytest.raises(DeviceError) as caught:
            await driver.list_footage("2", "main", Window(MIDNIGHT, NOW))

    assert caught.value.reason == FailureReason.NOT_FOUND


async def test_no_finder_is_left_when_a_page_fails():
    async with _device() as device, _driver(device, timeout_seconds=2) as driver:
        await driver.clock()
        await driver.streams()
        device.faults.wire_path = "findNextFile"
        device.faults.stalls = True
        with pytest.raises(DeviceError) as caught:
            await driver.list_footage("1", "main", Window(MIDNIGHT, NOW))

        assert caught.value.reason == FailureReason.TIMEOUT
        assert device.open_finders == set()


@pytest.mark.parametrize("step", ["findFile", "findNextFile", "create"])
async def test_no_finder_is_left_when_a_listing_is_cancelled(step: str):
    async with _device() as device, _driver(device) as driver:
        await driver.clock()
        await driver.streams()
        device.faults.wire_path = step
        device.faults.slow_drip = 0.002
        listing = asyncio.create_task(driver.list_footage("1", "main", Window(MIDNIGHT, NOW)))
        await eventually(lambda: any(step in request for request in device.requests))
        listing.cancel()
        await asyncio.wait([listing])

        assert listing.cancelled()
        assert device.open_finders == set()


async def test_finders_that_others_hold_make_the_device_busy():
    async with _device(finder_leak_limit=0) as device, _driver(device) as driver:
        with pytest.raises(DeviceError) as caught:
            await driver.list_footage("1", "main", Window(MIDNIGHT, NOW))

    assert caught.value.reason == FailureReason.BUSY


async def test_firmware_without_this_search_is_unsupported_and_said_to_be_so():
    faults = frozenset({"mediaFileFind"})
    async with _device(missing_services=faults) as device, _driver(device) as driver:
        with pytest.raises(DeviceError) as caught:
            await driver.list_footage("1", "main", Window(MIDNIGHT, NOW))

    assert caught.value.reason == FailureReason.UNSUPPORTED
    assert "RPC2" in caught.value.detail


async def test_firmware_without_any_cgi_is_unsupported():
    faults = frozenset({"magicBox"})
    async with _device(missing_services=faults) as device, _driver(device) as driver:
        with pytest.raises(DeviceError) as caught:
            await driver.identify()

    assert caught.value.reason == FailureReason.UNSUPPORTED


async def test_a_device_that_tells_no_zone_has_the_one_that_fits_its_clock():
    async with (
        _device(zone="IST-5:30", clock_offset_seconds=40) as device,
        _driver(device) as driver,
    ):
        device.faults.missing_services = frozenset({"configManager"})
        clock = await driver.clock()

    assert clock.zone == "<+0530>-5:30"
    assert clock.offset_seconds == pytest.approx(40, abs=clock.uncertainty_seconds)


async def test_a_wrong_password_is_tried_once():
    wrong = Login("admin", "battery staple")
    async with _device() as device:
        breaker = Breaker(device.timeline.now)
        async with _driver(device, login=wrong, breaker=breaker) as driver:
            failures = await asyncio.gather(
                driver.identify(),
                driver.clock(),
                driver.streams(),
                driver.list_footage("1", "main", Window(MIDNIGHT, NOW)),
                return_exceptions=True,
            )

        assert device.account.attempts == 1
    assert all(isinstance(error, DeviceError) for error in failures)
    assert breaker.reason == FailureReason.UNAUTHORIZED
    assert "staple" not in repr(failures)


async def test_an_account_without_rights_is_told_from_a_wrong_one():
    async with _device(low_privilege=True) as device:
        breaker = Breaker(device.timeline.now)
        async with _driver(device, breaker=breaker) as driver:
            with pytest.raises(DeviceError) as caught:
                await driver.clock()

    assert caught.value.reason == FailureReason.NO_PERMISSION
    assert not breaker.is_open


@pytest.mark.parametrize(
    ("faults", "reasons"),
    [
        ({"garbage": "bytes"}, [FailureReason.PROTOCOL]),
        ({"garbage": "text"}, [FailureReason.PROTOCOL]),
        ({"garbage": "xml"}, [FailureReason.PROTOCOL]),
        ({"garbage": "dtd"}, [FailureReason.PROTOCOL]),
        ({"huge_answer": True}, [FailureReason.PROTOCOL, FailureReason.TIMEOUT]),
        ({"truncated_body": True}, [FailureReason.PROTOCOL]),
        ({"drops": True}, [FailureReason.PROTOCOL, FailureReason.UNREACHABLE]),
        ({"stalls": True}, [FailureReason.TIMEOUT]),
        ({"slow_drip": 0.05}, [FailureReason.TIMEOUT]),
        ({"status_500": 1000}, [FailureReason.PROTOCOL]),
        ({"ok_200_with_xml_error": True}, [FailureReason.UNSUPPORTED]),
    ],
    ids=str,
)
async def test_a_broken_device_is_a_device_error_in_every_call(
    faults: dict[str, Any], reasons: list[FailureReason]
):
    timeout_seconds = 0.4 if {"stalls", "slow_drip"} & faults.keys() else 8.0
    async with _device(**faults) as device:
        for name in ("identify", "streams", "clock", "snapshot", "list_footage"):
            arguments: tuple[Any, ...] = ()
            if name == "snapshot":
                arguments = ("1",)
            elif name == "list_footage":
                arguments = ("1", "main", Window(MIDNIGHT, NOW))
            async with _driver(device, timeout_seconds=timeout_seconds) as driver:
                with pytest.raises(DeviceError) as caught:
                    await getattr(driver, name)(*arguments)
            assert caught.value.reason in {*reasons, *_also_for(name, faults)}


def _also_for(call: str, faults: dict[str, Any]) -> set[FailureReason]:
    """An error body is what a device answers that has no channels, or no picture."""
    if "ok_200_with_xml_error" not in faults:
        return set()
    return {"streams": {FailureReason.NO_VIDEO}, "snapshot": {FailureReason.PROTOCOL}}.get(
        call, set()
    )


@pytest.mark.parametrize("garbage", ["text", "xml", "bytes"])
async def test_a_search_that_is_answered_with_noise_is_an_error_and_not_an_empty_list(
    garbage: str,
):
    async with _device() as device, _driver(device) as driver:
        await driver.clock()
        await driver.streams()
        for step in ("findNextFile", "findFile", "create"):
            device.faults.change("garbage", garbage)
            device.faults.wire_path = step
            with pytest.raises(DeviceError) as caught:
                await driver.list_footage("1", "main", Window(MIDNIGHT, NOW))
            assert caught.value.reason == FailureReason.PROTOCOL


async def test_a_missing_or_broken_disk_is_told():
    async with _device(disk="none") as device, _driver(device) as driver:
        assert await driver.storage() is None
    async with _device(disk="error") as device, _driver(device) as driver:
        storage = await driver.storage()

    assert storage is not None
    assert not storage.is_healthy


async def test_downloading_is_not_offered():
    async with _device() as device, _driver(device) as driver:
        (file, *_) = await driver.list_footage("1", "main", Window(MIDNIGHT, NOW))
        with pytest.raises(DeviceError) as caught:
            await anext(driver.download(file))

    assert caught.value.reason == FailureReason.UNSUPPORTED


async def test_a_dahua_is_recognised_without_a_login():
    async with _device() as device:
        assert await speaks(device.address, timeout_seconds=5)
        assert device.account.attempts == 0
    async with _device(auth_scheme="none") as device:
        assert await speaks(device.address, timeout_seconds=5)


@pytest.mark.parametrize(
    "faults", [{}, {"login_everywhere": True}, {"auth_scheme": "basic", "login_everywhere": True}]
)
async def test_other_devices_are_not_taken_for_a_dahua(faults: dict[str, Any]):
    spec = DeviceSpec(protocols=frozenset({"isapi"}))
    async with SimulatedDevice(spec, _timeline(), DeviceFaults(**faults)) as device:
        assert not await speaks(device.address, timeout_seconds=5)


@pytest.mark.parametrize("faults", [{"stalls": True}, {"garbage": "bytes"}, {"huge_answer": True}])
async def test_a_broken_device_is_recognised_as_nothing(faults: dict[str, Any]):
    async with _device(auth_scheme="none", **faults) as device:
        assert not await speaks(device.address, timeout_seconds=0.4)
