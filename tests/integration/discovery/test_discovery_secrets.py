"""A password never leaves discovery but towards the device: looked for everywhere, in all forms."""

import asyncio
import hashlib
import secrets

import pytest
import structlog
from prometheus_client import generate_latest

from libs.contracts.asks import ProbeCamera, ScanNetwork, ScanState
from libs.contracts.devices import DeviceState
from libs.contracts.health import CameraHealth, CameraHealthChanged, HealthState
from tests.integration.discovery.discovery_world import PASSWORD, World, simulated
from tests.secrets_in import forms_of
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.simulator import CameraSimulator

WRONG = "wr0ng-s3cret+%/"


def forms(password: str, realms: tuple[str, ...]) -> set[str]:
    """Everything that would give the password away."""
    plain = forms_of(password, username="admin")
    hashes = {
        hashlib.new(name, f"admin:{realm}:{password}".encode()).hexdigest()
        for realm in realms
        for name in ("md5", "sha256")
    }
    return plain | hashes


async def test_no_password_is_in_logs_values_events_metrics_or_answers(
    world: World, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    caplog.set_level("DEBUG")
    told: list[str] = []
    with structlog.testing.capture_logs() as logged:
        await world.leader()
        await world.answered()
        async with (
            simulated(1, protocols=frozenset({"isapi", "onvif"})) as one,
            simulated(2, protocols=frozenset({"dahua"}), password="another") as two,
            CameraSimulator([CameraSpec("yard", username="admin", password=PASSWORD)]) as sim,
        ):
            url = sim["yard"].plain_url
            await world.add_device(one)
            await world.add_device(two, device_id="locked", driver="dahua")
            await world.add_camera(url, credentials=world.sealed())
            await world.add_camera(url, "gate", credentials=world.sealed(WRONG))
            scan = ScanNetwork(
                scan_id=secrets.token_hex(8),
                targets=("127.0.0.1",),
                ports=(one.port, two.port, sim["yard"].port),
                credentials=world.sealed(),
            )
            told.append((await world.scan(scan)).model_dump_json())
            for password in (PASSWORD, WRONG):
                sealed = world.sealed(password)
                stream = ProbeCamera(url=url, credentials=sealed)
                device = ProbeCamera(host="127.0.0.1", port=one.port, credentials=sealed)
                told.append((await world.api.ask(stream)).model_dump_json())
                told.append((await world.api.ask(device)).model_dump_json())
            await world.device_state(lambda state: state.details is not None)
            await world.device_state(lambda state: state.failure is not None, "locked")
            await world.health(HealthState.ONLINE)
            await world.health(HealthState.UNAUTHORIZED, "gate")
            realms = (one.account.realm, two.account.realm, sim["yard"].auth.realm)
        for model in (ScanState, DeviceState, CameraHealth):
            values = await world.api.kv(model).all()
            assert values
            told += [entry.value.model_dump_json() for entry in values.values()]
        last = (await world.api.stream_state()).last_seq
        async for delivery in world.api.replay([CameraHealthChanged], from_seq=1, to_seq=last):
            told.append(delivery.event.model_dump_json())
        for running in list(world.running):
            await running.end()
    await asyncio.sleep(0)
    captured = capfd.readouterr()
    metrics = generate_latest().decode()
    text = "\n".join([*told, *map(repr, logged), caplog.text, captured.out, captured.err, metrics])

    assert len(logged) > 5
    for password in (PASSWORD, WRONG):
        for form in forms(password, realms):
            assert form not in text
