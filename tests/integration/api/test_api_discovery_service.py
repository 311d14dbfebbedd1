"""The whole service with a discovery that answers over a real bus."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from libs.bus.client import Bus, BusConfig
from libs.bus.declare import declare
from libs.contracts.asks import CameraProbed, ScanNetwork, ScanState
from libs.contracts.cameras import CameraConfig
from libs.contracts.devices import DeviceConfig, DeviceState
from libs.contracts.footage import FootageFile, StoredFootageFound
from libs.contracts.health import CameraHealth, CameraHealthChanged, HealthState
from libs.runtime.credentials import CredentialBox
from services.api.wiring import WIRING
from services.discovery.wiring import WIRING as DISCOVERY
from tests.infra import Infra
from tests.integration.api.discovery_worlds import (
    LOGIN,
    REJECTED,
    SCANS,
    Discovery,
    channel,
    details,
    found,
    scan,
    until_answered,
)
from tests.integration.api.service_worlds import Service, eventually, running_service
from tools.local.nats_server import NatsServer

PASSWORD = LOGIN["password"]


@pytest.fixture
async def discovery(nats_server: NatsServer) -> AsyncIterator[Discovery]:
    """Discovery's way to the bus, with its own user's rights."""
    await declare(BusConfig(url=nats_server.users.admin, name="test"), [WIRING, DISCOVERY])
    bus = await Bus.connect(
        BusConfig(url=nats_server.users.discovery, name="test"), DISCOVERY, wait_seconds=10
    )
    yield Discovery(bus)
    await bus.drain(1)


@pytest.fixture
async def service(
    *,
    discovery: Discovery,  # declares everything before the service starts
    nats_server: NatsServer,
    database: str,
    bucket: str,
    infra: Infra,
    tmp_path: Path,
) -> AsyncIterator[Service]:
    assert discovery.bus.is_connected
    nats_url = nats_server.users.api
    async with running_service(
        database, nats_url, infra=infra, bucket=bucket, folder=tmp_path
    ) as running:
        yield running


async def followed(service: Service, scan_id: str) -> list[tuple[str, Any]]:
    told: list[tuple[str, Any]] = []
    async with (
        service.client() as client,
        client.stream("GET", f"{SCANS}/{scan_id}/events", timeout=30) as answer,
    ):
        name = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                told.append((name, json.loads(line.removeprefix("data: "))))
    return told


async def test_scanned_device_is_added_watched_and_its_password_is_nowhere(
    service: Service, discovery: Discovery
):
    kv = discovery.bus.kv
    async with service.client() as client, discovery.answering():
        body = {"targets": ["192.0.2.0/28"], "credentials": LOGIN}
        started = await until_answered(lambda: client.post(SCANS, json=body))
        scan_id = started.json()["scan_id"]
        following = asyncio.create_task(followed(service, scan_id))
        now = datetime.now(UTC)
        device = found(details=details(channel("1"), name="Cellar"))
        for state in ("running", "finished"):
            value = scan(device, scan_id=scan_id, state=state, started_at=now)
            await kv(ScanState).put(f"main.{scan_id}", value)
        told = await asyncio.wait_for(following, 30)
        added = await client.post(
            f"{SCANS}/{scan_id}/add",
            json={"credentials": LOGIN, "devices": [{"found_id": device.found_id}]},
        )
        item = added.json()["items"][0]

        async def is_desired() -> bool:
            camera = await kv(CameraConfig).get("main.cellar")
            return camera is not None and await kv(DeviceConfig).get("main.cellar") is not None

        await eventually(is_desired)
        await _report(discovery, now)

        async def is_shown() -> bool:
            shown = (await client.get("/api/v1/devices/cellar")).json()
            camera = (await client.get("/api/v1/cameras/cellar")).json()
            files = (await client.get("/api/v1/cameras/cellar/stored-footage")).json()
            return bool(
                shown["state"]
                and shown["state"]["failure"]
                and camera["health"]["proof"]
                and files["items"]
            )

        await eventually(is_shown)
        paths = ("devices", "cameras", "status", "stored-footage", "discovery/scans")
        answers = [(await client.get(f"/api/v1/{path}")).text for path in paths]

    assert told[-1][0] == "end"
    assert [data["found_id"] for name, data in told if name == "device"][-1] == device.found_id
    assert (item["status"], item["device_id"], item["cameras"]) == (201, "cellar", ["cellar"])
    stored = await kv(DeviceConfig).get("main.cellar")
    assert stored is not None
    sealed = stored.value.credentials or ""
    asked = discovery.asked[0]
    assert isinstance(asked, ScanNetwork)
    keys = service.environment["EVERFRAME_API_CREDENTIAL_KEYS"]
    assert CredentialBox(keys).open(sealed).password == PASSWORD
    seen = [service.log, started.text, added.text, *answers, json.dumps(told)]
    seen += [asked.model_dump_json(), stored.value.model_dump_json()]
    for text in seen:
        assert PASSWORD not in text
    for text in (service.log, *answers, json.dumps(told)):
        assert sealed not in text


async def _report(discovery: Discovery, now: datetime) -> None:
    """Say what discovery says of a camera and its device."""
    bus = discovery.bus
    file = FootageFile(
        channel="1", file_id="a.mp4", started_at=now - timedelta(minutes=5), ended_at=now
    )
    footage = StoredFootageFound.of(
        file, camera_id="cellar", device_id="cellar", clock_offset_seconds=0, found_at=now
    )
    changed = CameraHealthChanged(
        camera_id="cellar",
        state=HealthState.ONLINE,
        previous=HealthState.UNKNOWN,
        since=now,
        checked_at=now,
    )
    health = CameraHealth(camera_id="cellar", state=HealthState.ONLINE, since=now, checked_at=now)
    await bus.publish(footage)
    await bus.publish(footage)
    await bus.publish(changed)
    await bus.kv(CameraHealth).put("main.cellar", health)
    state = DeviceState(device_id="cellar", failure=REJECTED, checked_at=now)
    await bus.kv(DeviceState).put("main.cellar", state)


async def test_discovery_that_comes_goes_and_fails_is_told_as_such(
    service: Service, discovery: Discovery, nats_server: NatsServer
):
    async with service.client() as client:
        probe = {"host": "192.0.2.20", "credentials": LOGIN}

        async def bus_is_up() -> bool:
            return bool((await client.get("/api/v1/health")).json()["bus"] == "up")

        await eventually(bus_is_up)
        nobody = await client.post("/api/v1/discovery/probe", json=probe)
        discovery.probed = lambda _: CameraProbed(failure=REJECTED)
        async with discovery.answering():
            answered = await until_answered(
                lambda: client.post("/api/v1/discovery/probe", json=probe)
            )
        gone = await client.post("/api/v1/discovery/probe", json=probe)
        await nats_server.stop()
        away = await _once_away(client, probe)

    assert (nobody.status_code, gone.status_code, away.status_code) == (503, 503, 503)
    assert "discovery is not running" in nobody.text
    assert "discovery is not running" in gone.text
    assert "bus is away" in away.text
    assert answered.json()["failure"]["reason"] == "unauthorized"
    assert PASSWORD not in service.log


async def _once_away(client: httpx.AsyncClient, probe: dict[str, Any]) -> httpx.Response:
    answers: list[httpx.Response] = []

    async def is_away() -> bool:
        answers.append(await client.post("/api/v1/discovery/probe", json=probe, timeout=60))
        return "bus is away" in answers[-1].text

    await eventually(is_away, seconds=90)
    return answers[-1]


async def test_who_follows_a_scan_does_not_hold_up_the_end_of_the_service(
    service: Service, discovery: Discovery
):
    # The stream was cut off after the grace period, with a traceback in the log.
    scan_id = "0" * 16
    value = scan(scan_id=scan_id, state="running", started_at=datetime.now(UTC))
    await discovery.bus.kv(ScanState).put(f"main.{scan_id}", value)

    async with service.client() as client:

        async def is_known() -> bool:
            return (await client.get(f"{SCANS}/{scan_id}")).status_code == 200

        await eventually(is_known)
        async with client.stream("GET", f"{SCANS}/{scan_id}/events", timeout=30) as answer:
            lines = answer.aiter_lines()
            while not (await anext(lines)).startswith("id:"):
                pass
            stopping = asyncio.create_task(service.stop())
            async for _ in lines:
                pass
            status = await stopping

    assert status == 0
    assert '"level": "error"' not in service.log
