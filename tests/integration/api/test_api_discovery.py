from typing import Any

import pytest

from libs.contracts.asks import (
    DEFAULT_SCAN_PORTS,
    CameraProbed,
    CancelScan,
    ProbeCamera,
    ScanAccepted,
    ScanNetwork,
    StreamReport,
)
from libs.contracts.devices import DriverName, Failure, FailureReason
from services.api import device_registry
from tests.integration.api.conftest import Api
from tests.integration.api.discovery_worlds import (
    LOGIN,
    REJECTED,
    SCAN,
    SCAN_ID,
    SCANS,
    Discovery,
    channel,
    details,
    found,
    scan,
    tell,
    until_answered,
)
from tests.integration.api.test_api_devices import CELLAR, DEVICES, errors, nvr, stored_camera

PROBE = "/api/v1/discovery/probe"
CHECK = "/api/v1/discovery/check"
RANGE = {"targets": ["192.0.2.0/24"]}


@pytest.fixture
def discovery(api: Api) -> Discovery:
    return Discovery(api.link.discovery)


async def test_scan_is_started_and_shown_at_once(api: Api, discovery: Discovery):
    body = {"targets": ["192.0.2.7", " 198.51.100.1-198.51.100.9 "], "credentials": LOGIN}

    async with discovery.answering():
        answer = await until_answered(lambda: api.client.post(SCANS, json=body))

    shown = await api.client.get(answer.headers["location"])
    assert answer.status_code == 202
    assert (shown.json()["state"], shown.json()["total"], shown.json()["devices"]) == (
        "running",
        9,
        [],
    )
    (asked,) = discovery.asked
    assert isinstance(asked, ScanNetwork)
    assert asked.targets == ("192.0.2.7", "198.51.100.1-198.51.100.9")
    assert asked.ports == DEFAULT_SCAN_PORTS
    assert asked.credentials is not None
    assert LOGIN["password"] not in asked.model_dump_json() + answer.text
    assert api.context.credentials.open(asked.credentials).password == LOGIN["password"]


@pytest.mark.parametrize(
    ("body", "field", "word"),
    [
        ({}, "targets", "at least one"),
        ({"targets": ["127.0.0.1"]}, "targets[0]", "loopback"),
        ({"targets": ["192.0.2.1", "126.0.0.0-128.0.0.0"]}, "targets[1]", "loopback"),
        ({"targets": ["0.0.0.0/0"]}, "targets[0]", "unspecified"),
        ({"targets": ["::/0"]}, "targets[0]", "unspecified"),
        ({"targets": ["2002::/16"]}, "targets[0]", "inside"),
        ({"targets": ["::ffff:127.0.0.1"]}, "targets[0]", "loopback"),
        ({"targets": ["224.0.0.0/30"]}, "targets[0]", "multicast"),
        ({"targets": ["192.0.2.9-192.0.2.1"]}, "targets[0]", "after the first"),
        ({"targets": ["camera.example"]}, "targets[0]", "first-last"),
        ({**RANGE, "ports": [0]}, "ports[0]", "1"),
    ],
)
async def test_scan_of_what_must_not_be_scanned_is_refused(api: Api, body, field, word):
    told = errors(await api.client.post(SCANS, json=body))

    assert word in told[field]


async def test_loopback_may_be_scanned_where_the_settings_say_so(api: Api, discovery: Discovery):
    settings = api.context.settings.model_copy(update={"allow_loopback_cameras": True})
    object.__setattr__(api.context, "settings", settings)

    async with discovery.answering():
        answer = await until_answered(
            lambda: api.client.post(SCANS, json={"targets": ["127.0.0.0/30"]})
        )

    assert answer.status_code == 202


async def test_scan_that_discovery_refuses_says_why(api: Api, discovery: Discovery):
    failure = Failure(reason=FailureReason.NOT_ALLOWED, detail="too many addresses", advice="Less.")
    discovery.scan = ScanAccepted(failure=failure)

    async with discovery.answering():
        answer = await until_answered(lambda: api.client.post(SCANS, json=RANGE))

    assert answer.status_code == 422
    assert answer.json()["detail"] == "too many addresses. Less"
    assert (await api.client.get(SCANS)).json() == []


async def test_without_discovery_or_bus_the_caller_is_asked_to_come_back(api: Api):
    nobody = await api.client.post(SCANS, json=RANGE)
    api.link.is_up = False
    away = await api.client.post(PROBE, json={"host": "192.0.2.1"})

    for answer, word in ((nobody, "discovery is not running"), (away, "bus is away")):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert answer.headers["content-type"] == "application/problem+json"
        assert word in answer.json()["detail"]


async def test_discovery_that_fails_inside_is_a_502_with_its_words(api: Api, discovery: Discovery):
    def breaks(_: ProbeCamera) -> CameraProbed:
        raise RuntimeError(LOGIN["password"])

    discovery.probed = breaks

    async with discovery.answering():
        body = {"host": "192.0.2.1", "credentials": LOGIN}
        answer = await until_answered(lambda: api.client.post(PROBE, json=body))

    assert answer.status_code == 502
    assert "RuntimeError" in answer.json()["detail"]
    assert LOGIN["password"] not in answer.text


async def test_scans_are_listed_newest_first_and_an_unknown_one_is_a_404(api: Api):
    tell(api.followers.scans, scan(found()), 1)
    later = scan(scan_id="f" * 16, started_at="2026-11-20T23:31:00Z", state="running")
    tell(api.followers.scans, later, 2)

    listed = (await api.client.get(SCANS)).json()

    assert [(each["scan_id"], each["found"]) for each in listed] == [("f" * 16, 0), (SCAN_ID, 1)]
    assert (await api.client.get(f"{SCANS}/{'e' * 16}")).status_code == 404
    assert (await api.client.get(f"{SCANS}/xyz")).status_code == 422


async def test_found_devices_say_whether_they_have_been_added(api: Api):
    await api.client.post(DEVICES, json=nvr(endpoint_id="urn:uuid:1"))
    await api.add_camera("Bare", url="rtsp://192.0.2.30:8554/x")
    tell(
        api.followers.scans,
        scan(
            found(1),
            found(2, host="192.0.2.99", endpoint_id="urn:uuid:1"),
            found(3, driver="isapi", also=("onvif",)),
            found(4, port=8080, rtsp_port=None),
            found(5, host="192.0.2.30", driver=None, rtsp_port=8554),
        ),
    )

    devices = (await api.client.get(SCAN)).json()["devices"]

    assert [(each["device_id"], each["camera_ids"]) for each in devices] == [
        ("cellar", ["door"]),
        ("cellar", ["door"]),
        ("cellar", ["door"]),
        (None, []),
        (None, ["bare"]),
    ]


async def test_addresses_of_a_found_device_never_hold_a_login(api: Api):
    spied = channel("1", host=f"a:{LOGIN['password']}@192.0.2.20")
    tell(api.followers.scans, scan(found(details=details(spied))))

    answer = await api.client.get(SCAN)

    urls = [
        each["url"] for each in answer.json()["devices"][0]["details"]["channels"][0]["streams"]
    ]
    assert urls == ["rtsp://192.0.2.20:554/1/main", "rtsp://192.0.2.20:554/1/sub"]
    assert LOGIN["password"] not in answer.text


async def test_cancelled_scan_keeps_what_it_has_found(api: Api, discovery: Discovery):
    tell(api.followers.scans, scan(found(), state="running"), 1)

    async with discovery.answering():
        answer = await until_answered(lambda: api.client.delete(SCAN))
        tell(api.followers.scans, scan(found(), state="cancelled"), 2)
        again = await api.client.delete(SCAN)

    assert (answer.status_code, again.json()["state"]) == (200, "cancelled")
    assert len(again.json()["devices"]) == 1
    assert discovery.asked.count(CancelScan(scan_id=SCAN_ID)) == 1


# ---- adding what was found --------------------------------------------------


async def add(api: Api, *devices: dict[str, Any]) -> dict[str, Any]:
    answer = await api.client.post(
        f"{SCAN}/add", json={"credentials": LOGIN, "devices": list(devices)}
    )
    assert answer.status_code == 200, answer.text
    assert LOGIN["password"] not in answer.text
    return {item["found_id"][-1]: item for item in answer.json()["items"]}


def item(number: int, **fields: Any) -> dict[str, Any]:
    return {"found_id": f"{number:016x}", **fields}


async def test_several_found_devices_are_added_with_one_login_each_as_a_whole(api: Api):
    two = details(channel("1", name="Door\n"), channel("2", is_online=False), name="Cellar")
    away = details(channel("1", host="192.0.2.21"), channel("2", host="198.51.100.1"))
    tell(
        api.followers.scans,
        scan(
            found(1, details=two),
            found(2, host="192.0.2.21", details=away),
            found(3, host="192.0.2.22", driver=None),
        ),
    )

    items = await add(
        api,
        item(1, cameras=[{"channel": "1", "record": False}, {"channel": "2", "name": "Yard"}]),
        item(2),
        item(3),
        item(4),
    )

    assert (items["1"]["status"], items["1"]["device_id"]) == (201, "cellar")
    assert items["1"]["cameras"] == ["door", "yard"]
    assert items["2"]["status"] == 422
    assert "another host" in items["2"]["errors"]["cameras[1].url"]
    assert (items["3"]["status"], items["4"]["status"]) == (422, 404)
    assert "RTSP address" in items["3"]["problem"]
    door = await stored_camera(api, "door")
    assert (door.name, door.is_recording_wanted, door.device_id) == ("Door", False, "cellar")
    assert len((await api.client.get(DEVICES)).json()) == 1


async def test_all_channels_that_are_online_are_added_where_none_is_named(api: Api):
    two = details(channel("1"), channel("2", is_online=False), channel("3"))
    tell(api.followers.scans, scan(found(1, details=two)))

    items = await add(api, item(1, name="Cellar"))

    assert items["1"]["cameras"] == ["cellar-1", "cellar-3"]


async def test_streams_that_are_cameras_already_are_not_recorded_twice(api: Api):
    # Who had added cameras by their addresses and then their device had each of them twice.
    await api.add_camera("Front", url="rtsp://192.0.2.20/1/main")
    await api.add_camera("Back", url="rtsp://192.0.2.21:554/1/main")
    tell(
        api.followers.scans,
        scan(
            found(1, details=details(channel("1"), channel("2"))),
            found(2, host="192.0.2.21", details=details(channel("1", host="192.0.2.21"))),
        ),
    )

    items = await add(api, item(1, name="Cellar"), item(2))
    asked_for = await add(api, item(2, cameras=[{"channel": "1", "name": "Again"}]))

    assert (items["1"]["status"], items["1"]["cameras"]) == (201, ["cellar-2"])
    assert (items["2"]["status"], items["2"]["device_id"]) == (409, None)
    assert "as back: delete" in items["2"]["problem"]
    assert asked_for["2"]["cameras"] == ["again"]


async def test_device_that_was_added_before_is_named_also_within_one_request(api: Api):
    tell(
        api.followers.scans,
        scan(found(1, details=details(channel("1"))), found(2, driver="isapi", also=("onvif",))),
    )

    first = await add(api, item(1), item(1))
    again = await add(api, item(1), item(2))

    assert [first["1"]["status"], first["1"]["device_id"]] == [409, "nvr-4"]
    assert [again["1"]["device_id"], again["2"]["device_id"]] == ["nvr-4", "nvr-4"]
    async with api.database.connection() as db:
        assert len(await device_registry.read_devices(db)) == 1


async def test_device_that_told_nothing_yet_is_looked_at_with_the_login_once(
    api: Api, discovery: Discovery
):
    tell(
        api.followers.scans,
        scan(found(1, failure=REJECTED), found(2, host="192.0.2.21", failure=REJECTED)),
    )

    def probed(question: ProbeCamera) -> CameraProbed:
        if question.host == "192.0.2.21":
            return CameraProbed(device=found(2, host="192.0.2.21", failure=REJECTED))
        return CameraProbed(device=found(1, details=details(channel("1"))))

    discovery.probed = probed
    async with discovery.answering():
        await until_answered(lambda: api.client.post(PROBE, json={"host": "192.0.2.1"}))
        discovery.asked.clear()
        items = await add(api, item(1), item(2))
        await add(api, item(1))

    assert items["1"]["status"] == 201
    assert (items["2"]["status"], items["2"]["failure"]["reason"]) == (422, "unauthorized")
    assert "rejected" in items["2"]["problem"]
    asked = [(each.host, each.credentials is not None) for each in discovery.asked]  # type: ignore[attr-defined]
    assert sorted(asked) == [("192.0.2.20", True), ("192.0.2.21", True)]


async def test_device_whose_channels_a_large_scan_left_out_is_looked_at_too(
    api: Api, discovery: Discovery
):
    tell(api.followers.scans, scan(found(1, details=details())))
    whole = CameraProbed(device=found(1, details=details(channel("1"))))
    discovery.probed = lambda _: whole

    async with discovery.answering():
        await until_answered(lambda: api.client.post(PROBE, json={"host": "192.0.2.1"}))
        items = await add(api, item(1))

    assert (items["1"]["status"], items["1"]["cameras"]) == (201, ["nvr-4"])


async def test_device_without_details_is_not_added_while_discovery_is_away(api: Api):
    tell(api.followers.scans, scan(found(1)))

    items = await add(api, item(1))

    assert items["1"]["status"] == 502
    assert "discovery is not running" in items["1"]["problem"]


# ---- probing ----------------------------------------------------------------


async def test_probe_takes_the_login_out_of_the_address_and_seals_it(
    api: Api, discovery: Discovery
):
    report = StreamReport(url="rtsp://192.0.2.9/a", video_codec="h264", width=640, height=360)
    discovery.probed = lambda _: CameraProbed(stream=report)
    url = f"rtsp://viewer:{LOGIN['password']}@192.0.2.9/a"

    async with discovery.answering():
        answer = await until_answered(lambda: api.client.post(PROBE, json={"url": url}))

    assert answer.json()["stream"]["width"] == 640
    (asked,) = discovery.asked
    assert isinstance(asked, ProbeCamera)
    assert (asked.url, asked.host) == ("rtsp://192.0.2.9/a", None)
    assert asked.credentials is not None
    assert LOGIN["password"] not in asked.model_dump_json() + answer.text


async def test_failed_probe_is_an_answer_with_reason_and_advice(api: Api, discovery: Discovery):
    discovery.probed = lambda _: CameraProbed(failure=REJECTED)

    async with discovery.answering():
        body = {"host": "192.0.2.20", "driver": "onvif"}
        answer = await until_answered(lambda: api.client.post(PROBE, json=body))

    assert answer.status_code == 200
    assert answer.json() == {
        "stream": None,
        "device": None,
        "failure": {
            "reason": "unauthorized",
            "detail": "the device rejected the login",
            "advice": "Check it.",
            "locked_until": None,
        },
    }


async def test_stored_login_of_a_device_goes_to_that_device_only(api: Api, discovery: Discovery):
    await api.client.post(DEVICES, json=nvr())

    async with discovery.answering():
        own = await until_answered(lambda: api.client.post(PROBE, json={"device_id": "cellar"}))
    elsewhere = [
        {"device_id": "cellar", "host": "198.51.100.66"},
        {"device_id": "cellar", "url": "rtsp://198.51.100.66/a"},
        {"device_id": "cellar", "port": 8080},
    ]
    refused = [await api.client.post(PROBE, json=body) for body in elsewhere]

    (asked,) = discovery.asked
    assert isinstance(asked, ProbeCamera)
    assert (asked.host, asked.port, asked.driver) == ("192.0.2.20", 80, DriverName.ONVIF)
    assert asked.credentials == (await stored_camera(api, "door")).credentials
    assert own.status_code == 200
    assert [set(errors(answer)) for answer in refused] == [{"host"}, {"url"}, {"credentials"}]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "rtsp://192.0.2.1/", "host": "192.0.2.1"},
        {"url": "rtsp://127.0.0.1/"},
        {"host": "localhost"},
        {"url": "rtsp://a:b@192.0.2.1/", "credentials": LOGIN},
    ],
)
async def test_probe_of_nothing_two_things_or_this_machine_is_refused(api: Api, body):
    assert (await api.client.post(PROBE, json=body)).status_code == 422


# ---- checking ---------------------------------------------------------------


async def test_check_tells_the_id_and_who_has_the_address_already(api: Api):
    await api.add_camera(url="rtsp://192.0.2.10/a?x=1", sub_url="rtsp://192.0.2.10/sub")
    await api.client.post(DEVICES, json=nvr())
    asked = [
        {"name": "front DOOR", "url": "rtsp://viewer:pw@192.0.2.10:554/a?x=1"},
        {"name": "Küche", "url": "rtsp://192.0.2.10:8554/a?x=1"},
        {"name": " ", "url": "rtsp://"},
        {"url": "RTSP://192.0.2.10/sub"},
    ]

    told = [(await api.client.get(CHECK, params=each)).json() for each in asked]

    taken, free, wrong, sub = told
    assert (taken["name"]["camera_id"], taken["name"]["used_by"]) == (
        "front-door-2",
        ["front-door"],
    )
    assert (taken["url"]["url"], taken["url"]["used_by"]) == (
        "rtsp://192.0.2.10:554/a?x=1",
        ["front-door"],
    )
    assert (free["name"]["camera_id"], free["name"]["is_free"]) == ("kuche", True)
    assert free["url"]["is_free"]
    assert wrong["name"]["problem"]
    assert wrong["url"]["problem"]
    assert (sub["name"], sub["url"]["used_by"]) == (None, ["front-door"])
    assert (await api.client.get(CELLAR)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", SCANS),
        ("GET", SCANS),
        ("GET", SCAN),
        ("GET", f"{SCAN}/events"),
        ("DELETE", SCAN),
        ("POST", f"{SCAN}/add"),
        ("POST", PROBE),
        ("GET", CHECK),
        ("GET", DEVICES),
        ("POST", f"{CELLAR}/sync"),
        ("GET", "/api/v1/stored-footage"),
    ],
)
async def test_nothing_of_discovery_opens_without_a_key(api: Api, method, path):
    async with api.anonymous() as client:
        assert (await client.request(method, path)).status_code == 401
