"""The simulated Dahua device, request by request."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.integration.camera_sim_devices.simulated_device_client import (
    NOW,
    Clock,
    client,
    fields,
)
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.devices.timeline import Timeline, steady_timeline, stored_file

SPEC = DeviceSpec(
    protocols=frozenset({"dahua"}),
    channels=(
        ChannelSpec(
            name="Gate",
            codec="h265",
            main_url="rtsp://127.0.0.1:8554/main",
            sub_url="rtsp://127.0.0.1:8554/sub",
        ),
        ChannelSpec(name="Yard"),
    ),
    kind="recorder",
)
FINDER = "/cgi-bin/mediaFileFind.cgi"
DAY = {
    "condition.StartTime": "2025-06-30 00:00:00",
    "condition.EndTime": "2025-07-03 00:00:00",
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def device(clock: Clock) -> AsyncIterator[SimulatedDevice]:
    """Per channel 120 finished files of five minutes, and one that grows."""
    start = NOW - timedelta(minutes=602)
    timeline = steady_timeline(2, start, None, file_seconds=300, now=clock)
    async with SimulatedDevice(SPEC, timeline) as running:
        yield running


async def get(device: SimulatedDevice, path: str, **query: str) -> httpx.Response:
    async with client(device) as opened:
        return await opened.get(f"/cgi-bin/{path}", params=query)


async def create(opened: httpx.AsyncClient) -> str:
    answer = await opened.get(FINDER, params={"action": "factory.create"})
    return fields(answer.text)["result"]


async def find(opened: httpx.AsyncClient, finder: str, **condition: str) -> httpx.Response:
    query = {"action": "findFile", "object": finder, "condition.Channel": "1"} | DAY
    given = {f"condition.{name}": value for name, value in condition.items()}
    return await opened.get(FINDER, params=query | given)


async def following(opened: httpx.AsyncClient, finder: str, count: int = 100) -> dict[str, str]:
    query = {"action": "findNextFile", "object": finder, "count": str(count)}
    return fields((await opened.get(FINDER, params=query)).text)


async def listing(device: SimulatedDevice, **condition: str) -> list[dict[str, str]]:
    """One search from the first to the last request; at most a dozen pages."""
    pages: list[dict[str, str]] = []
    async with client(device) as opened:
        finder = await create(opened)
        await find(opened, finder, **condition)
        while len(pages) < 12 and (page := await following(opened, finder))["found"] != "0":
            pages.append(page)
        for action in ("close", "destroy"):
            await opened.get(FINDER, params={"action": action, "object": finder})
    return pages


async def test_it_tells_who_it_is(device: SimulatedDevice) -> None:
    answers = {
        action: (await get(device, "magicBox.cgi", action=action)).text
        for action in ("getDeviceType", "getSerialNo", "getMachineName", "getSoftwareVersion")
    }
    inputs = await get(
        device, "magicBox.cgi", action="getProductDefinition", name="MaxRemoteInputChannels"
    )

    assert answers == {
        "getDeviceType": f"type={SPEC.model}\r\n",
        "getSerialNo": f"sn={SPEC.serial}\r\n",
        "getMachineName": "name=Front door\r\n",
        "getSoftwareVersion": "version=V5.7.3,build:220112\r\n",
    }
    assert inputs.text == "table.MaxRemoteInputChannels=2\r\n"


async def test_its_clock_is_wall_clock_with_its_error(device: SimulatedDevice) -> None:
    device.faults.zone = "CET-1CEST,M3.5.0,M10.5.0/3"
    device.faults.clock_offset_seconds = 90

    answer = await get(device, "global.cgi", action="getCurrentTime")

    assert answer.text == "result=2025-07-01 14:01:30\r\n"


@pytest.mark.parametrize(
    ("zone", "index", "dst"),
    [
        ("CET-1CEST,M3.5.0,M10.5.0/3", "1", "true"),
        ("EST5EDT,M3.2.0,M11.1.0", "25", "true"),
        ("IST-5:30", "8", "false"),
        ("NST3:30", "23", "false"),
    ],
)
async def test_zone_and_daylight_saving_time_are_in_the_configuration(
    device: SimulatedDevice, zone: str, index: str, dst: str
) -> None:
    device.faults.zone = zone

    ntp = fields((await get(device, "configManager.cgi", action="getConfig", name="NTP")).text)
    locales = await get(device, "configManager.cgi", action="getConfig", name="Locales")

    assert ntp["table.NTP.TimeZone"] == index
    assert fields(locales.text)["table.Locales.DSTEnable"] == dst


async def test_daylight_saving_time_of_berlin_is_told_by_weeks(device: SimulatedDevice) -> None:
    device.faults.zone = "CET-1CEST,M3.5.0,M10.5.0/3"

    answer = await get(device, "configManager.cgi", action="getConfig", name="Locales")

    told = fields(answer.text)
    start = [told[f"table.Locales.DSTStart.{part}"] for part in ("Month", "Week", "Day", "Hour")]
    end = [told[f"table.Locales.DSTEnd.{part}"] for part in ("Month", "Week", "Day", "Hour")]
    assert (start, end) == (["3", "-1", "0", "2"], ["10", "-1", "0", "3"])


async def test_a_zone_that_has_no_number_is_left_out(device: SimulatedDevice) -> None:
    device.faults.zone = "CST-10:30:00DST00:30:00,M10.1.0/02:00:00,M4.1.0/02:00:00"

    told = fields((await get(device, "configManager.cgi", action="getConfig", name="NTP")).text)

    assert "table.NTP.TimeZone" not in told
    assert told["table.NTP.TimeZoneDesc"] == "GMT+10:30"


async def test_streams_titles_and_rtsp_port_are_in_the_configuration(
    device: SimulatedDevice,
) -> None:
    tables: dict[str, str] = {}
    for name in ("Encode", "ChannelTitle", "RTSP", "Network", "RemoteDevice"):
        answer = await get(device, "configManager.cgi", action="getConfig", name=name)
        tables |= fields(answer.text)

    assert tables["table.Encode[0].MainFormat[0].Video.Compression"] == "H.265"
    assert tables["table.Encode[0].ExtraFormat[0].Video.Width"] == "480"
    assert tables["table.Encode[1].ExtraFormat[0].VideoEnable"] == "false"
    assert tables["table.ChannelTitle[1].Name"] == "Yard"
    assert tables["table.RTSP.Port"] == "8554"
    assert tables["table.Network.eth0.PhysicalAddress"] == SPEC.mac
    assert tables["table.RemoteDevice.uuid:System_CONFIG_NETCAMERA_INFO_0.Name"] == "Gate"


async def test_a_search_pages_through_every_file_once(device: SimulatedDevice) -> None:
    pages = await listing(device, VideoStream="Main", **{"Types[0]": "dav"})

    paths = [value for page in pages for key, value in page.items() if key.endswith("FilePath")]
    assert [page["found"] for page in pages] == ["100", "21"]
    assert len(set(paths)) == 121
    assert pages[0]["items[0].FilePath"] == (
        "/mnt/sd/2025-07-01/001/dav/01/01.58.00-02.03.00[R][0@0][0].dav"
    )
    assert pages[0]["items[0].StartTime"] == "2025-07-01 01:58:00"
    assert pages[0]["items[0].Duration"] == "300"
    assert paths[-1].endswith("/11.58.00-11.58.00[R][0@0][0].dav_")
    assert device.open_finders == set()


@pytest.mark.parametrize(
    "condition",
    [{"VideoStream": "Extra1"}, {"Types[0]": "jpg"}, {"EndTime": "2025-06-30 00:00:01"}],
)
async def test_what_does_not_fit_the_condition_is_not_found(
    device: SimulatedDevice, condition: dict[str, str]
) -> None:
    assert await listing(device, **condition) == []


async def test_finders_are_scarce_until_they_are_destroyed(device: SimulatedDevice) -> None:
    device.faults.finder_leak_limit = 2
    async with client(device) as opened:
        finders = [await create(opened) for _ in range(2)]
        refused = await opened.get(FINDER, params={"action": "factory.create"})
        await opened.get(FINDER, params={"action": "close", "object": finders[0]})
        closed_only = await opened.get(FINDER, params={"action": "factory.create"})
        await opened.get(FINDER, params={"action": "destroy", "object": finders[0]})
        again = await opened.get(FINDER, params={"action": "factory.create"})

    assert [refused.status_code, closed_only.status_code, again.status_code] == [503, 503, 200]
    assert refused.text.startswith("Error\r\n")
    assert len(device.open_finders) == 2


async def test_a_finder_that_does_not_exist_is_a_bad_request(device: SimulatedDevice) -> None:
    async with client(device) as opened:
        answer = await find(opened, "99999")

    assert (answer.status_code, answer.text) == (400, "Error\r\nBad Request!\r\n")


@pytest.mark.parametrize(("base", "good", "bad"), [(1, "2", "0"), (0, "0", "2")])
async def test_channels_count_from_the_base_of_the_firmware(
    device: SimulatedDevice, base: int, good: str, bad: str
) -> None:
    device.faults.change("channel_base", base)
    async with client(device) as opened:
        finder = await create(opened)
        accepted, refused = (
            await find(opened, finder, Channel=good),
            await find(opened, finder, Channel=bad),
        )
        await find(opened, finder, Channel=good)
        page = await following(opened, finder)

    assert [accepted.status_code, refused.status_code] == [200, 400]
    assert page["items[0].Channel"] == good


async def test_answers_of_some_recorders_have_stray_blanks(device: SimulatedDevice) -> None:
    device.faults.stray_spaces = True

    answer = await get(device, "magicBox.cgi", action="getSerialNo")

    assert answer.text == f" sn = {SPEC.serial} \r\n"


async def test_new_firmware_tells_and_takes_true_utc(device: SimulatedDevice) -> None:
    device.faults.real_utc, device.faults.zone = True, "CET-1CEST,M3.5.0,M10.5.0/3"

    pages = await listing(
        device, StartTimeRealUTC="2025-07-01T08:00:00Z", EndTimeRealUTC="2025-07-01T08:03:00Z"
    )

    assert [page["found"] for page in pages] == ["1"]
    assert pages[0]["items[0].StartTimeRealUTC"] == "2025-07-01T07:58:00Z"
    assert pages[0]["items[0].StartTime"] == "2025-07-01 09:58:00"


async def test_an_empty_search_can_be_a_bad_request(device: SimulatedDevice) -> None:
    device.faults.empty_is_400 = True
    async with client(device) as opened:
        answer = await find(opened, await create(opened), EndTime="2025-06-30 00:00:01")

    assert answer.status_code == 400


async def test_caps_doubles_and_a_hidden_growing_file_work_as_with_isapi(
    device: SimulatedDevice,
) -> None:
    faults = device.faults
    faults.page_cap, faults.duplicate_at_seams, faults.growing_last_file = 50, True, False
    doubled = await listing(device)
    faults.result_cap = 10
    capped = await listing(device)

    assert [page["found"] for page in doubled] == ["50", "50", "22"]
    assert doubled[0]["items[49].FilePath"] == doubled[1]["items[0].FilePath"]
    assert [page["found"] for page in capped] == ["10"]


async def test_the_growing_file_keeps_its_name_while_it_grows(
    device: SimulatedDevice, clock: Clock
) -> None:
    before = (await listing(device))[-1]
    clock.at += timedelta(seconds=60)
    after = (await listing(device))[-1]

    assert before["items[20].FilePath"] == after["items[20].FilePath"]
    assert before["items[20].EndTime"] == "2025-07-01 12:00:00"
    assert after["items[20].EndTime"] == "2025-07-01 12:01:00"
    assert int(after["items[20].Length"]) > int(before["items[20].Length"])


async def test_the_hour_that_comes_twice_looks_the_same_twice() -> None:
    first = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)  # 02:30 in summer
    files = [
        stored_file(1, "main", first + timedelta(hours=n), first + timedelta(hours=n, minutes=20))
        for n in range(2)
    ]
    async with SimulatedDevice(SPEC, Timeline(files, Clock())) as device:
        device.faults.zone = "CET-1CEST,M3.5.0,M10.5.0/3"
        pages = await listing(
            device, StartTime="2025-10-26 02:00:00", EndTime="2025-10-26 03:00:00"
        )

    assert pages[0]["items[0].StartTime"] == pages[0]["items[1].StartTime"] == "2025-10-26 02:30:00"


async def test_a_busy_device_refuses_a_search(device: SimulatedDevice) -> None:
    device.faults.search_busy = 1
    async with client(device) as opened:
        finder = await create(opened)
        answers = [await find(opened, finder) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [503, 200]


@pytest.mark.parametrize(
    ("disk", "told"), [("ok", ["Success", "false"]), ("error", ["Failure", "true"])]
)
async def test_storage_tells_sizes_and_health(
    device: SimulatedDevice, disk: str, told: list[str]
) -> None:
    device.faults.change("disk", disk)

    seen = fields((await get(device, "storageDevice.cgi", action="getDeviceAllInfo")).text)

    assert [seen["list.info[0].State"], seen["list.info[0].Detail[0].IsError"]] == told
    assert seen["list.info[0].Detail[0].TotalBytes"] == "1000000000000.000000"


async def test_without_a_disk_storage_is_an_error(device: SimulatedDevice) -> None:
    device.faults.disk = "none"

    answer = await get(device, "storageDevice.cgi", action="getDeviceAllInfo")

    assert answer.status_code == 400


async def test_snapshots_are_jpegs_and_may_fail(device: SimulatedDevice) -> None:
    good = await get(device, "snapshot.cgi", channel="2")
    nowhere = await get(device, "snapshot.cgi", channel="3")
    device.faults.picture_fails = "both"
    failed = await get(device, "snapshot.cgi", channel="1")

    assert good.content.startswith(b"\xff\xd8")
    assert [nowhere.status_code, failed.status_code] == [400, 500]


async def test_rights_missing_services_and_errors_with_status_200(device: SimulatedDevice) -> None:
    device.faults.low_privilege = True
    forbidden = await get(device, "magicBox.cgi", action="getSerialNo")
    device.faults.clear()
    device.faults.missing_services = frozenset({"mediaFileFind"})
    missing = await get(device, "mediaFileFind.cgi", action="factory.create")
    device.faults.clear()
    device.faults.ok_200_with_xml_error = True
    lying = await get(device, "magicBox.cgi", action="getSerialNo")

    assert [forbidden.status_code, missing.status_code] == [403, 400]
    assert (lying.status_code, lying.text.startswith("Error")) == (200, True)


async def test_the_challenge_names_the_serial_and_only_cgi_paths_ask_for_a_login(
    device: SimulatedDevice,
) -> None:
    async with client(device, login=False) as opened:
        inside = await opened.get("/cgi-bin/nonsense.cgi")
        outside = await opened.get("/nonsense")

    assert f'realm="Login to {SPEC.serial}"' in inside.headers["www-authenticate"]
    assert [inside.status_code, outside.status_code] == [401, 404]


async def test_a_locked_account_is_refused_with_the_right_password(device: SimulatedDevice) -> None:
    device.faults.lockout_tries = 1
    async with client(device, password="wrong") as opened:
        await opened.get("/cgi-bin/magicBox.cgi", params={"action": "getSerialNo"})

    answer = await get(device, "magicBox.cgi", action="getSerialNo")

    assert answer.status_code == 401
