"""Every way in which ISAPI searches lie, as it shows on the wire."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.integration.camera_sim_devices.simulated_device_client import (
    NOW,
    Clock,
    client,
    search,
    values,
)
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.spec import DeviceSpec
from tools.camera_sim.devices.timeline import Timeline, steady_timeline, stored_file

SPEC = DeviceSpec(protocols=frozenset({"isapi"}))
BERLIN = "CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def device(clock: Clock) -> AsyncIterator[SimulatedDevice]:
    """A hundred finished files of five minutes, and one that grows."""
    start = NOW - timedelta(minutes=502)
    timeline = steady_timeline(1, start, None, file_seconds=300, now=clock)
    async with SimulatedDevice(SPEC, timeline) as running:
        yield running


async def pages(opened: httpx.AsyncClient, *, limit: int = 40) -> list[httpx.Response]:
    """Pages until the device says that there are no more, a dozen at most."""
    answers: list[httpx.Response] = []
    position = 0
    while len(answers) < 12:
        answers.append(await search(opened, position=position, limit=limit))
        position += int(values(answers[-1].content, "numOfMatches")[0])
        if values(answers[-1].content, "responseStatusStrg") != ["MORE"]:
            break
    return answers


def starts(answers: list[httpx.Response]) -> list[str]:
    """Start times of all items; the query's own are not echoed."""
    return [start for answer in answers for start in values(answer.content, "startTime")]


async def test_pages_bring_every_file_once_and_end_with_ok(device: SimulatedDevice) -> None:
    async with client(device) as opened:
        answers = await pages(opened, limit=1000)

    counts = [values(answer.content, "numOfMatches") for answer in answers]
    assert counts == [["40"], ["40"], ["21"]]
    assert len(set(starts(answers))) == 101
    assert values(answers[-1].content, "responseStatusStrg") == ["OK"]
    assert values(answers[0].content, "totalMatches") == []


async def test_a_window_without_footage_has_no_matches_and_no_list(device: SimulatedDevice) -> None:
    async with client(device) as opened:
        answer = await search(opened, start="2020-01-01T00:00:00Z", end="2020-01-02T00:00:00Z")

    assert values(answer.content, "responseStatusStrg") == ["NO MATCHES"]
    assert values(answer.content, "matchList") == []


async def test_a_session_that_is_capped_says_ok_on_its_last_page(device: SimulatedDevice) -> None:
    device.faults.result_cap = 50

    async with client(device) as opened:
        answers = await pages(opened)

    assert len(starts(answers)) == 50
    assert values(answers[-1].content, "responseStatusStrg") == ["OK"]


async def test_more_is_promised_for_ever_and_nothing_comes(device: SimulatedDevice) -> None:
    device.faults.more_empty = True

    async with client(device) as opened:
        answers = await pages(opened)

    assert len(starts(answers)) == 101
    assert values(answers[-1].content, "responseStatusStrg") == ["MORE"]
    assert values(answers[-1].content, "numOfMatches") == ["0"]


async def test_pages_begin_with_the_last_item_of_the_page_before(device: SimulatedDevice) -> None:
    device.faults.duplicate_at_seams = True

    async with client(device) as opened:
        answers = await pages(opened, limit=10)

    first, second = starts(answers[:1]), starts(answers[1:2])
    assert first[-1] == second[0]
    assert len(set(starts(answers))) == 101


async def test_items_of_a_page_can_come_in_no_order(device: SimulatedDevice) -> None:
    device.faults.scrambles_results = True

    async with client(device) as opened:
        told = starts(await pages(opened))

    assert told != sorted(told)
    assert len(set(told)) == 101


async def test_the_page_cap_holds_whatever_was_asked_for(device: SimulatedDevice) -> None:
    device.faults.page_cap = 7

    async with client(device) as opened:
        answer = await search(opened, limit=40)

    assert values(answer.content, "numOfMatches") == ["7"]


async def test_the_file_being_written_is_listed_with_end_and_size_of_the_moment(
    device: SimulatedDevice, clock: Clock
) -> None:
    async with client(device) as opened:
        before = (await pages(opened))[-1].content
        clock.at += timedelta(seconds=30)
        after = (await pages(opened))[-1].content
        device.faults.growing_last_file = False
        without = await pages(opened)

    assert values(before, "startTime")[-1] == values(after, "startTime")[-1]
    assert values(before, "endTime")[-1] == "2025-07-01T12:00:00Z"
    assert values(after, "endTime")[-1] == "2025-07-01T12:00:30Z"
    assert values(before, "playbackURI")[-1] != values(after, "playbackURI")[-1]
    assert len(starts(without)) == 100


async def test_every_fifth_item_has_no_playback_uri(device: SimulatedDevice) -> None:
    device.faults.missing_playback_uri = True

    async with client(device) as opened:
        answer = await search(opened, limit=10)

    assert len(values(answer.content, "searchMatchItem")) == 10
    assert len(values(answer.content, "playbackURI")) == 8


async def test_playback_uris_name_file_size_and_the_host_that_is_switched_on(
    device: SimulatedDevice,
) -> None:
    device.faults.nat_host = "192.0.2.77"
    device.faults.playback_uri_has_login = True

    async with client(device) as opened:
        uri = values((await search(opened, limit=1)).content, "playbackURI")[0]

    stored = device.timeline.files()[0]
    assert uri == (
        f"rtsp://admin:{SPEC.password}@192.0.2.77/Streaming/tracks/101/?starttime=20250701T033800Z"
        f"&endtime=20250701T034300Z&name={stored.name}&size={stored.bytes}"
    )


async def test_newer_firmware_tells_the_total(device: SimulatedDevice) -> None:
    device.faults.total_matches = True

    async with client(device) as opened:
        answer = await search(opened, limit=5)

    assert values(answer.content, "totalMatches") == ["101"]


async def test_a_busy_device_refuses_that_many_searches(device: SimulatedDevice) -> None:
    device.faults.search_busy = 2

    async with client(device) as opened:
        answers = [await search(opened) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert values(answers[0].content, "statusCode") == ["2"]


async def test_a_search_id_that_is_no_uuid_is_bad_content(device: SimulatedDevice) -> None:
    async with client(device) as opened:
        strict = await search(opened, search_id="C-1")
        device.faults.strict_uuid = False
        lenient = await search(opened, search_id="C-1")

    assert (strict.status_code, values(strict.content, "statusCode")) == (400, ["6"])
    assert lenient.status_code == 200


async def test_both_spellings_are_understood_unless_the_device_is_strict(
    device: SimulatedDevice,
) -> None:
    async with client(device) as opened:
        lenient = await search(
            opened, position=100, position_name="searchResultPosition", list_name="trackList"
        )
        device.faults.strict_names = True
        spelled_right = await search(opened, position_name="searchResultPosition")
        other_list = await search(opened, list_name="trackList")
        working = await search(opened)

    assert values(lenient.content, "numOfMatches") == ["1"]
    codes = [answer.status_code for answer in (spelled_right, other_list, working)]
    assert codes == [400, 400, 200]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [("<a><b></a>", 400, "5"), ("<a/>", 400, "6"), ("", 400, "5")],
)
async def test_bad_search_documents_are_answered_with_a_response_status(
    device: SimulatedDevice, body: str, status: int, code: str
) -> None:
    async with client(device) as opened:
        answer = await opened.post("/ISAPI/ContentMgmt/search", content=body)

    assert (answer.status_code, values(answer.content, "statusCode")) == (status, [code])


@pytest.mark.parametrize(
    "start",
    ["yesterday", "2025-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00", "2025-01-01T00:00:00+99:99"],
)
async def test_times_that_do_not_exist_are_bad_parameters(
    device: SimulatedDevice, start: str
) -> None:
    async with client(device) as opened:
        answer = await search(opened, start=start)

    assert values(answer.content, "subStatusCode") == ["badParameters"]


@pytest.mark.parametrize(
    ("year", "month"), [("0", "1"), ("2025", "13"), ("x", "1"), ("99999", "1")]
)
async def test_months_that_do_not_exist_are_bad_parameters(
    device: SimulatedDevice, year: str, month: str
) -> None:
    async with client(device) as opened:
        answer = await opened.post(
            "/ISAPI/ContentMgmt/record/tracks/101/dailyDistribution",
            content=f"<a><year>{year}</year><monthOfYear>{month}</monthOfYear></a>",
        )

    assert values(answer.content, "subStatusCode") == ["badParameters"]


async def test_get_in_place_of_post_is_not_allowed(device: SimulatedDevice) -> None:
    async with client(device) as opened:
        answer = await opened.get("/ISAPI/ContentMgmt/search")

    assert answer.status_code == 403
    assert values(answer.content, "subStatusCode") == ["methodNotAllowed"]


async def test_a_track_of_no_channel_is_a_bad_parameter_and_an_empty_one_has_no_matches(
    device: SimulatedDevice,
) -> None:
    async with client(device) as opened:
        nowhere = await search(opened, track="901")
        empty = await search(opened, track="102")

    assert nowhere.status_code == 400
    assert values(empty.content, "responseStatusStrg") == ["NO MATCHES"]


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("utc", "2025-07-01T08:00:00Z"),
        ("local", "2025-07-01T10:00:00Z"),
        ("offset", "2025-07-01T10:00:00+02:00"),
    ],
)
async def test_times_are_written_and_read_as_the_firmware_means_them(mode: str, told: str) -> None:
    eight = datetime(2025, 7, 1, 8, tzinfo=UTC)
    timeline = Timeline([stored_file(1, "main", eight, eight + timedelta(hours=1))], Clock())
    async with SimulatedDevice(SPEC, timeline) as device, client(device) as opened:
        device.faults.zone = BERLIN
        device.faults.change("clock_mode", mode)
        wide = await search(opened)
        by_utc = await search(opened, start="2025-07-01T08:10:00Z", end="2025-07-01T08:20:00Z")
        by_wall = await search(opened, start="2025-07-01T10:10:00Z", end="2025-07-01T10:20:00Z")

    assert values(wide.content, "startTime") == [told]
    found = [values(answer.content, "numOfMatches")[0] for answer in (by_utc, by_wall)]
    assert found == (["0", "1"] if mode == "local" else ["1", "0"])


async def test_an_offset_in_a_query_is_believed_by_firmware_on_true_time(
    device: SimulatedDevice,
) -> None:
    async with client(device) as opened:
        answer = await search(
            opened, start="2025-07-01T08:00:00-03:00", end="2025-07-01T09:00:00-03:00"
        )

    assert values(answer.content, "startTime")[0] == "2025-07-01T10:58:00Z"


async def test_the_hour_that_comes_twice_is_written_twice_by_firmware_on_local_time() -> None:
    first = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)  # 02:30 in summer
    files = [
        stored_file(1, "main", first + timedelta(hours=n), first + timedelta(hours=n + 1))
        for n in range(2)
    ]
    async with SimulatedDevice(SPEC, Timeline(files, Clock())) as device, client(device) as opened:
        device.faults.zone, device.faults.clock_mode = BERLIN, "local"
        answer = await search(opened, start="2025-10-26T00:00:00Z", end="2025-10-27T00:00:00Z")

    assert values(answer.content, "startTime") == ["2025-10-26T02:30:00Z", "2025-10-26T02:30:00Z"]
    assert values(answer.content, "endTime") == ["2025-10-26T02:30:00Z", "2025-10-26T03:30:00Z"]


async def test_a_wrong_clock_moves_files_and_queries_alike(device: SimulatedDevice) -> None:
    device.faults.clock_offset_seconds = -3600

    async with client(device) as opened:
        answer = await search(opened, limit=1)
        clock_now = await opened.get("/ISAPI/System/time")

    assert values(answer.content, "startTime") == ["2025-07-01T02:38:00Z"]
    assert values(clock_now.content, "localTime") == ["2025-07-01T11:00:00+00:00"]


async def test_days_with_footage_are_days_of_the_devices_zone() -> None:
    late = datetime(2025, 7, 3, 23, 0, tzinfo=UTC)
    timeline = Timeline([stored_file(1, "main", late, late + timedelta(minutes=5))], Clock())
    async with SimulatedDevice(SPEC, timeline) as device, client(device) as opened:
        device.faults.zone = BERLIN
        answer = await opened.post(
            "/ISAPI/ContentMgmt/record/tracks/101/dailyDistribution",
            content="<trackDailyParam><year>2025</year><monthOfYear>7</monthOfYear></trackDailyParam>",
        )

    days = zip(values(answer.content, "dayOfMonth"), values(answer.content, "record"), strict=True)
    assert [day for day, recorded in days if recorded == "true"] == ["4"]
