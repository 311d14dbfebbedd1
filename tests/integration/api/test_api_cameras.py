import asyncio

import pytest

from libs.bus.testing import FakeBroker, FakeBus
from libs.contracts.cameras import CameraConfig
from services.api import registry
from services.api.wiring import WIRING
from tests.integration.api.conftest import NOW, Api, recording


async def stored_config(api: Api, camera_id: str):
    async with api.database.connection() as db:
        camera = await registry.read_camera(db, camera_id)
    assert camera is not None
    return camera.config


async def test_added_camera_is_recorded_and_its_login_never_shown(api: Api):
    answer = await api.client.post(
        "/api/v1/cameras",
        json={"name": "Front door", "url": "rtsp://viewer:s3cret@192.0.2.10:8554/a"},
    )

    camera = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == "/api/v1/cameras/front-door"
    assert (camera["camera_id"], camera["url"]) == ("front-door", "rtsp://192.0.2.10:8554/a")
    assert camera["has_credentials"]
    assert camera["record"]
    assert "s3cret" not in answer.text
    config = await stored_config(api, "front-door")
    assert config.credentials is not None
    assert "s3cret" not in config.model_dump_json()
    login = api.context.credentials.open(config.credentials)
    assert (login.username, login.password) == ("viewer", "s3cret")
    assert config.wanted[0].started_at == NOW


async def test_cameras_of_the_same_name_get_different_ids(api: Api):
    ids = [(await api.add_camera("Küche"))["camera_id"] for _ in range(3)]

    assert ids == ["kuche", "kuche-2", "kuche-3"]


async def test_id_of_a_deleted_camera_is_never_given_again(api: Api):
    await api.add_camera()
    await api.client.delete("/api/v1/cameras/front-door")

    assert (await api.add_camera())["camera_id"] == "front-door-2"


@pytest.mark.parametrize(
    ("change", "field", "word"),
    [
        ({"url": "rtsp://127.0.0.1/x"}, "url", "loopback"),
        ({"url": "http://192.0.2.1/"}, "url", "rtsp"),
        ({"recording_seconds": 5}, "recording_seconds", "10"),
        ({"transport": "tls"}, "transport", "tcp"),
        ({"colour": "red"}, "colour", "not permitted"),
        ({"credentials": {"username": "a", "password": 5}}, "credentials.password", "string"),
    ],
)
async def test_wrong_field_is_named_with_what_is_allowed(api: Api, change, field, word):
    body = {"name": "Door", "url": "rtsp://192.0.2.10/a", **change}

    answer = await api.client.post("/api/v1/cameras", json=body)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert word in error["problem"]


async def test_login_in_two_places_is_refused(api: Api):
    answer = await api.client.post(
        "/api/v1/cameras",
        json={
            "name": "Door",
            "url": "rtsp://a:b@192.0.2.10/a",
            "credentials": {"username": "c", "password": "d"},
        },
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "credentials"


async def test_change_counts_the_version_and_keeps_the_rest(api: Api):
    await api.add_camera(recording_seconds=900)

    answer = await api.client.patch("/api/v1/cameras/front-door", json={"name": "Back door"})

    camera = answer.json()
    assert (camera["name"], camera["version"]) == ("Back door", 2)
    assert camera["recording_seconds"] == 900


async def test_change_that_changes_nothing_keeps_the_version(api: Api):
    await api.add_camera()

    answer = await api.client.patch("/api/v1/cameras/front-door", json={"audio": "keep"})

    assert answer.json()["version"] == 1


async def test_login_does_not_follow_the_url_to_another_host(api: Api):
    await api.add_camera(credentials={"username": "a", "password": "b"})
    moved = {"url": "rtsp://198.51.100.1/x"}

    refused = await api.client.patch("/api/v1/cameras/front-door", json=moved)
    same_host = await api.client.patch(
        "/api/v1/cameras/front-door", json={"url": "rtsp://192.0.2.10/other"}
    )
    dropped = await api.client.patch(
        "/api/v1/cameras/front-door", json={**moved, "credentials": None}
    )

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "credentials"
    assert same_host.json()["has_credentials"]
    assert dropped.status_code == 200
    assert not dropped.json()["has_credentials"]


async def test_starting_twice_and_stopping_twice_leaves_one_interval(api: Api):
    await api.add_camera(record=False)
    path = "/api/v1/cameras/front-door/recording"
    versions = [
        (await api.client.post(f"{path}/{action}")).json()["version"]
        for action in ("start", "start", "stop", "stop")
    ]

    config = await stored_config(api, "front-door")
    assert versions == [2, 2, 3, 3]
    assert [(w.started_at, w.ended_at) for w in config.wanted] == [(NOW, NOW)]


async def test_deleted_camera_keeps_its_footage_and_forgets_its_login(api: Api):
    await api.add_camera(credentials={"username": "a", "password": "b"})
    await api.apply(recording(NOW.replace(hour=20)))

    answer = await api.client.delete("/api/v1/cameras/front-door")

    assert "footage stays" in answer.json()["detail"]
    assert answer.json()["camera"]["has_credentials"] is False
    assert answer.json()["camera"]["record"] is False
    assert (await api.client.get("/api/v1/cameras")).json() == []
    found = await api.client.get("/api/v1/cameras/front-door/recordings")
    assert len(found.json()["items"]) == 1
    again = await api.client.delete("/api/v1/cameras/front-door")
    assert again.status_code == 200
    started = await api.client.post("/api/v1/cameras/front-door/recording/start")
    assert started.status_code == 409


async def test_unknown_camera_is_a_404_and_an_impossible_id_a_422(api: Api):
    assert (await api.client.get("/api/v1/cameras/nobody")).status_code == 404
    assert (await api.client.get("/api/v1/cameras/No%20Body")).status_code == 422


async def test_silent_recorder_is_shown_as_unknown_with_the_reason(api: Api):
    await api.add_camera()
    await api.add_camera("Garage", record=False)

    statuses = (await api.client.get("/api/v1/status")).json()
    api.link.is_up = False
    away = (await api.client.get("/api/v1/cameras/front-door/status")).json()

    assert [(s["camera_id"], s["state"]) for s in statuses] == [
        ("front-door", "unknown"),
        ("garage", "stopped"),
    ]
    assert "no recorder" in statuses[0]["detail"]
    assert "bus is away" in away["detail"]


SUB = "rtsp://192.0.2.10/stream2"


async def test_small_stream_is_stored_shown_changed_and_removed(api: Api):
    added = await api.add_camera(sub_url=SUB)
    path = "/api/v1/cameras/front-door"

    kept = await api.client.patch(path, json={"name": "Back door"})
    assert added["sub_url"] == kept.json()["sub_url"] == SUB
    assert (await stored_config(api, "front-door")).sub_url == SUB

    changed = await api.client.patch(path, json={"sub_url": SUB + "3"})
    assert (changed.json()["sub_url"], changed.json()["version"]) == (SUB + "3", 3)

    removed = await api.client.patch(path, json={"sub_url": None})
    assert (removed.json()["sub_url"], removed.json()["version"]) == (None, 4)
    assert (await stored_config(api, "front-door")).sub_url is None


@pytest.mark.parametrize(
    ("sub_url", "word"),
    [
        ("rtsp://127.0.0.1/x", "loopback"),
        ("http://192.0.2.10/x", "rtsp"),
        ("rtsp://198.51.100.1/x", "another host"),
        ("rtsp://a:other@192.0.2.10/x", "one login"),
    ],
)
async def test_small_stream_is_checked_as_the_large_one(api: Api, sub_url, word):
    login = {"credentials": {"username": "a", "password": "s3cret"}}
    body = {"name": "Door", "url": "rtsp://192.0.2.10/a", **login}
    await api.add_camera("Garage", credentials=login["credentials"])

    added = await api.client.post("/api/v1/cameras", json={**body, "sub_url": sub_url})
    changed = await api.client.patch("/api/v1/cameras/garage", json={"sub_url": sub_url})

    for answer in (added, changed):
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["field"] == "sub_url"
        assert word in error["problem"]


async def test_login_in_the_small_streams_address_is_taken_out_when_it_is_the_cameras(api: Api):
    login = "rtsp://a:s3cret@192.0.2.10"
    added = await api.add_camera(url=f"{login}/1", sub_url=f"{login}/2")
    changed = await api.client.patch(
        "/api/v1/cameras/front-door", json={"sub_url": f"{login}:8554/3"}
    )

    assert added["sub_url"] == "rtsp://192.0.2.10/2"
    assert changed.json()["sub_url"] == "rtsp://192.0.2.10:8554/3"
    assert "s3cret" not in (await stored_config(api, "front-door")).model_dump_json()


async def test_camera_that_moves_takes_its_small_stream_along(api: Api):
    login = {"credentials": {"username": "a", "password": "b"}}
    await api.add_camera(sub_url=SUB, credentials=login["credentials"])
    path, moved = "/api/v1/cameras/front-door", {"url": "rtsp://192.0.2.77/1", **login}

    left_behind = await api.client.patch(path, json=moved)
    together = await api.client.patch(path, json={**moved, "sub_url": "rtsp://192.0.2.77/2"})

    assert left_behind.status_code == 422
    assert left_behind.json()["errors"][0]["field"] == "sub_url"
    assert together.status_code == 200


async def test_value_that_cannot_be_read_is_replaced_on_the_bus(api: Api):
    # A malformed value made every round fail with a conflict: it was neither read nor replaced,
    # and no change of the camera reached the recorders any more.
    await api.add_camera()
    broker = FakeBroker()
    await broker.bucket("cameras").write("main.front-door", b'{"camera_id": 5}')
    bucket = FakeBus(broker, WIRING).kv(CameraConfig)
    reconciling = asyncio.create_task(api.followers.cameras.run_once(bucket))
    try:
        await api.client.patch("/api/v1/cameras/front-door", json={"name": "Back door"})
    finally:
        reconciling.cancel()

    entry = await bucket.get("main.front-door")
    assert entry is not None
    assert entry.value.name == "Back door"
    assert (await api.client.get("/api/v1/cameras/front-door")).json()["published"]
