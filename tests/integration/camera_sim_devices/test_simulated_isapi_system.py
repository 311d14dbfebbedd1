"""What the simulated ISAPI device tells of itself, and what its account does."""

from datetime import timedelta

import httpx
import pytest

from tests.integration.camera_sim_devices.simulated_device_client import (
    NOW,
    Clock,
    client,
    values,
)
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.devices.timeline import Timeline, steady_timeline

SPEC = DeviceSpec(
    protocols=frozenset({"isapi"}),
    channels=(
        ChannelSpec(
            codec="h265",
            main_url="rtsp://127.0.0.1:8554/main",
            sub_url="rtsp://127.0.0.1:8554/sub",
            fps=12.5,
        ),
    ),
)
RECORDER = DeviceSpec(
    protocols=frozenset({"isapi"}),
    kind="recorder",
    channels=(ChannelSpec(name="Gate"), ChannelSpec(name="Yard", is_online=False)),
)
INFO = "/ISAPI/System/deviceInfo"
CHECK = "/ISAPI/Security/userCheck"


async def get(device: SimulatedDevice, path: str, **settings: str) -> httpx.Response:
    async with client(device, **settings) as opened:  # type: ignore[arg-type] # a password
        return await opened.get(path)


@pytest.mark.parametrize("namespace", ["hikvision", "isapi", "std-cgi"])
async def test_documents_are_in_the_namespace_that_is_switched_on(namespace: str) -> None:
    async with SimulatedDevice(SPEC) as device:
        device.faults.change("xml_namespace", namespace)
        answer = await get(device, INFO)

    assert f'xmlns="http://www.{namespace}' in answer.text
    assert values(answer.content, "serialNumber") == [SPEC.serial]
    assert values(answer.content, "deviceType") == ["IPCamera"]


async def test_streams_have_ids_codecs_sizes_and_rates_in_hundredths() -> None:
    async with SimulatedDevice(SPEC) as device:
        answer = await get(device, "/ISAPI/Streaming/channels")
        ports = await get(device, "/ISAPI/Security/adminAccesses")

    assert values(answer.content, "id") == ["101", "102"]
    assert values(answer.content, "videoCodecType") == ["H.265", "H.264"]
    assert values(answer.content, "maxFrameRate") == ["1250", "1250"]
    assert dict(
        zip(values(ports.content, "protocol"), values(ports.content, "portNo"), strict=True)
    ) == {"HTTP": str(device.port), "RTSP": "8554", "DEV_MANAGE": "8000"}


async def test_a_recorder_lists_its_inputs_and_which_of_them_are_away() -> None:
    async with SimulatedDevice(RECORDER) as device:
        names = await get(device, "/ISAPI/ContentMgmt/InputProxy/channels")
        states = await get(device, "/ISAPI/ContentMgmt/InputProxy/channels/status")
        away = await get(device, "/ISAPI/Streaming/channels/201/picture")

    assert values(names.content, "name") == ["Gate", "Yard"]
    assert values(states.content, "online") == ["true", "false"]
    assert away.status_code == 503


async def test_a_camera_has_no_inputs() -> None:
    async with SimulatedDevice(SPEC) as device:
        answer = await get(device, "/ISAPI/ContentMgmt/InputProxy/channels")

    assert answer.status_code == 403
    assert values(answer.content, "subStatusCode") == ["notSupport"]


async def test_a_picture_is_a_jpeg_and_may_fail_on_one_stream_alone() -> None:
    async with SimulatedDevice(SPEC) as device:
        device.faults.picture_fails = "main"
        main = await get(device, "/ISAPI/Streaming/channels/101/picture")
        sub = await get(device, "/ISAPI/Streaming/channels/102/picture")

    assert (main.status_code, values(main.content, "statusCode")) == (500, ["3"])
    assert sub.content.startswith(b"\xff\xd8")
    assert sub.content.endswith(b"\xff\xd9")


@pytest.mark.parametrize(("disk", "told"), [("ok", ["ok"]), ("error", ["error"]), ("none", [])])
async def test_storage_tells_the_state_of_the_disk(disk: str, told: list[str]) -> None:
    timeline = steady_timeline(1, NOW - timedelta(hours=1), NOW, now=Clock())
    async with SimulatedDevice(SPEC, timeline) as device:
        device.faults.change("disk", disk)
        answer = await get(device, "/ISAPI/ContentMgmt/Storage")

    assert values(answer.content, "status") == told
    assert values(answer.content, "freeSpace") == ["999765"] * len(told)


async def test_time_carries_the_zone_as_the_firmware_writes_it() -> None:
    zone = "CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00"
    async with SimulatedDevice(SPEC, Timeline([], Clock())) as device:
        device.faults.zone = zone
        answer = await get(device, "/ISAPI/System/time")

    assert values(answer.content, "localTime") == ["2025-07-01T14:00:00+02:00"]
    assert values(answer.content, "timeZone") == [zone]


async def test_paths_outside_of_isapi_are_not_found_without_any_login() -> None:
    async with SimulatedDevice(SPEC) as device, client(device, login=False) as opened:
        inside, outside = await opened.get("/ISAPI/nonsense"), await opened.get("/nonsense")
        device.faults.login_everywhere = True
        everywhere = await opened.get("/nonsense")

    assert [inside.status_code, outside.status_code, everywhere.status_code] == [401, 404, 401]
    assert everywhere.headers["www-authenticate"].startswith("Digest ")


@pytest.mark.parametrize("service", ["deviceInfo", "System"])
async def test_a_missing_service_is_not_supported(service: str) -> None:
    async with SimulatedDevice(SPEC) as device:
        device.faults.change("missing_services", [service])
        answer = await get(device, INFO)

    assert answer.status_code == 403
    assert values(answer.content, "subStatusCode") == ["notSupport"]


async def test_an_account_without_rights_may_log_in_and_nothing_else() -> None:
    async with SimulatedDevice(SPEC) as device:
        device.faults.low_privilege = True
        info, check = await get(device, INFO), await get(device, CHECK)

    assert (info.status_code, values(info.content, "subStatusCode")) == (403, ["lowPrivilege"])
    assert values(check.content, "statusValue") == ["200"]


async def test_an_error_document_can_come_with_status_200() -> None:
    async with SimulatedDevice(SPEC) as device:
        device.faults.ok_200_with_xml_error = True
        answer = await get(device, INFO)

    assert answer.status_code == 200
    assert values(answer.content, "statusCode") == ["3"]


async def test_wrong_passwords_lock_and_each_try_during_the_lock_starts_it_anew() -> None:
    clock = Clock()
    async with SimulatedDevice(SPEC, Timeline([], clock)) as device:
        device.faults.lockout_tries = 3
        first = await get(device, CHECK, password="wrong-1")
        await get(device, CHECK, password="wrong-2")
        locked = await get(device, CHECK, password="wrong-3")
        clock.at += timedelta(seconds=1700)
        right = await get(device, CHECK)
        clock.at += timedelta(seconds=200)
        still = await get(device, INFO)
        clock.at += timedelta(seconds=1800)
        free = await get(device, INFO)

    assert values(first.content, "lockStatus") == ["unlock"]
    assert values(first.content, "retryLoginTime") == ["2"]
    assert values(locked.content, "lockStatus") == ["lock"]
    assert values(locked.content, "unlockTime") == ["1800"]
    assert (right.status_code, values(right.content, "unlockTime")) == (401, ["1800"])
    assert (still.status_code, free.status_code) == (401, 200)
    assert (device.account.attempts, device.account.rejected) == (6, 5)


async def test_a_lock_that_is_not_restarted_ends_in_spite_of_tries() -> None:
    clock = Clock()
    async with SimulatedDevice(SPEC, Timeline([], clock)) as device:
        device.faults.lockout_tries, device.faults.lockout_restarts = 1, False
        device.faults.lockout_seconds = 60
        await get(device, INFO, password="wrong")
        clock.at += timedelta(seconds=40)
        during = await get(device, INFO)
        clock.at += timedelta(seconds=30)
        after = await get(device, INFO)

    assert [during.status_code, after.status_code] == [401, 200]


async def test_a_nonce_that_was_used_is_stale_and_the_next_try_is_good() -> None:
    async with SimulatedDevice(SPEC) as device, client(device) as opened:
        await opened.get(INFO)
        reused = await opened.get(INFO)
        device.faults.stale_nonce = True
        refused = await opened.get(INFO)

    assert (reused.status_code, reused.history) == (200, [])
    assert refused.status_code == 200
    assert [answer.status_code for answer in refused.history] == [401]
    assert 'stale="true"' in refused.history[0].headers["www-authenticate"]
    assert device.account.rejected == 0


async def test_another_realm_in_the_hash_rejects_the_right_password() -> None:
    async with SimulatedDevice(SPEC) as device:
        device.faults.wrong_realm = True
        answer = await get(device, INFO)

    assert answer.status_code == 401
    assert device.account.rejected == 1


@pytest.mark.parametrize(
    ("scheme", "offered"),
    [
        ("digest", ["Digest"]),
        ("digest_sha256", ["Digest"]),
        ("basic", ["Basic"]),
        ("both", ["Digest", "Basic"]),
    ],
)
async def test_the_challenge_offers_what_is_switched_on(scheme: str, offered: list[str]) -> None:
    async with SimulatedDevice(SPEC) as device, client(device, login=False) as opened:
        device.faults.change("auth_scheme", scheme)
        answer = await opened.get(INFO)
        digest = await get(device, INFO)
        basic = await opened.get(INFO, auth=httpx.BasicAuth(SPEC.username, SPEC.password))

    challenges = answer.headers.get_list("www-authenticate")
    assert [challenge.split(" ")[0] for challenge in challenges] == offered
    assert ("algorithm=SHA-256" in challenges[0]) == (scheme == "digest_sha256")
    assert (digest.status_code == 200) == ("Digest" in offered)
    assert (basic.status_code == 200) == ("Basic" in offered)


async def test_without_any_scheme_nobody_is_asked() -> None:
    async with SimulatedDevice(SPEC) as device, client(device, login=False) as opened:
        device.faults.auth_scheme = "none"
        answer = await opened.get(INFO)

    assert answer.status_code == 200
