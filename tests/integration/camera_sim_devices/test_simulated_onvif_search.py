"""Search sessions of a simulated ONVIF device: what they bring, how they end, how they lie."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Self

import pytest

from tests.integration.camera_sim_devices.simulated_onvif_client import (
    OnvifAnswer,
    OnvifClient,
    token_header,
)
from tests.waiting import eventually
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.onvif.search_sessions import SearchSessions
from tools.camera_sim.devices.onvif.soap import SoapFault
from tools.camera_sim.devices.onvif.switches import switches_of
from tools.camera_sim.devices.onvif.xml import el
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.devices.timeline import steady_timeline

NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = NOON + HOUR / 6
SPEC = DeviceSpec(kind="recorder", channels=(ChannelSpec(name="Yard"), ChannelSpec(name="Gate")))
INVALID_TOKEN = ["s:Sender", "ter:InvalidArgVal", "ter:InvalidToken"]
BUSY = ["s:Receiver", "ter:Action", "ter:ResourceProblem"]
TRACKS = "<wsnt:TopicExpression>tns1:RecordingHistory/Track/State</wsnt:TopicExpression>"
FIRST = "<tse:Scope><tt:IncludedRecordings>recording-1</tt:IncludedRecordings></tse:Scope>"


def recorder(
    faults: DeviceFaults | None = None, *, until: datetime | None = None
) -> SimulatedDevice:
    """Records two channels from 8:00 until now (12:10), but for 9:00 to 10:00."""
    timeline = steady_timeline(
        2, NOON - 4 * HOUR, until, holes=[(NOON - 3 * HOUR, NOON - 2 * HOUR)], now=lambda: NOW
    )
    return SimulatedDevice(SPEC, timeline, faults)


class Searcher:
    """The device's clock stands still, and so does Created in what is asked here."""

    def __init__(self, device: SimulatedDevice) -> None:
        self._device, self._client = device, OnvifClient(device)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.http.aclose()

    async def ask(self, name: str, inner: str = "") -> OnvifAnswer:
        created = self._device.clock.now()
        header = token_header(SPEC.username, SPEC.password, created=created)
        return await self._client.ask(name, inner, header=header)

    async def find_recordings(self, scope: str = "<tse:Scope/>", more: str = "") -> str:
        answer = await self.ask(
            "tse:FindRecordings", f"{scope}{more}<tse:KeepAliveTime>PT30S</tse:KeepAliveTime>"
        )
        return self.token(answer)

    async def find_events(
        self,
        start: datetime,
        end: datetime | None,
        *,
        scope: str = FIRST,
        topics: str = TRACKS,
        start_state: bool = False,
    ) -> str:
        end_point = f"<tse:EndPoint>{end:%Y-%m-%dT%H:%M:%SZ}</tse:EndPoint>" if end else ""
        answer = await self.ask(
            "tse:FindEvents",
            f"<tse:StartPoint>{start:%Y-%m-%dT%H:%M:%SZ}</tse:StartPoint>{end_point}{scope}"
            f"<tse:SearchFilter>{topics}</tse:SearchFilter>"
            f"<tse:IncludeStartState>{str(start_state).lower()}</tse:IncludeStartState>"
            "<tse:KeepAliveTime>PT30S</tse:KeepAliveTime>",
        )
        return self.token(answer)

    async def results(self, kind: str, token: str, more: str = "") -> OnvifAnswer:
        of_token = f"<tse:SearchToken>{token}</tse:SearchToken>"
        return await self.ask(f"tse:Get{kind}SearchResults", of_token + more)

    async def end(self, token: str) -> OnvifAnswer:
        return await self.ask("tse:EndSearch", f"<tse:SearchToken>{token}</tse:SearchToken>")

    def token(self, answer: OnvifAnswer) -> str:
        assert answer.status == 200, answer.fault
        return answer.texts("tse:SearchToken")[0]


def states(answer: OnvifAnswer) -> list[tuple[str, str]]:
    """Hour, and whether data is there from then on."""
    times = [text[11:16] for text in answer.texts("tt:Result/tt:Time")]
    values = [item.get("Value", "") for item in answer.all("tt:Data/tt:SimpleItem")]
    return list(zip(times, values, strict=True))


async def test_finds_one_recording_per_channel_however_many_files_it_has() -> None:
    async with recorder() as device, Searcher(device) as client:
        summary = await client.ask("tse:GetRecordingSummary")
        answer = await client.results("Recording", await client.find_recordings())

    assert summary.texts("tt:NumberRecordings") == ["2"]
    assert sorted(answer.texts("tt:RecordingToken")) == ["recording-1", "recording-2"]
    assert answer.texts("tt:EarliestRecording") == ["2025-07-01T08:00:00.000Z"] * 2
    assert answer.texts("tt:RecordingStatus") == ["Recording"] * 2
    assert answer.texts("tt:SearchState") == ["Completed"]


SCOPES = {
    "recording": (FIRST, ["recording-1"]),
    "source": (
        (
            "<tse:Scope><tt:IncludedSources><tt:Token>source-2</tt:Token></tt:IncludedSources>"
            "</tse:Scope>"
        ),
        ["recording-2"],
    ),
    "filter": (
        (
            "<tse:Scope><tt:RecordingInformationFilter>boolean(//Source[Name='Gate'])"
            "</tt:RecordingInformationFilter></tse:Scope>"
        ),
        ["recording-2"],
    ),
    "nothing": (
        (
            "<tse:Scope><tt:RecordingInformationFilter>boolean(//Track[TrackType='Audio'])"
            "</tt:RecordingInformationFilter></tse:Scope>"
        ),
        [],
    ),
}


@pytest.mark.parametrize("case", SCOPES)
async def test_a_scope_leaves_over_what_it_names(case: str) -> None:
    scope, expected = SCOPES[case]
    async with recorder() as device, Searcher(device) as client:
        answer = await client.results("Recording", await client.find_recordings(scope))

    assert answer.texts("tt:RecordingToken") == expected


async def test_events_tell_where_footage_begins_and_ends() -> None:
    async with recorder() as device, Searcher(device) as client:
        answer = await client.results("Event", await client.find_events(NOON - 5 * HOUR, NOON))

    assert states(answer) == [("08:00", "true"), ("09:00", "false"), ("10:00", "true")]
    assert set(answer.texts("wsnt:Topic")) == {"tns1:RecordingHistory/Track/State"}


async def test_events_come_backwards_when_the_end_is_before_the_start() -> None:
    async with recorder(until=NOON) as device, Searcher(device) as client:
        answer = await client.results("Event", await client.find_events(NOON, NOON - 3 * HOUR))

    assert states(answer) == [("12:00", "false"), ("10:00", "true"), ("09:00", "false")]


async def test_the_start_state_tells_how_it_was_before_the_first_event() -> None:
    start = NOON - 2.5 * HOUR
    async with recorder() as device, Searcher(device) as client:
        token = await client.find_events(start, None, start_state=True)
        answer = await client.results("Event", token)

    assert states(answer) == [("09:30", "false"), ("10:00", "true")]
    assert answer.texts("tt:StartStateEvent") == ["true", "false"]


TOPICS = {
    "none": ("", 2),
    "tree": ("<wsnt:TopicExpression>tns1:RecordingHistory//.</wsnt:TopicExpression>", 2),
    "two": (
        (
            "<wsnt:TopicExpression>tns1:RecordingHistory/Track/State|"
            "tns1:RecordingHistory/Recording/State</wsnt:TopicExpression>"
        ),
        2,
    ),
    "one": (TRACKS, 1),
    "other": ("<wsnt:TopicExpression>tns1:VideoSource//.</wsnt:TopicExpression>", 0),
}


@pytest.mark.parametrize("case", TOPICS)
async def test_a_filter_chooses_topics(case: str) -> None:
    topics, expected = TOPICS[case]
    async with recorder() as device, Searcher(device) as client:
        token = await client.find_events(NOON - 4 * HOUR, NOON - 4 * HOUR, topics=topics)
        answer = await client.results("Event", token)

    assert len(states(answer)) == expected


async def test_times_carry_the_error_of_the_device_clock() -> None:
    faults = DeviceFaults(clock_offset_seconds=3600, zone="CET-1CEST,M3.5.0,M10.5.0/3")
    async with recorder(faults) as device, Searcher(device) as client:
        token = await client.find_events(NOON - 5 * HOUR, None)
        answer = await client.results("Event", token)

    assert states(answer) == [("09:00", "true"), ("10:00", "false"), ("11:00", "true")]


async def test_results_come_in_pages_and_never_twice() -> None:
    async with recorder() as device, Searcher(device) as client:
        token = await client.find_events(NOON - 5 * HOUR, None)
        pages = [
            await client.results("Event", token, "<tse:MaxResults>2</tse:MaxResults>")
            for _ in range(2)
        ]
        after = await client.results("Event", token)
        ended = await client.end(token)

    assert [page.texts("tt:SearchState") for page in pages] == [["Searching"], ["Completed"]]
    assert [len(states(page)) for page in pages] == [2, 1]
    assert after.fault == ended.fault == INVALID_TOKEN


async def test_an_ended_search_is_over_and_its_place_is_free() -> None:
    async with recorder() as device, Searcher(device) as client:
        switches_of(device).max_searches = 1
        token = await client.find_recordings()
        busy = await client.ask(
            "tse:FindRecordings", "<tse:Scope/><tse:KeepAliveTime>PT30S</tse:KeepAliveTime>"
        )
        await client.end(token)

        assert (busy.status, busy.fault) == (500, BUSY)
        assert (await client.results("Recording", token)).fault == INVALID_TOKEN
        assert await client.find_recordings() != token


async def test_one_kind_of_search_does_not_take_the_token_of_the_other() -> None:
    async with recorder() as device, Searcher(device) as client:
        answer = await client.results("Event", await client.find_recordings())

    assert answer.fault == INVALID_TOKEN


async def test_is_busy_as_often_as_it_is_told() -> None:
    async with recorder(DeviceFaults(search_busy=1)) as device, Searcher(device) as client:
        inner = "<tse:Scope/><tse:KeepAliveTime>PT30S</tse:KeepAliveTime>"

        assert (await client.ask("tse:FindRecordings", inner)).fault == BUSY
        assert (await client.ask("tse:FindRecordings", inner)).status == 200


async def test_a_cap_cuts_results_and_says_that_they_are_complete() -> None:
    async with recorder(DeviceFaults(result_cap=2)) as device, Searcher(device) as client:
        answer = await client.results("Event", await client.find_events(NOON - 5 * HOUR, None))

    assert len(states(answer)) == 2
    assert answer.texts("tt:SearchState") == ["Completed"]


async def test_can_search_for_ever_without_finding_more() -> None:
    async with recorder(DeviceFaults(more_empty=True)) as device, Searcher(device) as client:
        token = await client.find_recordings()
        first = await client.results("Recording", token)
        second = await client.results("Recording", token)

    assert len(first.texts("tt:RecordingToken")) == 2
    assert second.texts("tt:RecordingToken") == []
    assert first.texts("tt:SearchState") == second.texts("tt:SearchState") == ["Searching"]


async def test_can_repeat_the_last_result_on_the_next_page() -> None:
    async with (
        recorder(DeviceFaults(duplicate_at_seams=True)) as device,
        Searcher(device) as client,
    ):
        token = await client.find_events(NOON - 5 * HOUR, None)
        first = await client.results("Event", token, "<tse:MaxResults>2</tse:MaxResults>")
        second = await client.results("Event", token)

    assert states(second)[0] == states(first)[-1]


async def test_does_not_list_the_growing_file_when_it_is_told_not_to() -> None:
    async with (
        recorder(DeviceFaults(growing_last_file=False)) as device,
        Searcher(device) as client,
    ):
        answer = await client.results("Event", await client.find_events(NOON - 3 * HOUR, None))

    assert states(answer) == [("09:00", "false"), ("10:00", "true"), ("12:00", "false")]


async def test_a_device_without_event_search_still_finds_recordings() -> None:
    faults = DeviceFaults(missing_services=frozenset({"FindEvents"}))
    async with recorder(faults) as device, Searcher(device) as client:
        events = await client.ask("tse:FindEvents")
        token = await client.find_recordings()

    assert events.fault == ["s:Receiver", "ter:ActionNotSupported"]
    assert token


@pytest.mark.parametrize(
    "inner",
    [
        "<tse:Scope/><tse:KeepAliveTime>soon</tse:KeepAliveTime>",
        "<tse:Scope/><tse:MaxMatches>-1</tse:MaxMatches>",
        f"<tse:Scope/><tse:MaxMatches>{'9' * 5000}</tse:MaxMatches>",
        "<tse:Scope><tt:RecordingInformationFilter>//[</tt:RecordingInformationFilter></tse:Scope>",
        "<tse:Scope><tt:IncludedRecordings>x</tt:IncludedRecordings></tse:Scope>",
    ],
)
async def test_arguments_that_make_no_sense_begin_no_search(inner: str) -> None:
    async with recorder() as device, Searcher(device) as client:
        answer = await client.ask("tse:FindRecordings", inner)

    assert answer.fault[:2] == ["s:Sender", "ter:InvalidArgVal"]


@pytest.mark.parametrize("start", ["", "noon", "0001-01-01T00:00:00+14:00"])
async def test_events_from_no_time_at_all_are_refused(start: str) -> None:
    async with recorder() as device, Searcher(device) as client:
        answer = await client.ask("tse:FindEvents", f"<tse:StartPoint>{start}</tse:StartPoint>")

    assert answer.fault == ["s:Sender", "ter:InvalidArgVal", "ter:InvalidDateTime"]


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def sessions(clock: Clock) -> SearchSessions:
    return SearchSessions(clock)


def begin(searches: SearchSessions, *, results: int = 4, duration: float = 0) -> str:
    elements = [el("tt:Result", number) for number in range(results)]
    return searches.begin("events", elements, duration=duration, keep_alive=10, limit=2).token


async def test_a_session_that_nobody_asks_dies_and_one_that_is_asked_lives() -> None:
    clock = Clock()
    searches = sessions(clock)
    forgotten, kept = begin(searches), begin(searches)

    clock.seconds = 8
    searches.find(kept)
    clock.seconds = 16

    assert searches.find(kept).token == kept
    with pytest.raises(SoapFault) as raised:
        searches.find(forgotten)
    assert raised.value.subcodes == ("InvalidArgVal", "InvalidToken")
    assert searches.open_count == 1


async def test_waits_for_the_least_number_of_results_and_gives_what_there_is() -> None:
    clock = Clock()
    searches = sessions(clock)
    session = searches.find(begin(searches, duration=4))

    waiting = asyncio.create_task(searches.next_page(session, least=2, most=9, wait=60))
    await eventually(lambda: session.waiting == 1)
    clock.seconds = 3
    page = await waiting

    assert [result.text for result in page.results] == ["0", "1", "2"]
    assert not page.is_last


async def test_gives_nothing_when_the_time_to_wait_is_over() -> None:
    clock = Clock()
    searches = sessions(clock)
    session = searches.find(begin(searches, duration=100))

    waiting = asyncio.create_task(searches.next_page(session, least=1, most=9, wait=5))
    await eventually(lambda: session.waiting == 1)
    clock.seconds = 6
    page = await waiting

    assert page.results == []
    assert not page.is_last


async def test_a_session_does_not_expire_under_who_waits_and_can_be_ended_there() -> None:
    clock = Clock()
    searches = sessions(clock)
    session = searches.find(begin(searches, duration=100))

    waiting = asyncio.create_task(searches.next_page(session, least=4, most=9, wait=60))
    await eventually(lambda: session.waiting == 1)
    clock.seconds = 20
    assert searches.open_count == 1
    searches.end(session)

    with pytest.raises(SoapFault, match="ended"):
        await waiting
