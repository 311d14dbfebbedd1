"""Processes report on a real bus, and the api lists them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from libs.bus.client import Bus, BusConfig
from libs.bus.declare import declare
from libs.bus.errors import PermissionDenied
from libs.bus.keyvalue import Change
from libs.bus.presence import PresenceReport
from libs.contracts.presence import Figure, ServiceState
from libs.runtime.version import VERSION
from services.api.wiring import WIRING
from services.recorder.wiring import WIRING as RECORDER
from tests.infra import Infra
from tests.integration.api.conftest import NOW, Api
from tests.integration.api.service_worlds import Service, eventually, running_service
from tests.waiting import running
from tools.local.nats_server import NatsServer
from tools.local.postgres import PostgresServer

SERVICES = "/api/v1/system/services"


@pytest.fixture
async def recorder(nats_server: NatsServer) -> AsyncIterator[Bus]:
    await declare(BusConfig(url=nats_server.users.admin, name="test"), [WIRING, RECORDER])
    bus = await Bus.connect(
        BusConfig(url=nats_server.users.recorder, name="test"), RECORDER, wait_seconds=10
    )
    yield bus
    await bus.drain(1)


@pytest.fixture
async def service(
    *,
    recorder: Bus,  # declares everything before the service starts
    nats_server: NatsServer,
    pg_server: PostgresServer,
    bucket: str,
    infra: Infra,
    tmp_path: Path,
) -> AsyncIterator[Service]:
    urls = pg_server.dsn, nats_server.users.api
    async with running_service(*urls, infra=infra, bucket=bucket, folder=tmp_path) as running:
        yield running


async def figures() -> Sequence[Figure]:
    return (Figure(name="spool_bytes", label="Spool used", value=12.0, unit="bytes"),)


def report(bus: Bus) -> PresenceReport:
    return PresenceReport(bus, service="recorder", instance="1", figures=figures)


async def listed(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    answer = await client.get(SERVICES)
    assert answer.status_code == 200, answer.text
    return {f"{each['service']}-{each['instance']}": each for each in answer.json()}


async def test_running_processes_are_listed_and_stopped_ones_are_not(
    service: Service, recorder: Bus
):
    async with service.client() as client:
        async with running(report(recorder).run()):
            await eventually(lambda: _is_listed(client, "recorder-1", {"spool_bytes": 12.0}))
            found = await listed(client)
            everything = {"database": 1.0, "object_store": 1.0, "bus": 1.0, "event_clients": 0.0}
            await eventually(lambda: _is_listed(client, "api-1", everything))
        await eventually(lambda: _is_gone(client, "recorder-1"))
    told = await recorder.kv(ServiceState).keys()
    await service.stop()
    left = await recorder.kv(ServiceState).keys()

    assert found["recorder-1"]["state"] == found["api-1"]["state"] == "up"
    assert {each["version"] for each in found.values()} == {VERSION}
    assert found["recorder-1"]["figures"][0] == {
        "name": "spool_bytes",
        "label": "Spool used",
        "value": 12.0,
        "unit": "bytes",
    }
    assert (told, left) == ({"api.1"}, set())


async def test_api_lists_itself_while_the_bus_is_away(service: Service, nats_server: NatsServer):
    async with service.client() as client:
        await eventually(lambda: _is_listed(client, "api-1", {"bus": 1.0}))
        await nats_server.stop()
        await eventually(lambda: _is_listed(client, "api-1", {"bus": 0.0, "database": 1.0}))

        assert (await listed(client))["api-1"]["state"] == "up"


async def test_no_service_can_report_for_another(recorder: Bus, monkeypatch: pytest.MonkeyPatch):
    bucket = recorder.kv(ServiceState)
    state = ServiceState(service="api", instance="1", version=VERSION, started_at=NOW, seen_at=NOW)

    async with asyncio.timeout(20):
        with pytest.raises(PermissionDenied):
            await bucket.put(state.key, state)

    assert await bucket.keys() == set()


async def test_process_that_was_killed_is_shown_as_silent(api: Api):
    state = ServiceState(
        service="streamer",
        instance="1",
        version=VERSION,
        started_at=NOW,
        seen_at=NOW - timedelta(minutes=3),
    )
    api.followers.presence.on_change(Change(state.key, state, 1))

    found = await listed(api.client)

    assert {name: each["state"] for name, each in found.items()} == {
        "api-1": "up",
        "streamer-1": "silent",
    }
    assert found["streamer-1"]["seen_at"] == "2026-11-20T23:27:00.000Z"


async def _is_listed(client: httpx.AsyncClient, name: str, values: dict[str, float]) -> bool:
    found = (await listed(client)).get(name)
    if found is None:
        return False
    told = {each["name"]: each["value"] for each in found["figures"]}
    return all(told.get(figure) == value for figure, value in values.items())


async def _is_gone(client: httpx.AsyncClient, name: str) -> bool:
    return name not in await listed(client)
