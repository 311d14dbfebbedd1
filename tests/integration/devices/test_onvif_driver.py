"""The ONVIF driver against a simulated device, with everything that such devices do wrong."""

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from libs.contracts.devices import Capability, ClockMode, FailureReason
from libs.devices.breaker import Breaker
from libs.devices.driver import Address, Login, Window
from libs.devices.errors import DeviceError
from libs.devices.onvif.driver import OnvifDriver
from libs.devices.onvif.fingerprint import speaks
from tests.integration.devices.device_details import details_of
from tests.waiting import eventually
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.onvif.switches import PRE_AUTH, switches_of
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.devices.timeline import Timeline, steady_timeline

NOW = datetime(2025, 3, 5, 12, 20, tzinfo=UTC)
START = NOW - timedelta(hours=30, minutes=5)
HOLES = [
    (START + timedelta(hours=number, minutes=10), START + timedelta(hours=number, minutes=17))
    for number in range(1, 29)
]
YARD = ChannelSpec(
    name="Yard",
    main_url="rtsp://user:hidden@127.0.0.1:8554/a?b=1",
    sub_url="rtsp://127.0.0.1:8554/b",
    codec="h265",
    width=2560,
    height=1440,
    fps=12.5,
)
SPEC = DeviceSpec(channels=(YARD, ChannelSpec(name="Gate")))
EVERYTHING = Window(START - timedelta(days=1), NOW + timedelta(days=1))
HOUR = timedelta(hours=1)
NOT_AUTHORIZED = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
    b' xmlns:ter="http://www.onvif.org/ver10/error"><s:Body><s:Fault><s:Code>'
    b"<s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode>"
    b"</s:Code><s:Reason><s:Text>no</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"
)


@dataclass
class Setup:
    """A device and a driver of it."""

    device: SimulatedDevice
    driver: OnvifDriver
    breaker: Breaker

    async def listed(self, window: Window = EVERYTHING) -> list[tuple[datetime, datetime]]:
        files = await self.driver.list_footage("source-1", "main", window)
        return [(file.started_at, file.ended_at) for file in files]

    async def everything(self) -> None:
        await self.driver.identify()
        await self.driver.streams()
        await self.listed()

    def sent(self, word: str = "") -> list[str]:
        return [request for request in self.device.requests if word in request]


@asynccontextmanager
async def _setup(
    *,
    password: str = SPEC.password,
    spec: DeviceSpec = SPEC,
    timeline: Timeline | None = None,
    prepare: Callable[[SimulatedDevice], None] = lambda _: None,
    timeout_seconds: float = 8.0,
) -> AsyncIterator[Setup]:
    recorded = timeline or steady_timeline(2, START, None, holes=HOLES, now=lambda: NOW)
    async with AsyncExitStack() as stack:
        device = await stack.enter_async_context(SimulatedDevice(spec, recorded, DeviceFaults()))
        prepare(device)
        breaker = Breaker(lambda: NOW)
        driver = OnvifDriver(
            device.address,
            Login(spec.username, password),
            breaker,
            now=lambda: NOW,
            timeout_seconds=timeout_seconds,
        )
        stack.push_async_callback(driver.aclose)
        yield Setup(device, driver, breaker)


def _with(**faults: object) -> Callable[[SimulatedDevice], None]:
    def prepare(device: SimulatedDevice) -> None:
        for name, value in faults.items():
            device.faults.change(name, value)

    return prepare


def _switched(**switches: object) -> Callable[[SimulatedDevice], None]:
    def prepare(device: SimulatedDevice) -> None:
        for name, value in switches.items():
            setattr(switches_of(device), name, value)

    return prepare


def _true_pieces(
    holes: Sequence[tuple[datetime, datetime]] = HOLES,
) -> list[tuple[datetime, datetime]]:
    """What was recorded, cut at full hours by hand."""
    edges = [START, *(edge for hole in holes for edge in hole), NOW]
    found = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        left = start
        while left < end:
            right = min(left.replace(minute=0, second=0) + HOUR, end)
            found.append((left, right))
            left = right
    return found


# ---- what it tells ----


async def test_a_device_tells_everything_of_itself():
    async with _setup() as setup:
        assert setup.driver.capabilities == {Capability.IDENTIFY, Capability.CLOCK}
        details = await details_of(setup.driver)

    assert details.identity.model_dump() == {
        "manufacturer": "Simulated",
        "model": "SIM-1080P",
        "firmware": "V5.7.3 build 220112",
        "serial": SPEC.serial,
        "mac": "02:00:00:00:00:01",
        "name": "Front door",
        "kind": "camera",
    }
    yard, gate = details.channels
    assert (yard.channel, yard.name) == ("source-1", "Yard")
    assert [stream.model_dump() for stream in yard.streams] == [
        {
            "stream": "main",
            "token": "profile-1-main",
            "url": "rtsp://127.0.0.1:8554/a?b=1",
            "codec": "h265",
            "width": 2560,
            "height": 1440,
            "fps": 12.5,
            "bitrate_bps": 4_096_000,
        },
        {
            "stream": "sub",
            "token": "profile-1-sub",
            "url": "rtsp://127.0.0.1:8554/b",
            "codec": "h264",
            "width": 640,
            "height": 360,
            "fps": 12.5,
            "bitrate_bps": 512_000,
        },
    ]
    assert [stream.stream for stream in gate.streams] == ["main"]
    assert details.storage is not None
    assert details.storage.detail.startswith("2 recordings, 2025-03-04T06:15:00.000Z to ")
    assert set(details.capabilities) == set(Capability) - {Capability.DOWNLOAD}


@pytest.mark.parametrize(
    "prepare",
    [
        _with(hides_media2=True),
        _with(missing_services=frozenset({"media2"})),
        _with(missing_services=frozenset({"media2", "GetServices"})),
    ],
    ids=["hidden media2", "no media2", "no GetServices"],
)
async def test_streams_of_devices_without_media2(prepare):
    spec = replace(SPEC, channels=(replace(YARD, codec="h264"),))
    async with _setup(spec=spec, prepare=prepare) as setup:
        (channel,) = await setup.driver.streams()
        can = setup.driver.capabilities

    assert [(one.stream, one.codec, one.width, one.bitrate_bps) for one in channel.streams] == [
        ("main", "h264", 2560, 4_096_000),
        ("sub", "h264", 640, 512_000),
    ]
    assert Capability.LIST_FOOTAGE in can


async def test_a_stream_that_media1_has_no_word_for_is_still_the_main_stream():
    async with _setup(prepare=_with(hides_media2=True)) as setup:
        channel = (await setup.driver.streams())[0]

    assert [(one.stream, one.codec, one.width) for one in channel.streams] == [
        ("main", "", 2560),
        ("sub", "h264", 640),
    ]


async def test_a_device_that_does_not_know_its_own_host_is_reached_all_the_same():
    async with _setup(prepare=_with(nat_host="192.0.2.77")) as setup:
        details = await details_of(setup.driver)
        picture = await setup.driver.snapshot("source-1")
        listed = await setup.listed()

    urls = [stream.url for channel in details.channels for stream in channel.streams]
    urls += [channel.snapshot_url for channel in details.channels]
    assert all("//127.0.0.1" in url for url in urls)
    assert picture.startswith(b"\xff\xd8")
    assert listed


async def test_a_device_without_profile_g_declares_no_footage():
    async with _setup(prepare=_with(missing_services=frozenset({"search"}))) as setup:
        details = await details_of(setup.driver)
        with pytest.raises(DeviceError) as failed:
            await setup.listed()

    assert details.storage is None
    assert Capability.LIST_FOOTAGE not in details.capabilities
    assert failed.value.reason is FailureReason.UNSUPPORTED


@pytest.mark.parametrize("offset", [-8 * 3600.0, 0.0, 86_400.0 * 365])
async def test_a_clock_that_is_wrong_is_measured_and_logins_follow_it(offset):
    prepare = _with(clock_offset_seconds=offset, zone="CST-8")
    async with _setup(prepare=prepare) as setup:
        identity = await setup.driver.identify()
        clock = await setup.driver.clock()
        rejected = setup.device.account.rejected

    assert identity.model == "SIM-1080P"
    assert rejected == 0
    assert clock.mode is ClockMode.UTC
    assert clock.zone == "CST-8"
    assert abs(clock.offset_seconds - offset) <= clock.uncertainty_seconds + 0.001


async def test_a_snapshot_of_an_unknown_channel_is_not_found():
    async with _setup() as setup:
        with pytest.raises(DeviceError) as failed:
            await setup.driver.snapshot("source-9")

    assert failed.value.reason is FailureReason.NOT_FOUND


async def test_downloading_is_not_supported():
    async with _setup() as setup:
        files = await setup.driver.list_footage("source-1", "main", EVERYTHING)
        with pytest.raises(DeviceError) as failed:
            await anext(setup.driver.download(files[0]))

    assert failed.value.reason is FailureReason.UNSUPPORTED


# ---- the login ----


@pytest.mark.parametrize("auth", ["username_token", "both", "http"])
async def test_a_wrong_password_is_tried_once_by_all_callers_together(auth):
    async with _setup(password="wrong", prepare=_switched(auth=auth)) as setup:
        calls: list[Awaitable[Any]] = [setup.driver.identify() for _ in range(5)]
        calls += [setup.driver.streams(), setup.driver.snapshot("source-1")]
        told = await asyncio.gather(*calls, return_exceptions=True)
        attempts = setup.device.account.attempts
        sent = len(setup.sent())
        with pytest.raises(DeviceError):
            await setup.driver.streams()
        sent_later = len(setup.sent())

    assert attempts == 1
    assert {error.reason for error in told if isinstance(error, DeviceError)} == {
        FailureReason.UNAUTHORIZED
    }
    assert len(told) == 7
    assert setup.breaker.is_open
    assert sent_later == sent


@pytest.mark.parametrize("explains", [True, False])
async def test_a_token_that_is_rejected_by_http_alone_is_not_sent_again(explains):
    # The device was thought to want a login by HTTP; as it named none, nobody noted a rejection.
    fault = NOT_AUTHORIZED if explains else b""
    tokens = 0

    async def reject(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tokens
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        tokens += b"UsernameToken" in await reader.readexactly(length)
        writer.write(b"HTTP/1.1 401 No\r\nContent-Length: %d\r\n" % len(fault))
        writer.write(b"Connection: close\r\n\r\n" + fault)
        writer.close()

    server = await asyncio.start_server(reject, "127.0.0.1", 0)
    address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
    breaker = Breaker(lambda: NOW)
    reasons = []
    for _ in range(2):
        driver = OnvifDriver(address, Login("admin", "wrong"), breaker, now=lambda: NOW)
        with pytest.raises(DeviceError) as failed:
            await driver.identify()
        reasons.append(failed.value.reason)
        await driver.aclose()
    server.close()
    await server.wait_closed()

    assert reasons == [FailureReason.UNAUTHORIZED] * 2
    assert tokens == 1
    assert breaker.is_open


async def test_an_open_breaker_sends_no_login():
    async with _setup() as setup:
        setup.breaker.note(DeviceError(FailureReason.LOCKED))
        with pytest.raises(DeviceError) as failed:
            await setup.driver.identify()

    assert failed.value.reason is FailureReason.LOCKED
    assert setup.device.account.attempts == 0


@pytest.mark.parametrize("scheme", ["digest", "basic", "digest_sha256"])
async def test_a_device_that_wants_an_http_login_gets_it_and_no_token(scheme):
    def prepare(device: SimulatedDevice) -> None:
        switches_of(device).auth = "http"
        device.faults.change("auth_scheme", scheme)

    async with _setup(prepare=prepare) as setup:
        details = await details_of(setup.driver)
        rejected = setup.device.account.rejected
        listed = await setup.listed()

    assert len(details.channels) == 2
    assert rejected == 0
    assert listed


async def test_a_device_that_asks_for_a_login_everywhere_gets_one():
    def prepare(device: SimulatedDevice) -> None:
        switches_of(device).auth = "http"
        switches_of(device).free = frozenset()

    async with _setup(prepare=prepare) as setup:
        identity = await setup.driver.identify()

    assert identity.serial == SPEC.serial


async def test_without_a_login_what_needs_one_is_unauthorized():
    async with _setup() as setup:
        driver = OnvifDriver(setup.device.address, None, setup.breaker, now=lambda: NOW)
        clock = await driver.clock()
        with pytest.raises(DeviceError) as failed:
            await driver.identify()
        await driver.aclose()

    assert clock.mode is ClockMode.UTC
    assert failed.value.reason is FailureReason.UNAUTHORIZED
    assert setup.device.account.attempts == 0
    assert not setup.breaker.is_open


async def test_a_user_without_the_right_is_no_wrong_password():
    async with _setup(prepare=_with(low_privilege=True)) as setup:
        with pytest.raises(DeviceError) as failed:
            await setup.driver.identify()

    assert failed.value.reason is FailureReason.NO_PERMISSION
    assert not setup.breaker.is_open


async def test_a_refusal_after_a_good_login_is_checked_before_it_is_believed():
    """Many devices say NotAuthorized for a right that is missing, and for a wrong password."""
    async with _setup() as setup:
        await setup.driver.identify()
        switches_of(setup.device).created_seconds = -1
        switches_of(setup.device).free = PRE_AUTH | {"GetDeviceInformation"}
        with pytest.raises(DeviceError) as failed:
            await setup.driver.streams()

    assert failed.value.reason is FailureReason.NO_PERMISSION
    assert not setup.breaker.is_open


async def test_a_password_that_was_changed_meanwhile_is_noticed():
    async with _setup() as setup:
        await setup.driver.identify()
        setup.device.account.password = "another"
        with pytest.raises(DeviceError) as failed:
            await setup.driver.streams()
        attempts = setup.device.account.rejected
        with pytest.raises(DeviceError):
            await setup.driver.streams()

    assert failed.value.reason is FailureReason.UNAUTHORIZED
    assert setup.breaker.is_open
    assert setup.device.account.rejected == attempts == 2


async def test_a_user_of_onvif_alone_gets_no_picture_and_keeps_the_rest():
    """Some brands keep users of ONVIF apart; their web server rejects the same login."""
    async with _setup(prepare=_with(wrong_realm=True, lockout_tries=0)) as setup:
        with pytest.raises(DeviceError) as failed:
            await setup.driver.snapshot("source-1")
        attempts = setup.device.account.attempts
        with pytest.raises(DeviceError) as again:
            await setup.driver.snapshot("source-1")
        identity = await setup.driver.identify()

    assert failed.value.reason is again.value.reason is FailureReason.NO_PERMISSION
    assert setup.device.account.rejected == 1
    assert attempts >= 1
    assert identity.model == "SIM-1080P"
    assert not setup.breaker.is_open


async def test_no_password_is_logged_or_told(caplog):
    caplog.set_level(logging.DEBUG)
    texts = []
    for auth in ("username_token", "http"):
        async with _setup(password="s3cret-word", prepare=_switched(auth=auth)) as setup:
            with pytest.raises(DeviceError) as failed:
                await setup.driver.identify()
            texts += [repr(failed.value), failed.value.detail, repr(setup.breaker.state)]

    assert "s3cret-word" not in "".join([*texts, caplog.text])


# ---- devices that misbehave ----


@pytest.mark.parametrize(
    ("faults", "reasons"),
    [
        ({"garbage": "xml"}, [FailureReason.PROTOCOL]),
        ({"garbage": "dtd"}, [FailureReason.PROTOCOL]),
        ({"garbage": "bytes"}, [FailureReason.PROTOCOL]),
        ({"garbage": "text"}, [FailureReason.PROTOCOL]),
        ({"drops": True}, [FailureReason.PROTOCOL]),
        ({"truncated_body": True}, [FailureReason.PROTOCOL]),
        ({"huge_answer": True}, [FailureReason.PROTOCOL, FailureReason.TIMEOUT]),
        ({"stalls": True}, [FailureReason.TIMEOUT]),
        ({"slow_drip": 0.2}, [FailureReason.TIMEOUT]),
        ({"status_500": 100}, [FailureReason.PROTOCOL]),
        ({"transient_400": 100}, [FailureReason.PROTOCOL]),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["device_service", "Media", "Search"])
async def test_a_misbehaving_device_is_a_device_error_and_leaves_nothing_behind(
    faults, reasons, path
):
    prepare = _with(wire_path=path, **faults)
    async with _setup(prepare=prepare, timeout_seconds=1.0) as setup:
        with pytest.raises(DeviceError) as failed:
            await setup.everything()
        setup.device.faults.clear()
        again = await setup.driver.identify()
        await setup.driver.aclose()
        await eventually(lambda: not _onvif_threads())
        await eventually(lambda: setup.device.connections == 0)

    assert failed.value.reason in reasons
    assert again.serial == SPEC.serial
    assert not setup.breaker.is_open


async def test_a_stalled_device_does_not_pile_up_threads():
    async with _setup(prepare=_with(stalls=True), timeout_seconds=0.3) as setup:
        calls = [setup.driver.identify() for _ in range(6)]
        told = await asyncio.gather(*calls, return_exceptions=True)
        most = len(_onvif_threads())

    assert all(
        isinstance(error, DeviceError) and error.reason is FailureReason.TIMEOUT for error in told
    )
    assert most <= 2


async def test_a_call_that_is_cancelled_lets_its_thread_go():
    async with _setup(prepare=_with(stalls=True), timeout_seconds=60) as setup:
        call = asyncio.create_task(setup.driver.identify())
        await eventually(lambda: bool(setup.sent()))
        call.cancel()
        await asyncio.wait([call])
        await setup.driver.aclose()
        await eventually(lambda: not _onvif_threads())

    assert call.cancelled()


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream", "multipart/related"])
async def test_a_wrong_content_type_is_no_hindrance(kind):
    async with _setup(prepare=_switched(content_type=kind)) as setup:
        details = await details_of(setup.driver)

    assert len(details.channels) == 2


async def test_nothing_listens_is_refused():
    async with _setup() as setup:
        await setup.device.close()
        with pytest.raises(DeviceError) as failed:
            await setup.driver.identify()

    assert failed.value.reason is FailureReason.REFUSED


async def test_the_package_changes_neither_the_environment_nor_the_root_logger(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://192.0.2.9:3128")
    before = logging.getLogger().handlers[:]
    async with _setup() as setup:
        await setup.driver.identify()

    assert os.environ["http_proxy"] == "http://192.0.2.9:3128"
    assert logging.getLogger().handlers == before
    assert not setup.sent("Subscription")


# ---- recognising ----


async def test_an_onvif_device_is_recognised_without_a_login():
    async with _setup() as setup:
        assert await speaks(setup.device.address, timeout_seconds=5)
        assert setup.device.account.attempts == 0


async def test_other_devices_are_not_recognised():
    spec = replace(SPEC, protocols=frozenset({"isapi", "dahua"}))
    async with _setup(spec=spec) as setup:
        assert not await speaks(setup.device.address, timeout_seconds=5)
        setup.device.faults.change("login_everywhere", True)
        assert not await speaks(setup.device.address, timeout_seconds=5)


@pytest.mark.parametrize(
    "faults",
    [{"garbage": "dtd"}, {"drops": True}, {"stalls": True}, {"huge_answer": True}],
    ids=str,
)
async def test_recognising_never_fails(faults):
    async with _setup(prepare=_with(**faults)) as setup:
        assert not await speaks(setup.device.address, timeout_seconds=0.5)
        await eventually(lambda: setup.device.connections == 0)


def _onvif_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("onvif")]


# ---- footage ----


async def test_footage_is_listed_in_pieces_of_an_hour_with_its_holes():
    async with _setup() as setup:
        files = await setup.driver.list_footage("source-1", "main", EVERYTHING)

    assert [(file.started_at, file.ended_at) for file in files] == _true_pieces()
    assert [file.is_open for file in files] == [False] * (len(files) - 1) + [True]
    assert files[0].file_id == "recording-1/video-1/2025-03-04T06:15:00.000Z"
    assert len({file.file_id for file in files}) == len(files)
    assert {file.channel for file in files} == {"source-1"}


@pytest.mark.parametrize(
    "prepare",
    [
        _with(result_cap=7),
        _with(page_cap=3),
        _with(scrambles_results=True),
        _with(duplicate_at_seams=True, page_cap=5),
        _with(search_busy=2),
        _with(missing_services=frozenset({"recording"})),
        _switched(recording_events_only=True),
        _switched(search_seconds=0.3),
    ],
    ids=[
        "capped",
        "small pages",
        "scrambled",
        "seams",
        "busy",
        "no recording service",
        "no track events",
        "slow",
    ],
)
async def test_footage_is_complete_whatever_the_search_does(prepare):
    async with _setup(prepare=prepare) as setup:
        listed = await setup.listed()

    assert listed == _true_pieces()


async def test_a_search_that_never_says_that_it_is_over_ends():
    timeline = steady_timeline(1, START, None, holes=HOLES[:1], now=lambda: NOW)
    spec = replace(SPEC, channels=(YARD,))
    prepare = _with(more_empty=True)
    async with _setup(spec=spec, timeline=timeline, prepare=prepare, timeout_seconds=2) as setup:
        listed = await setup.listed()

    assert listed == _true_pieces(HOLES[:1])


@pytest.mark.parametrize("minutes", [0, 1, 59, 60, 61, 90, 607])
async def test_a_window_shows_the_same_files_as_the_whole(minutes):
    async with _setup() as setup:
        whole = await setup.driver.list_footage("source-1", "main", EVERYTHING)
        begin = START + timedelta(minutes=minutes)
        window = Window(begin, begin + timedelta(hours=3, minutes=5))
        part = await setup.driver.list_footage("source-1", "main", window)

    assert list(part) == [
        file for file in whole if file.ended_at > window.start and file.started_at < window.end
    ]


async def test_a_device_without_events_is_listed_from_first_to_last():
    prepare = _with(missing_services=frozenset({"FindEvents"}))
    async with _setup(prepare=prepare) as setup:
        files = await setup.driver.list_footage("source-1", "main", EVERYTHING)

    assert files[0].started_at == START
    assert (files[-1].ended_at, files[-1].is_open) == (NOW, True)
    assert all(a.ended_at == b.started_at for a, b in pairwise(files))


async def test_footage_carries_the_times_of_the_devices_clock():
    error = timedelta(seconds=-7200)
    async with _setup(prepare=_with(clock_offset_seconds=-7200.0)) as setup:
        listed = await setup.listed()

    # the device's clock is read to the second, so the growing end is known to a second
    assert [start for start, _ in listed] == [start + error for start, _ in _true_pieces()]
    assert abs(listed[-1][1] - (NOW + error)) <= timedelta(seconds=1)


async def test_a_stopped_recording_has_no_open_file():
    end = NOW - timedelta(hours=2)
    timeline = steady_timeline(2, START, end, now=lambda: NOW)
    async with _setup(timeline=timeline) as setup:
        files = await setup.driver.list_footage("source-1", "main", EVERYTHING)

    assert files[-1].ended_at == end
    assert not any(file.is_open for file in files)


async def test_windows_without_footage_and_the_sub_stream_have_none():
    async with _setup() as setup:
        before = Window(START - timedelta(days=2), START - timedelta(days=1))
        after = Window(NOW + timedelta(days=1), NOW + timedelta(days=2))
        assert await setup.driver.list_footage("source-1", "main", before) == ()
        assert await setup.driver.list_footage("source-1", "main", after) == ()
        assert await setup.driver.list_footage("source-1", "sub", EVERYTHING) == ()


async def test_a_device_that_is_busy_for_long_is_busy():
    async with _setup(prepare=_with(search_busy=100)) as setup:
        with pytest.raises(DeviceError) as failed:
            await setup.listed()

    assert failed.value.reason is FailureReason.BUSY


async def test_every_search_is_ended_also_when_listing_is_cancelled_or_fails():
    async with _setup(prepare=_switched(search_seconds=30.0, max_searches=1)) as setup:
        listing = asyncio.create_task(setup.listed())
        await eventually(lambda: len(setup.sent("Search")) >= 2)
        listing.cancel()
        await asyncio.wait([listing])
        switches_of(setup.device).search_seconds = 0.0
        listed = await setup.listed()

    # the one session that the device has was free again
    assert listing.cancelled()
    assert listed == _true_pieces()
