"""/health/live, /health/ready and /metrics of a running service."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

import services.recorder.metrics
from libs.runtime import health as health_module
from libs.runtime.health import HealthServer


@pytest.fixture
async def server() -> AsyncIterator[HealthServer]:
    server = HealthServer("127.0.0.1", 0)
    task = asyncio.create_task(server.run())
    await asyncio.sleep(0)
    yield server
    task.cancel()
    await asyncio.wait([task])


async def ask(server: HealthServer, path: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=10) as client:
        return await client.get(f"http://127.0.0.1:{server.port}{path}")


async def test_a_turning_loop_is_live(server: HealthServer):
    answer = await ask(server, "/health/live")

    assert (answer.status_code, answer.json()) == (200, {"ok": True, "problems": {}})


async def test_a_loop_that_stands_still_is_not_live(server: HealthServer):
    server._beat = time.monotonic() - health_module.LOOP_STALL_SECONDS - 1

    answer = await ask(server, "/health/live")

    assert answer.status_code == 503
    assert answer.json()["problems"] == {"event_loop": "stalled"}


async def test_readiness_names_what_is_missing(server: HealthServer):
    problems: dict[str, str | None] = {"bus": "not connected", "cameras": None}
    server.add_check("bus", lambda: problems["bus"])
    server.add_check("cameras", lambda: problems["cameras"])

    before = await ask(server, "/health/ready")
    problems["bus"] = None
    after = await ask(server, "/health/ready")

    assert (before.status_code, before.json()["problems"]) == (503, {"bus": "not connected"})
    assert (after.status_code, after.json()) == (200, {"ok": True, "problems": {}})


async def test_a_check_that_fails_is_a_problem_and_no_crash(server: HealthServer):
    def check() -> str | None:
        raise ZeroDivisionError("oops")

    server.add_check("broken", check)

    answer = await ask(server, "/health/ready")

    assert answer.status_code == 503
    assert "oops" in answer.json()["problems"]["broken"]


async def test_metrics_are_what_prometheus_reads(server: HealthServer):
    services.recorder.metrics.SPOOL_BYTES.set(4711)

    answer = await ask(server, "/metrics")

    families = {f.name: f for f in text_string_to_metric_families(answer.text)}
    assert families["everframe_recorder_spool_bytes"].samples[0].value == 4711


async def test_other_pages_do_not_exist(server: HealthServer):
    assert (await ask(server, "/")).status_code == 404


async def test_the_port_is_free_again_afterwards():
    first = HealthServer("127.0.0.1", 0)
    task = asyncio.create_task(first.run())
    await asyncio.sleep(0)
    await ask(first, "/health/live")
    task.cancel()
    await asyncio.wait([task])

    second = HealthServer("127.0.0.1", first.port)
    task = asyncio.create_task(second.run())
    await asyncio.sleep(0)
    assert (await ask(second, "/health/live")).status_code == 200
    task.cancel()
    await asyncio.wait([task])
