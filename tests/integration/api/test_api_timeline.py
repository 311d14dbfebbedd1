"""The timeline and the calendar over real tables."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from libs.bus.keyvalue import Change
from libs.contracts.cameras import CameraState
from libs.contracts.footage import FootageFile, StoredFootageFound
from libs.contracts.gaps import GapReason
from libs.contracts.ownership import RecordingProgress
from libs.contracts.times import isoformat_z
from services.api.access import Permission, Principal
from services.api.rights import principal_of
from tests.integration.api.conftest import NOW, Api, gap, recording

T0 = NOW - timedelta(hours=3)
HOUR = timedelta(hours=1)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def ms(*seconds: float) -> list[int]:
    return [round(at(each).timestamp() * 1000) for each in seconds]


async def timeline(
    api: Api, start: datetime = T0, end: datetime = NOW, **params: Any
) -> list[dict[str, Any]]:
    asked = {"camera": "front-door", "from": isoformat_z(start), "to": isoformat_z(end)}
    answer = await api.client.get("/api/v1/timeline", params={**asked, **params})
    assert answer.status_code == 200, answer.text
    tracks: list[dict[str, Any]] = answer.json()
    return tracks


def stored(start: datetime, end: datetime, name: str = "a") -> StoredFootageFound:
    file = FootageFile(channel="1", file_id=name, started_at=start, ended_at=end)
    return StoredFootageFound.of(
        file, camera_id="front-door", device_id="box", clock_offset_seconds=0.0, found_at=NOW
    )


def say_progress(api: Api, **fields: object) -> None:
    values = {
        "camera_id": "front-door",
        "recorder": "r1",
        "epoch": 1,
        "seen_at": NOW,
        "accounted_until": NOW,
        "state": CameraState.RECORDING,
        "state_since": T0,
        **fields,
    }
    progress = RecordingProgress.model_validate(values)
    api.context.board.on_progress(Change("main.front-door", progress, 1))


async def test_adjoining_and_overlapping_recordings_are_one_span(api: Api):
    await api.apply(recording(at(0)), recording(at(60)), recording(at(90), epoch=2))

    (track,) = await timeline(api)

    assert track["recorded"] == [ms(0, 150)]
    assert track["gaps"] == track["stored"] == []
    assert track["pending_from_ms"] is None


async def test_spans_closer_than_the_resolution_are_joined_and_wider_holes_stay(api: Api):
    await api.apply(recording(at(0)), recording(at(70)), recording(at(141)))

    (exact,) = await timeline(api, resolution_seconds=3)
    (coarse,) = await timeline(api, resolution_seconds=10)

    assert exact["recorded"] == [ms(0, 60), ms(70, 130), ms(141, 201)]
    assert coarse["recorded"] == [ms(0, 130), ms(141, 201)]


async def test_spans_are_cut_to_the_range_that_is_asked(api: Api):
    midnight = datetime(2026, 11, 20, tzinfo=UTC)
    await api.apply(recording(midnight - timedelta(seconds=60), 120))

    (track,) = await timeline(api, midnight - timedelta(seconds=30), midnight + HOUR)

    start = round(midnight.timestamp() * 1000)
    assert track["recorded"] == [[start - 30_000, start + 60_000]]


async def test_gap_is_shown_without_what_was_recorded_and_with_its_newest_reason(api: Api):
    await api.apply(
        gap(at(0), at(300), detail="no answer"),
        gap(at(200), None, reason=GapReason.RECORDER_DOWN),
        recording(at(60)),
    )

    (track,) = await timeline(api)

    shown = [(g["start_ms"], g["end_ms"], g["reason"]) for g in track["gaps"]]
    now_ms = round(NOW.timestamp() * 1000)
    assert shown == [
        (*ms(0, 60), "camera_offline"),
        (*ms(120, 200), "camera_offline"),
        (*ms(200), now_ms, "recorder_down"),
    ]
    assert track["gaps"][0]["detail"] == "no answer"


async def test_gap_that_has_not_come_to_its_end_stops_now_and_not_in_the_future(api: Api):
    await api.add_camera()
    await api.apply(gap(NOW - timedelta(seconds=90), None))

    (track,) = await timeline(api, end=NOW + HOUR)
    (future,) = await timeline(api, NOW + timedelta(seconds=1), NOW + HOUR)

    assert [g["end_ms"] for g in track["gaps"]] == [round(NOW.timestamp() * 1000)]
    assert future["gaps"] == []


async def test_many_short_gaps_of_a_step_are_drawn_as_one(api: Api):
    await api.add_camera()
    await api.apply(*(gap(at(i * 10), at(i * 10 + 5)) for i in range(60)))

    (track,) = await timeline(api, resolution_seconds=600)
    (exact,) = await timeline(api, resolution_seconds=3)

    assert [(g["start_ms"], g["end_ms"]) for g in track["gaps"]] == [tuple(ms(0, 595))]
    assert len(exact["gaps"]) == 60


async def test_stored_is_what_the_device_holds_and_nobody_recorded(api: Api):
    await api.apply(recording(at(60)), stored(at(0), at(300)), stored(at(300), at(310), "b"))

    (track,) = await timeline(api)

    assert track["stored"] == [ms(0, 60), ms(120, 310)]


async def test_second_that_a_device_holds_more_than_was_recorded_is_not_worth_showing(api: Api):
    await api.apply(recording(at(0)), stored(at(-0.4), at(60.7)))

    (track,) = await timeline(api, at(-100))

    assert track["stored"] == []


async def test_footage_in_a_spool_is_pending_and_not_missing_from_the_recordings(api: Api):
    await api.add_camera()
    waits_from = NOW - timedelta(seconds=100)
    say_progress(api, stored_until=waits_from)
    await api.apply(
        gap(NOW - timedelta(seconds=50), NOW - timedelta(seconds=40)),
        stored(NOW - timedelta(seconds=300), NOW),
    )

    (track,) = await timeline(api)
    (earlier,) = await timeline(api, T0, NOW - HOUR)
    (later,) = await timeline(api, NOW - timedelta(seconds=30), NOW + HOUR)

    unix = NOW.timestamp()
    assert track["pending_from_ms"] == round(waits_from.timestamp() * 1000)
    seconds = [[x / 1000 - unix for x in span] for span in track["stored"]]
    assert seconds == [[-300, -100], [-50, -40]]
    assert earlier["pending_from_ms"] is None
    assert later["pending_from_ms"] == round((unix - 30) * 1000)


async def test_what_waits_to_be_stored_is_not_offered_as_held_by_the_device_only(api: Api):
    await api.add_camera()
    say_progress(api, stored_until=NOW - timedelta(seconds=100))
    await api.apply(stored(NOW - timedelta(seconds=90), NOW - timedelta(seconds=10)))

    (track,) = await timeline(api)

    assert track["stored"] == []


async def test_cameras_are_answered_in_the_order_asked_and_each_once(api: Api):
    await api.apply(*(recording(at(0), camera_id=c) for c in ("a", "b")))

    tracks = await timeline(api, camera=["b", "a", "b"])

    assert [t["camera_id"] for t in tracks] == ["b", "a"]


@pytest.mark.parametrize("path", ["timeline", "calendar"])
async def test_camera_that_may_not_be_seen_answers_as_one_that_does_not_exist(api: Api, path: str):
    await api.apply(recording(at(0), camera_id="secret"), recording(at(0), camera_id="mine"))
    viewer = Principal("user", "u", "u", frozenset({Permission.FOOTAGE_READ}), frozenset({"mine"}))
    api.app.dependency_overrides[principal_of] = lambda: viewer
    times = {"timeline": "2026-11-20T00:00:00Z", "calendar": "2026-11-20"}[path]
    later = {"timeline": "2026-11-21T00:00:00Z", "calendar": "2026-11-21"}[path]

    answers = {
        camera: await api.client.get(
            f"/api/v1/{path}", params={"camera": ["mine", camera], "from": times, "to": later}
        )
        for camera in ("mine", "secret", "nobody")
    }

    assert {camera: a.status_code for camera, a in answers.items()} == {
        "mine": 200,
        "secret": 404,
        "nobody": 404,
    }
    texts = {c: answers[c].json()["detail"].replace(c, "it") for c in ("secret", "nobody")}
    assert texts["secret"] == texts["nobody"]


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z",
        "camera=a&from=2026-11-20T00:00:00Z&to=2026-11-20T00:00:00Z",
        "camera=a&from=2025-01-01T00:00:00Z&to=2026-11-20T00:00:00Z",
        "camera=a&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z&resolution_seconds=0",
        "camera=a&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z&resolution_seconds=nan",
        "camera=A!&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z",
        "&".join(f"camera=c{n}" for n in range(17))
        + "&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z",
    ],
)
async def test_timeline_that_cannot_be_drawn_is_a_422(api: Api, query: str):
    answer = await api.client.get(f"/api/v1/timeline?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"]


async def calendar(api: Api, first: str, last: str, **params: Any) -> dict[str, float]:
    asked = {"camera": "front-door", "from": first, "to": last, **params}
    answer = await api.client.get("/api/v1/calendar", params=asked)
    assert answer.status_code == 200, answer.text
    return {day["day"]: day["recorded_seconds"] for day in answer.json()}


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
async def test_day_of_a_clock_change_is_recorded_for_its_real_length(
    api: Api, day: str, hours: int
):
    noon = datetime.fromisoformat(day).replace(hour=12, tzinfo=ZoneInfo("Europe/Berlin"))
    first = noon.astimezone(UTC) - timedelta(hours=48)
    await api.apply(
        *(
            recording(first + n * HOUR, 3600, fragment_seconds=3600, camera_id="front-door")
            for n in range(96)
        )
    )

    days = await calendar(api, day, day, tz="Europe/Berlin")

    assert days == {day: hours * 3600}


async def test_day_that_a_zone_left_out_is_not_in_the_calendar(api: Api):
    # Samoa went from the 29th to the 31st: the day between has no length, and asking for it alone
    # was a fault.
    await api.add_camera()

    alone = await calendar(api, "2011-12-30", "2011-12-30", tz="Pacific/Apia")
    around = await calendar(api, "2011-12-29", "2011-12-31", tz="Pacific/Apia")

    assert alone == {}
    assert list(around) == ["2011-12-29", "2011-12-31"]


async def test_calendar_names_every_day_also_those_without_footage(api: Api):
    await api.apply(recording(datetime(2026, 11, 19, 23, 59, 30, tzinfo=UTC)))

    utc = await calendar(api, "2026-11-18", "2026-11-20")
    berlin = await calendar(api, "2026-11-18", "2026-11-20", tz="Europe/Berlin")

    assert utc == {"2026-11-18": 0, "2026-11-19": 30, "2026-11-20": 30}
    assert berlin == {"2026-11-18": 0, "2026-11-19": 0, "2026-11-20": 60}


async def test_calendar_of_several_cameras_counts_a_moment_once(api: Api):
    await api.apply(
        recording(at(0), camera_id="a"), recording(at(30), camera_id="b"), recording(at(0))
    )

    assert await calendar(api, "2026-11-20", "2026-11-20", camera=["a", "b"]) == {"2026-11-20": 90}


@pytest.mark.parametrize(
    "query",
    ["from=2026-11-20&to=2026-11-19", "from=2025-01-01&to=2026-11-20", "from=x&to=y",
     "from=0001-01-01&to=0001-01-02", "from=9999-12-31&to=9999-12-31",
     "from=2026-11-20&to=2026-11-20&tz=Mars/Base"],
)  # fmt: skip
async def test_calendar_of_impossible_days_is_a_422(api: Api, query: str):
    answer = await api.client.get(f"/api/v1/calendar?camera=a&{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_zone_whose_days_begin_at_one_is_answered(api: Api):
    """Havana's clocks go forward at midnight: that day begins at 01:00."""
    await api.apply(recording(datetime(2026, 3, 8, 5, tzinfo=UTC), 3600, fragment_seconds=3600))

    days = await calendar(api, "2026-03-07", "2026-03-08", tz="America/Havana")

    assert days == {"2026-03-07": 0, "2026-03-08": 3600}
