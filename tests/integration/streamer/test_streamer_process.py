"""The service as a process of its own."""

import asyncio
import os
import signal
import sys

import httpx
from websockets.asyncio.client import connect

from tests.integration.streamer.streamer_world import CAMERA, KEY, World, receive
from tests.waiting import eventually_async
from tools.local.ports import free_port


async def test_runs_until_it_is_told_to_stop(world: World) -> None:
    camera = await world.camera()
    port, health_port = free_port(), free_port()
    settings = {
        "PORT": str(port),
        "HEALTH_PORT": str(health_port),
        "LIVE_KEY": KEY,
        "NATS_URL": world.server.users.streamer,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.streamer",
        env={
            **os.environ,
            **{f"EVERFRAME_STREAMER_{name}": value for name, value in settings.items()},
        },
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await eventually_async(lambda: _is_ready(world.client, health_port))
        address = f"ws://127.0.0.1:{port}/api/v1/cameras/{CAMERA}/live/ws?token={world.token()}"
        async with connect(address, proxy=None) as client:
            assert (await receive(client)).type == "waiting"
            await camera.until_wanted()
            metrics = (await world.client.get(f"http://127.0.0.1:{health_port}/metrics")).text
            assert "everframe_streamer_channels 1.0" in metrics
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(20):
                await client.wait_closed()
            assert client.close_code == 1012
        async with asyncio.timeout(20):
            _, log = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert process.returncode == 0
    assert not await camera.is_wanted()
    assert b"streamer.started" in log
    assert world.token().encode().split(b".")[0] not in log


async def _is_ready(client: httpx.AsyncClient, port: int) -> bool:
    try:
        answer = await client.get(f"http://127.0.0.1:{port}/health/ready")
    except httpx.TransportError:
        return False
    return answer.status_code == 200
