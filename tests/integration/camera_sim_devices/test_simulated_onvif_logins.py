"""Who may ask a simulated ONVIF device what: UsernameToken, HTTP digest, and the lock."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.integration.camera_sim_devices.simulated_onvif_client import (
    OnvifClient,
    token_header,
)
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.onvif.names import PASSWORD_DIGEST
from tools.camera_sim.devices.onvif.switches import switches_of
from tools.camera_sim.devices.spec import DeviceSpec

SPEC = DeviceSpec()
USER, PASSWORD = SPEC.username, SPEC.password
NOT_AUTHORIZED = ["s:Sender", "ter:NotAuthorized"]


async def test_tells_the_time_without_a_login_and_nothing_else_of_weight() -> None:
    async with SimulatedDevice(SPEC) as device, OnvifClient(device) as client:
        client.login = None

        assert (await client.ask("tds:GetSystemDateAndTime")).status == 200
        refused = await client.ask("tds:GetDeviceInformation")
        assert (refused.status, refused.fault) == (400, NOT_AUTHORIZED)
        assert device.account.attempts == 0


async def test_a_strict_device_wants_a_login_for_its_services_too() -> None:
    async with SimulatedDevice(SPEC) as device, OnvifClient(device) as client:
        client.login = None
        assert (await client.ask("tds:GetServices")).status == 200

        switches_of(device).free = frozenset({"GetSystemDateAndTime"})

        assert (await client.ask("tds:GetServices")).fault == NOT_AUTHORIZED


async def test_a_login_that_nobody_asked_for_is_not_counted() -> None:
    async with SimulatedDevice(SPEC) as device, OnvifClient(device) as client:
        client.login = (USER, "wrong")

        assert (await client.ask("tds:GetSystemDateAndTime")).status == 200
        assert device.account.attempts == 0


async def test_a_right_token_is_taken_once() -> None:
    async with SimulatedDevice(SPEC) as device, OnvifClient(device) as client:
        header = token_header(USER, PASSWORD)

        assert (await client.ask("tds:GetDeviceInformation", header=header)).status == 200
        assert (await client.ask("tds:GetDeviceInformation", header=header)).status == 400
        assert (device.account.attempts, device.account.rejected) == (2, 1)


def wrong_headers() -> dict[str, str]:
    right = token_header(USER, PASSWORD)
    return {
        "wrong password": token_header(USER, "wrong"),
        "wrong user": token_header("root", PASSWORD),
        "no nonce": token_header(USER, PASSWORD, nonce=b""),
        "no created": token_header(USER, PASSWORD, created=""),
        "created is no time": token_header(USER, PASSWORD, created="yesterday"),
        "password as text": right.replace(
            PASSWORD_DIGEST, PASSWORD_DIGEST.replace("Digest", "Text")
        ),
        "nonce is no base64": right.replace("<wsse:Nonce>", "<wsse:Nonce>!"),
    }


@pytest.mark.parametrize("case", wrong_headers())
async def test_anything_but_a_right_token_is_refused_and_counted(case: str) -> None:
    async with SimulatedDevice(SPEC) as device, OnvifClient(device) as client:
        answer = await client.ask("tds:GetDeviceInformation", header=wrong_headers()[case])

        assert (answer.status, answer.fault) == (400, NOT_AUTHORIZED)
        assert (device.account.attempts, device.account.rejected) == (1, 1)
        assert PASSWORD not in answer.content.decode()


async def test_created_is_measured_with_the_clock_of_the_device() -> None:
    ahead = timedelta(hours=8)
    faults = DeviceFaults(clock_offset_seconds=ahead.total_seconds())
    async with SimulatedDevice(SPEC, faults=faults) as device, OnvifClient(device) as client:
        by_our_clock = token_header(USER, PASSWORD)
        by_its_clock = token_header(USER, PASSWORD, created=datetime.now(UTC) + ahead)

        assert (await client.ask("tds:GetScopes", header=by_our_clock)).fault == NOT_AUTHORIZED
        assert (await client.ask("tds:GetScopes", header=by_its_clock)).status == 200


async def test_the_lock_refuses_the_right_password_as_well() -> None:
    faults = DeviceFaults(lockout_tries=2)
    async with SimulatedDevice(SPEC, faults=faults) as device, OnvifClient(device) as client:
        for _ in range(2):
            await client.ask("tds:GetScopes", header=token_header(USER, "wrong"))

        assert (await client.ask("tds:GetScopes")).fault == NOT_AUTHORIZED
        assert device.account.rejected == 3


async def test_tries_by_token_and_by_http_fill_the_same_count() -> None:
    faults = DeviceFaults(lockout_tries=2)
    async with SimulatedDevice(SPEC, faults=faults) as device:
        switches_of(device).auth = "both"
        wrong = httpx.DigestAuth(USER, "wrong")
        async with OnvifClient(device, auth=wrong) as client:
            assert (await client.ask("tds:GetScopes")).status == 401
        async with OnvifClient(device) as client:
            await client.ask("tds:GetScopes", header=token_header(USER, "wrong"))
            assert (await client.ask("tds:GetScopes")).status == 400


async def test_a_device_with_http_login_answers_401_to_a_token_and_takes_digest() -> None:
    async with SimulatedDevice(SPEC) as device:
        switches_of(device).auth = "http"
        async with OnvifClient(device) as client:
            refused = await client.ask("tds:GetScopes")
        async with OnvifClient(device, auth=httpx.DigestAuth(USER, PASSWORD)) as client:
            allowed = await client.ask("tds:GetScopes")

    assert refused.status == 401
    assert refused.headers["www-authenticate"].startswith("Digest ")
    assert allowed.status == 200
    assert device.account.rejected == 0


async def test_a_user_without_rights_may_log_in_and_do_nothing() -> None:
    faults = DeviceFaults(low_privilege=True)
    async with SimulatedDevice(SPEC, faults=faults) as device, OnvifClient(device) as client:
        answer = await client.ask("tds:GetScopes")

    assert (answer.status, answer.fault) == (400, ["s:Sender", "ter:OperationProhibited"])


async def test_a_snapshot_wants_http_digest_even_where_services_want_tokens() -> None:
    async with SimulatedDevice(SPEC) as device:
        path = "/onvif/snapshot/profile-1-main"
        digest = httpx.DigestAuth(USER, PASSWORD)
        async with httpx.AsyncClient(base_url=device.url, trust_env=False) as http:
            refused = await http.get(path)
            picture = await http.get(path, auth=digest)
            nothing = await http.get("/onvif/snapshot/profile-9-main", auth=digest)
            device.faults.picture_fails = "main"
            failed = await http.get(path, auth=digest)

    assert [refused.status_code, nothing.status_code, failed.status_code] == [401, 404, 500]
    assert picture.content.startswith(b"\xff\xd8")
