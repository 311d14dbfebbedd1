from datetime import datetime, timedelta
from typing import Any

import pytest

from libs.contracts.times import isoformat_z
from tests.integration.api.conftest import NOW, Api, gap, recording

T0 = NOW - timedelta(hours=3)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_join_to_the_whole_list_without_repeats(api: Api, order):
    made = [recording(at(i * 60), camera_id=c) for i in range(5) for c in ("a", "b")]
    await api.apply(*made)
    seen, cursor = [], None
    for _ in range(10):
        params = {"limit": 3, "order": order} | ({"cursor": cursor} if cursor else {})
        page = (await api.client.get("/api/v1/recordings", params=params)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert len(seen) == len(set(seen)) == 10
    starts = [recording_id.split("~")[1] for recording_id in seen]
    assert starts == sorted(starts, reverse=order == "desc")


async def test_recordings_that_touch_the_range_are_listed(api: Api):
    await api.add_camera()
    await api.apply(*(recording(at(i * 60)) for i in range(4)))

    page = await api.client.get(
        "/api/v1/cameras/front-door/recordings",
        params={"from": isoformat_z(at(60)), "to": isoformat_z(at(121))},
    )

    starts = [item["started_at"] for item in page.json()["items"]]
    assert starts == [isoformat_z(at(60)), isoformat_z(at(120))]


async def test_recording_is_found_by_its_id(api: Api):
    await api.apply(recording(at(0), epoch=7))
    (item,) = (await api.client.get("/api/v1/recordings")).json()["items"]

    answer = await api.client.get(f"/api/v1/recordings/{item['id']}")

    assert item["id"] == "front-door~20261120T203000000Z~7"
    assert answer.json() == item
    assert item["duration_seconds"] == 60
    assert item["fragments"] == 30


async def test_cameras_can_be_chosen_and_unknown_ones_are_told(api: Api):
    await api.apply(*(recording(at(0), camera_id=c) for c in ("a", "b", "c")))

    two = await api.client.get("/api/v1/recordings?camera=a&camera=c")
    wrong = await api.client.get("/api/v1/recordings?camera=nobody")

    assert [item["camera_id"] for item in two.json()["items"]] == ["a", "c"]
    assert wrong.status_code == 404


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "cursor=%00", "cursor=abc", "from=yesterday", "order=up", "page=2",
     "from=2026-11-21T00:00:00Z&to=2026-11-20T00:00:00Z", "stream=third"],
)  # fmt: skip
async def test_wrong_query_is_a_422(api: Api, query):
    answer = await api.client.get(f"/api/v1/recordings?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"]


async def gaps(api: Api, **params: str) -> list[dict[str, Any]]:
    answer = await api.client.get("/api/v1/gaps", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_gap_is_shown_minus_what_was_recorded_after_all(api: Api):
    await api.apply(gap(at(0), at(300)), recording(at(60)), recording(at(90), epoch=2))

    (found,) = await gaps(api)

    assert found["state"] == "missing"
    assert found["missing_seconds"] == 210
    assert found["missing"] == [
        {"started_at": isoformat_z(at(0)), "ended_at": isoformat_z(at(60))},
        {"started_at": isoformat_z(at(150)), "ended_at": isoformat_z(at(300))},
    ]


async def test_gap_that_is_recorded_entirely_is_filled(api: Api):
    await api.apply(gap(at(0), at(60)), recording(at(-10), 80), gap(at(200), at(230)))

    assert [g["state"] for g in await gaps(api)] == ["filled", "missing"]
    assert len(await gaps(api, state="filled")) == 1
    assert (await gaps(api, state="filled"))[0]["missing"] == []


async def test_open_gap_runs_to_now(api: Api):
    await api.apply(gap(NOW - timedelta(seconds=90), None))

    (found,) = await gaps(api)

    assert (found["state"], found["ended_at"], found["missing_seconds"]) == ("open", None, 90)


async def test_storage_is_told_per_camera(api: Api):
    await api.apply(
        recording(at(0), camera_id="a"), recording(at(60), camera_id="a"), recording(at(0))
    )

    figures = (await api.client.get("/api/v1/storage")).json()

    assert (figures["objects"], figures["seconds"]) == (3, 180)
    assert figures["cameras"][0] == {
        "camera_id": "a",
        "objects": 2,
        "bytes": 2 * 30_100,
        "seconds": 120,
        "oldest": isoformat_z(at(0)),
        "newest": isoformat_z(at(120)),
    }


async def test_empty_catalog_answers_with_empty_lists(api: Api):
    assert (await api.client.get("/api/v1/storage")).json()["cameras"] == []
    assert (await api.client.get("/api/v1/recordings")).json() == {
        "items": [],
        "next_cursor": None,
    }
