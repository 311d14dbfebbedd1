from typing import Any

import pytest

from libs.bus.keyvalue import Change
from libs.contracts.asks import Accepted, RetryLogin, SyncFootage
from libs.contracts.devices import (
    DeviceConfig,
    DeviceState,
    DriverName,
    Failure,
    FailureReason,
    LoginState,
)
from services.api import device_registry, registry
from tests.integration.api.conftest import NOW, Api
from tests.integration.api.discovery_worlds import (
    LOGIN,
    REJECTED,
    Discovery,
    channel,
    details,
    found,
    scan,
    tell,
    until_answered,
)
from tests.waiting import eventually_async, running

DEVICES = "/api/v1/devices"
CELLAR = f"{DEVICES}/cellar"
MAIN = "rtsp://192.0.2.20/1"


def nvr(**fields: Any) -> dict[str, Any]:
    cameras = [{"channel": "1", "name": "Door", "url": MAIN}]
    base = {"name": "Cellar", "driver": "onvif", "host": "192.0.2.20", "port": 80}
    return {**base, "credentials": LOGIN, "cameras": cameras, **fields}


async def stored_camera(api: Api, camera_id: str):
    async with api.database.connection() as db:
        camera = await registry.read_camera(db, camera_id)
    assert camera is not None
    return camera.config


async def counts(api: Api) -> tuple[int, int]:
    async with api.database.connection() as db:
        devices = await device_registry.read_devices(db, with_deleted=True)
        return len(devices), len(await registry.read_cameras(db, with_deleted=True))


def errors(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {error["field"]: error["problem"] for error in answer.json()["errors"]}


async def test_device_is_added_with_its_cameras_and_its_login_never_shown(api: Api):
    answer = await api.client.post(DEVICES, json=nvr())

    device = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == CELLAR
    assert (device["device_id"], device["has_credentials"]) == ("cellar", True)
    assert [(c["camera_id"], c["channel"], c["record"]) for c in device["cameras"]] == [
        ("door", "1", True)
    ]
    assert LOGIN["password"] not in answer.text
    camera = await stored_camera(api, "door")
    assert (camera.device_id, camera.channel, camera.wanted[0].started_at) == ("cellar", "1", NOW)
    assert camera.credentials is not None
    assert api.context.credentials.open(camera.credentials).password == LOGIN["password"]
    assert LOGIN["password"] not in camera.model_dump_json()


async def test_every_wrong_item_is_named_and_nothing_is_added(api: Api):
    cameras = [
        {"channel": "1", "name": "Door", "url": MAIN},
        {"channel": "1", "name": "Again", "url": MAIN},
        {"channel": "2", "name": "Yard", "url": "http://192.0.2.20/"},
        {"channel": "3", "name": "Far", "url": "rtsp://198.51.100.9/3"},
        {"channel": "4", "name": "Lane", "url": MAIN, "sub_url": "rtsp://x:y@192.0.2.20/s"},
        {"channel": "5", "name": "Nothing known"},
    ]

    told = errors(await api.client.post(DEVICES, json=nvr(cameras=cameras)))

    assert set(told) == {
        "cameras[1].channel",
        "cameras[2].url",
        "cameras[3].url",
        "cameras[4].sub_url",
        "cameras[5].url",
    }
    assert "twice" in told["cameras[1].channel"]
    assert "another host" in told["cameras[3].url"]
    assert "scan the device" in told["cameras[5].url"]
    assert await counts(api) == (0, 0)


async def test_field_of_an_item_that_has_no_sense_is_named_as_an_item(api: Api):
    cameras = [{"channel": "1", "name": "Door", "url": MAIN}, {"channel": "2", "name": " "}]

    told = errors(await api.client.post(DEVICES, json=nvr(cameras=cameras)))

    assert set(told) == {"cameras[1].name"}


@pytest.mark.parametrize(
    ("host", "word"),
    [
        ("127.0.0.1", "loopback"),
        ("0x7f.1", "loopback"),
        ("169.254.169.254", "link-local"),
        ("a b", "nothing around it"),
        ("user:pass@192.0.2.1", "nothing around it"),
        ("192.0.2.1/x", "nothing around it"),
        ("[::1]", "loopback"),
    ],
)
async def test_host_that_must_not_be_connected_to_is_refused(api: Api, host, word):
    assert word in errors(await api.client.post(DEVICES, json=nvr(host=host)))["host"]


async def test_addresses_that_are_left_out_come_from_the_newest_scan(api: Api):
    old = found(details=details(channel("1", host="192.0.2.77")), seen_at=NOW.replace(year=2025))
    tell(api.followers.scans, scan(old, scan_id="0" * 16), 1)
    tell(api.followers.scans, scan(found(details=details(channel("1"), channel("2")))), 2)
    cameras = [{"channel": "1", "name": "Door"}, {"channel": "9", "name": "None"}]

    told = errors(await api.client.post(DEVICES, json=nvr(cameras=cameras)))
    added = await api.client.post(DEVICES, json=nvr(cameras=cameras[:1]))

    assert "it has: 1, 2" in told["cameras[1].url"]
    assert added.status_code == 201, added.text
    camera = await stored_camera(api, "door")
    assert (camera.url, camera.sub_url) == (
        "rtsp://192.0.2.20:554/1/main",
        "rtsp://192.0.2.20:554/1/sub",
    )


async def test_device_that_tells_a_strange_host_does_not_get_its_login_sent_there(api: Api):
    liar = found(details=details(channel("1", host="198.51.100.66")))
    tell(api.followers.scans, scan(liar))

    told = errors(
        await api.client.post(DEVICES, json=nvr(cameras=[{"channel": "1", "name": "Door"}]))
    )

    assert "another host" in told["cameras[0].url"]


async def test_streams_told_in_another_protocol_do_not_count(api: Api):
    # Channels have other names there: channel 1 of one protocol may be another picture.
    tell(api.followers.scans, scan(found(details=details(channel("1")), also=("isapi",))))
    body = nvr(driver="isapi", cameras=[{"channel": "1", "name": "Door"}])

    assert "nothing is known" in errors(await api.client.post(DEVICES, json=body))["cameras[0].url"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Other"},
        {"host": "192.0.2.99", "endpoint_id": "urn:uuid:1"},
    ],
)
async def test_device_that_is_there_already_is_named(api: Api, change):
    await api.client.post(DEVICES, json=nvr(endpoint_id="urn:uuid:1"))

    answer = await api.client.post(DEVICES, json=nvr(cameras=[], **change))

    assert answer.status_code == 409
    assert "device cellar already" in answer.json()["detail"]
    assert await counts(api) == (1, 1)


async def test_several_devices_behind_one_address_are_told_apart_by_their_ports(api: Api):
    await api.client.post(DEVICES, json=nvr())

    answer = await api.client.post(DEVICES, json=nvr(port=8080, name="Küche", cameras=[]))

    assert (answer.status_code, answer.json()["device_id"]) == (201, "kuche")


async def test_new_login_is_given_to_the_devices_cameras(api: Api):
    await api.client.post(DEVICES, json=nvr())

    answer = await api.client.patch(
        CELLAR, json={"credentials": {"username": "a", "password": "n3w"}}
    )

    assert answer.status_code == 200, answer.text
    camera = await stored_camera(api, "door")
    assert camera.version == 2
    assert camera.credentials is not None
    assert api.context.credentials.open(camera.credentials).password == "n3w"
    removed = await api.client.patch(CELLAR, json={"credentials": None})
    assert not removed.json()["has_credentials"]
    assert (await stored_camera(api, "door")).credentials is None


async def test_login_does_not_follow_a_device_to_another_host_and_its_cameras_move_along(api: Api):
    await api.client.post(DEVICES, json=nvr())

    refused = await api.client.patch(CELLAR, json={"host": "198.51.100.1"})
    moved = await api.client.patch(CELLAR, json={"host": "198.51.100.1", "credentials": LOGIN})

    assert set(errors(refused)) == {"credentials"}
    assert moved.json()["host"] == "198.51.100.1"
    assert (await stored_camera(api, "door")).url == "rtsp://198.51.100.1/1"


async def test_login_is_not_given_to_a_camera_elsewhere(api: Api):
    cameras = [{"channel": "1", "name": "Door", "url": "rtsp://198.51.100.7/1"}]
    await api.client.post(DEVICES, json=nvr(credentials=None, cameras=cameras))

    answer = await api.client.patch(CELLAR, json={"credentials": LOGIN})

    assert answer.status_code == 200
    assert (await stored_camera(api, "door")).credentials is None


async def test_change_onto_another_device_is_refused(api: Api):
    await api.client.post(DEVICES, json=nvr())
    await api.client.post(DEVICES, json=nvr(name="Attic", port=8080, cameras=[]))

    answer = await api.client.patch(f"{DEVICES}/attic", json={"port": 80})

    assert answer.status_code == 409
    assert "cellar" in answer.json()["detail"]


async def test_device_with_cameras_goes_only_when_that_is_said(api: Api):
    await api.client.post(DEVICES, json=nvr())

    refused = await api.client.delete(CELLAR)
    deleted = await api.client.delete(CELLAR, params={"with_cameras": "true"})
    again = await api.client.delete(CELLAR)

    assert refused.status_code == 409
    assert [error["field"] for error in refused.json()["errors"]] == ["door"]
    assert deleted.json()["cameras"] == ["door"]
    assert deleted.json()["device"]["has_credentials"] is False
    assert again.status_code == 200
    assert (await stored_camera(api, "door")).credentials is None
    assert (await api.client.get(DEVICES)).json() == []
    assert (await api.client.patch(CELLAR, json={"name": "x"})).status_code == 409
    assert (await api.client.post(DEVICES, json=nvr())).json()["device_id"] == "cellar-2"


async def test_channel_of_a_device_becomes_a_camera_later_too(api: Api):
    await api.client.post(DEVICES, json=nvr())
    tell(api.followers.scans, scan(found(details=details(channel("2")))))
    body = {"name": "Yard", "device_id": "cellar", "channel": "2"}

    added = await api.client.post("/api/v1/cameras", json=body)
    again = await api.client.post("/api/v1/cameras", json=body)
    nowhere = await api.client.post("/api/v1/cameras", json={**body, "device_id": "attic"})
    half = await api.client.post("/api/v1/cameras", json={"name": "Yard", "channel": "2"})

    camera = added.json()
    assert added.status_code == 201, added.text
    assert (camera["device_id"], camera["channel"]) == ("cellar", "2")
    assert (camera["url"], camera["has_credentials"]) == ("rtsp://192.0.2.20:554/2/main", True)
    assert errors(again) == {"channel": "it is camera yard already"}
    assert nowhere.status_code == 404
    assert half.status_code == 422


async def test_devices_state_and_rejected_login_are_shown_with_advice(api: Api):
    await api.client.post(DEVICES, json=nvr())
    spy = channel("1").model_copy(update={"snapshot_url": "http://u:s3cret-Pa55@192.0.2.20/s"})
    state = DeviceState(
        device_id="cellar",
        details=details(spy),
        details_at=NOW,
        login=LoginState(failure=REJECTED, opened_at=NOW),
        failure=REJECTED,
        checked_at=NOW,
    )
    api.followers.health.on_device(Change("main.cellar", state, 1))

    answer = await api.client.get(CELLAR)

    shown = answer.json()["state"]
    assert shown["identity"]["model"] == "NVR-4"
    assert shown["login"] == {
        "is_rejected": True,
        "since": "2026-11-20T23:30:00.000Z",
        "until": None,
        "reason": "unauthorized",
        "detail": "the device rejected the login",
        "advice": "Check it.",
    }
    assert shown["channels"][0]["snapshot_url"] == "http://192.0.2.20/s"
    assert LOGIN["password"] not in answer.text


async def test_what_an_operator_asks_reaches_discovery_or_says_why_not(api: Api):
    await api.client.post(DEVICES, json=nvr())
    away = await api.client.post(f"{CELLAR}/sync")
    discovery = Discovery(api.link.discovery)

    async with discovery.answering():
        synced = await until_answered(lambda: api.client.post(f"{CELLAR}/sync"))
        retried = await api.client.post(f"{CELLAR}/retry-login")
        one = await api.client.post("/api/v1/cameras/door/stored-footage/sync")
        unknown = await api.client.post(f"{DEVICES}/attic/sync")
        busy = Failure(reason=FailureReason.BUSY, detail="its footage is being listed")
        discovery.accepted = Accepted(failure=busy)
        refused = await api.client.post(f"{CELLAR}/sync")
    api.link.is_up = False
    no_bus = await api.client.post(f"{CELLAR}/retry-login")

    assert (away.status_code, "discovery is not running" in away.text) == (503, True)
    assert "retry-after" in away.headers
    assert (synced.status_code, synced.json()) == (202, {"path": CELLAR})
    assert (retried.status_code, one.status_code, unknown.status_code) == (202, 202, 404)
    assert (refused.status_code, "being listed" in refused.text) == (503, True)
    assert (no_bus.status_code, "bus is away" in no_bus.text) == (503, True)
    assert SyncFootage(device_id="cellar", camera_id="door") in discovery.asked
    assert RetryLogin(device_id="cellar") in discovery.asked


async def test_camera_without_a_device_has_no_footage_to_list(api: Api):
    await api.add_camera()

    answer = await api.client.post("/api/v1/cameras/front-door/stored-footage/sync")

    assert answer.status_code == 409
    assert "RTSP address only" in answer.json()["detail"]


async def test_devices_are_put_on_the_bus_changed_and_taken_from_it(api: Api):
    await api.client.post(DEVICES, json=nvr())
    bucket = api.link.bus.kv(DeviceConfig)

    async def version() -> int:
        entry = await bucket.get("main.cellar")
        return entry.value.version if entry else 0

    async def is_gone() -> bool:
        return await version() == 0

    async with running(api.followers.devices.run_once(bucket)):
        await eventually_async(lambda: _is(version, 1))
        changed = await api.client.patch(CELLAR, json={"driver": "isapi"})
        entry = await bucket.get("main.cellar")
        await api.client.delete(CELLAR, params={"with_cameras": "true"})
        await eventually_async(is_gone)

    assert changed.json()["published"]
    assert entry is not None
    assert (entry.value.driver, entry.value.version) == (DriverName.ISAPI, 2)


async def _is(version: Any, wanted: int) -> bool:
    return bool(await version() == wanted)


async def test_device_that_a_lost_database_does_not_know_is_adopted(api: Api):
    bucket = api.link.bus.kv(DeviceConfig)
    config = DeviceConfig(
        device_id="attic", name="Attic", driver=DriverName.DAHUA, host="192.0.2.9", port=80
    )
    await bucket.create(config.key, config)

    async with running(api.followers.devices.run_once(bucket)):

        async def is_adopted() -> bool:
            return (await api.client.get(f"{DEVICES}/attic")).status_code == 200

        await eventually_async(is_adopted)

    assert (await api.client.get(f"{DEVICES}/attic")).json()["driver"] == "dahua"
