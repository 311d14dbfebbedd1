"""Messages survive JSON, refuse nonsense, and name themselves."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from libs.contracts.cameras import CameraConfig, CameraState, CameraStatusChanged, WantedInterval
from libs.contracts.gaps import GapDetected, GapReason
from libs.contracts.messages import CloudEvent, Event
from libs.contracts.ownership import Lease, OpenGap, Presence, RecordingProgress
from libs.contracts.recordings import EndReason, FragmentEntry, RecordingCompleted

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def recording(**changes: Any) -> RecordingCompleted:
    values: dict[str, Any] = {
        "camera_id": "yard",
        "epoch": 3,
        "object_key": "recordings/yard/2026/11/20/12-00-00.000Z-3.mp4",
        "started_at": at(0),
        "ended_at": at(60),
        "duration_90k": 5_400_000,
        "bytes": 1000,
        "sha256": "a" * 64,
        "init_bytes": 100,
        "init_sha256": "b" * 64,
        "video_codec": "avc1.640028",
        "width": 1920,
        "height": 1080,
        "fragments": (FragmentEntry(offset=100, bytes=900, duration_90k=5_400_000),),
        "end_reason": EndReason.ROTATION,
        "recorder": "recorder-1",
    }
    return RecordingCompleted(**{**values, **changes})


def gap(**changes: Any) -> GapDetected:
    values: dict[str, Any] = {
        "camera_id": "yard",
        "started_at": at(0),
        "reason": GapReason.CAMERA_OFFLINE,
        "recorder": "recorder-1",
    }
    return GapDetected(**{**values, **changes})


def config(**changes: Any) -> CameraConfig:
    values: dict[str, Any] = {"camera_id": "yard", "name": "Yard", "url": "rtsp://10.0.0.9/stream"}
    return CameraConfig(**{**values, **changes})


STATUS = CameraStatusChanged(
    camera_id="yard", state=CameraState.OFFLINE, since=at(1), detail="refused", recorder="r"
)
PROGRESS = RecordingProgress(
    camera_id="yard",
    recorder="recorder-1",
    epoch=3,
    seen_at=at(9),
    accounted_until=at(8),
    open_gap=OpenGap(started_at=at(8), reason=GapReason.STREAM_STALLED),
    state=CameraState.OFFLINE,
    state_since=at(8),
)
MESSAGES: list[BaseModel] = [
    recording(),
    gap(),
    gap(ended_at=at(1)),
    STATUS,
    PROGRESS,
    Lease(recorder="recorder-1"),
    Presence(recorder="recorder-1", started_at=at(0)),
    config(wanted=(WantedInterval(started_at=at(0)),), credentials="token"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_a_message_survives_json(message: BaseModel):
    assert type(message).model_validate_json(message.model_dump_json()) == message


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"])
def test_moment_outside_the_calendar_is_refused_as_any_wrong_value(moment: str):
    with pytest.raises(ValidationError, match="between the years 1 and 9999"):
        OpenGap.model_validate({"started_at": moment, "reason": "stream_stalled"})


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_fields_of_a_later_version_are_ignored(message: BaseModel):
    payload = {**json.loads(message.model_dump_json()), "from_the_future": 1}

    assert type(message).model_validate(payload) == message


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_a_message_never_changes(message: BaseModel):
    field = next(iter(type(message).model_fields))

    with pytest.raises(ValidationError, match="frozen"):
        setattr(message, field, getattr(message, field))


@pytest.mark.parametrize("event", [recording(), gap(), STATUS], ids=lambda m: type(m).__name__)
def test_an_envelope_is_a_cloudevent_and_survives_json(event: Event):
    wrapped = CloudEvent[type(event)].wrap(event, service="recorder", now=at(5))  # type: ignore[misc]  # a class known at run time

    payload = json.loads(wrapped.model_dump_json())

    assert payload["specversion"] == "1.0"
    assert payload["id"] == event.event_id
    assert payload["source"] == "/everframe/main/recorder"
    assert payload["subject"] == "yard"
    assert payload["time"] == "2026-11-20T12:00:05.000Z"
    assert type(wrapped).model_validate(payload).data == event


def test_subjects_have_site_and_camera_always_at_the_same_places():
    assert recording(site="north").subject == "everframe.evt.recording-completed.north.yard"
    assert gap().subject == "everframe.evt.gap-detected.main.yard"
    assert STATUS.subject_filter() == "everframe.evt.camera-status-changed.*.*"
    assert GapDetected.subject_filter(site="main", camera_id="yard") == gap().subject


# ---- the same fact has the same id ------------------------------------------------------------
def test_a_gap_keeps_its_id_from_open_to_closed_and_each_telling_has_its_own():
    opened, closed = gap(), gap(ended_at=at(5))

    assert opened.gap_id == closed.gap_id == "main/yard/2026-11-20T12:00:00.000Z"
    assert opened.event_id != closed.event_id
    assert gap(recorder="recorder-2", detail="other").event_id == opened.event_id
    assert gap(started_at=at(0.001)).gap_id != opened.gap_id


def test_a_recording_is_known_by_camera_start_and_epoch():
    same = recording(bytes=5, recorder="recorder-2")
    others = [
        recording(camera_id="door"),
        recording(epoch=4),
        recording(started_at=at(0.001)),
        recording(stream="sub"),
    ]

    assert same.event_id == recording().event_id
    assert len({r.event_id for r in (*others, same)}) == 5


# ---- nonsense ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "changes",
    [
        {"camera_id": "Yard"},
        {"camera_id": "a.b"},
        {"site": "*"},
        {"duration_90k": 0},
        {"bytes": 0},
        {"sha256": "A" * 64},
        {"sha256": "a" * 63},
        {"fragments": ()},
        {"epoch": -1},
        {"end_reason": "because"},
        {"started_at": datetime(2026, 1, 1)},  # noqa: DTZ001 - the point
    ],
    ids=str,
)
def test_a_recording_that_cannot_be_is_refused(changes: dict[str, Any]):
    with pytest.raises(ValidationError):
        recording(**changes)


@pytest.mark.parametrize("ended", [-1.0, 0.0, 0.0005])
def test_a_gap_ends_after_it_starts(ended: float):
    with pytest.raises(ValidationError, match="ends after it starts"):
        gap(ended_at=at(ended))


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "http://10.0.0.9/"},
        {"url": "rtsp://admin:secret@10.0.0.9/"},
        {"url": "rtsp://10.0.0.9/a b"},
        {"name": ""},
        {"recording_seconds": 9},
        {"recording_seconds": 3601},
        {"part_seconds": 0.05},
        {"version": 0},
        {"transport": "http"},
    ],
    ids=str,
)
def test_a_configuration_that_cannot_be_recorded_is_refused(changes: dict[str, Any]):
    with pytest.raises(ValidationError):
        config(**changes)


# ---- what is wanted ---------------------------------------------------------------------------
def test_intervals_are_put_in_order():
    wanted = (
        WantedInterval(started_at=at(50)),
        WantedInterval(started_at=at(0), ended_at=at(10)),
        WantedInterval(started_at=at(20), ended_at=at(30)),
    )

    made = config(wanted=wanted)

    # The open interval was looked for before they were sorted: one in front was refused, and an
    # old one at the end was taken, after which recording counted as switched off.
    assert [w.started_at for w in made.wanted] == [at(0), at(20), at(50)]
    assert made.is_recording_wanted


@given(st.permutations(range(4)), st.integers(0, 3))
def test_only_the_newest_interval_may_be_open(order: list[int], opened: int):
    wanted = tuple(
        WantedInterval(started_at=at(10 * n), ended_at=None if n == opened else at(10 * n + 5))
        for n in order
    )

    if opened == 3:
        assert config(wanted=wanted).is_recording_wanted
    else:
        with pytest.raises(ValidationError, match="newest"):
            config(wanted=wanted)


def test_nothing_is_wanted_when_the_newest_interval_has_ended_or_there_is_none():
    assert not config().is_recording_wanted
    assert not config(
        wanted=(WantedInterval(started_at=at(0), ended_at=at(9)),)
    ).is_recording_wanted


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"url": "rtsp://10.0.0.9/other"}, True),
        ({"transport": "udp"}, True),
        ({"credentials": "new"}, True),
        ({"verify_tls": True}, True),
        ({"audio": "off"}, True),
        ({"part_seconds": 0.5}, True),
        ({"name": "Backyard"}, False),
        ({"recording_seconds": 900}, False),
        ({"version": 9}, False),
        ({"wanted": (WantedInterval(started_at=at(0)),)}, False),
    ],
    ids=str,
)
def test_only_what_the_connection_needs_asks_for_a_new_one(changes: dict[str, Any], expected: bool):
    assert config(**changes).session_differs(config()) is expected


def test_state_lies_under_site_and_camera():
    assert config(site="north").key == "north.yard"
