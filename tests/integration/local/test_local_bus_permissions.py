"""What the server refuses to each service's user: everything that its wiring does not name."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from libs.bus.client import BusConfig
from libs.bus.declare import declare
from tools.local.nats_server import NatsServer

# Who may publish where; what is nobody's is refused to all.
PUBLISHERS = {
    "everframe.evt.recording-completed.main.door": {"recorder"},
    "everframe.evt.gap-detected.main.door": {"recorder"},
    "everframe.evt.camera-status-changed.main.door": {"recorder"},
    "everframe.evt.viewing-started.main.door": {"streamer"},
    "everframe.evt.viewing-stopped.main.door": {"streamer"},
    "everframe.evt.invented.main.door": set(),
    "everframe.live.part.main.door.main": {"recorder"},
    "everframe.dlq.EVENTS.api": {"api"},
    "everframe.dlq.EVENTS.recorder": set(),
    "everframe.evt.camera-health-changed.main.door": {"discovery"},
    "everframe.evt.stored-footage-found.main.door": {"discovery"},
    "everframe.ask.scan-network.main": {"api"},
    "everframe.ask.retry-login.main": {"api"},
    "$KV.cameras.main.door": {"api"},
    "$KV.devices.main.nvr": {"api"},
    "$KV.device-states.main.nvr": {"discovery"},
    "$KV.health.main.door": {"discovery"},
    "$KV.scans.main.0": {"discovery"},
    "$KV.footage.main.door.2026-11-20": {"discovery"},
    "$KV.discovery-leader.main": {"discovery"},
    "$KV.owner.main.door": {"recorder"},
    "$KV.presence.recorder-1": {"recorder"},
    "$KV.progress.main.door": {"recorder"},
    "$KV.live.main.door.main": {"recorder"},
    "$KV.demand.main.door.main.streamer-1": {"streamer"},
    "$KV.services.api.1": {"api"},
    "$KV.services.discovery.1": {"discovery"},
    "$KV.services.recorder.1": {"recorder"},
    "$KV.services.streamer.1": {"streamer"},
    "$KV.services.invented.1": set(),
    "$KV.services.api": set(),
    "$JS.API.INFO": set(),
    "$JS.API.STREAM.NAMES": set(),
    "$JS.API.STREAM.CREATE.LIVE": {"recorder"},
    "$JS.API.STREAM.CREATE.EVENTS": set(),
    "$JS.API.STREAM.UPDATE.LIVE": set(),
    "$JS.API.STREAM.DELETE.LIVE": set(),
    "$JS.API.STREAM.PURGE.KV_cameras": set(),
    "$JS.API.STREAM.PURGE.KV_owner": set(),
    "$JS.API.STREAM.MSG.DELETE.EVENTS": set(),
    "$JS.API.STREAM.MSG.GET.EVENTS": set(),
    "$JS.API.STREAM.MSG.GET.KV_cameras": {"api", "discovery", "recorder"},
    "$JS.API.STREAM.MSG.GET.KV_presence": {"recorder"},
    "$JS.API.STREAM.MSG.GET.KV_demand": {"recorder", "streamer"},
    "$JS.API.DIRECT.GET.KV_cameras.$KV.cameras.main.door": set(),
    "$JS.API.DIRECT.GET.LIVE.everframe.live.part.main.door.main": set(),
    "$JS.API.STREAM.MSG.GET.LIVE": {"recorder", "streamer"},
    "$JS.API.CONSUMER.CREATE.EVENTS": {"api"},
    "$JS.API.CONSUMER.CREATE.LIVE": {"streamer"},
    "$JS.API.CONSUMER.CREATE.DLQ": set(),
    "$JS.API.CONSUMER.CREATE.KV_cameras": {"api", "discovery", "recorder"},
    "$JS.API.CONSUMER.CREATE.KV_demand": {"recorder", "streamer"},
    "$JS.API.CONSUMER.CREATE.EVENTS.api": set(),
    "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.api": set(),
    "$JS.API.CONSUMER.DELETE.EVENTS.api": set(),
    "$JS.API.CONSUMER.MSG.NEXT.EVENTS.api": {"api"},
    "$JS.ACK.EVENTS.api.1.1.1.1.0": {"api"},
    "$JS.ACK.EVENTS.other.1.1.1.1.0": set(),
    "$JS.FC.LIVE.x.1.2": {"streamer"},
    "$SRV.PING": set(),
    "$SYS.REQ.SERVER.PING": set(),
    "_INBOX.api.x": set(),
    "_INBOX.recorder.x": set(),
    "elsewhere": set(),
}
LISTENERS = {
    "_INBOX.api.x": {"api"},
    "_INBOX.discovery.x": {"discovery"},
    "_INBOX.recorder.x": {"recorder"},
    "everframe.ask.scan-network.*": {"discovery"},
    "everframe.ask.>": set(),
    "_INBOX.streamer.x": {"streamer"},
    "_INBOX.>": set(),
    ">": set(),
    "everframe.>": set(),
    "everframe.evt.>": set(),
    "everframe.live.part.main.door.main": set(),
    "$KV.>": set(),
    "$KV.cameras.main.door": set(),
    "$JS.API.>": set(),
    "$JS.ACK.>": set(),
    "$JS.EVENT.ADVISORY.>": set(),
    "$SRV.>": set(),
}
LAST = "the.end"


@asynccontextmanager
async def user(server: NatsServer, service: str) -> AsyncIterator[tuple[Client, list[str]]]:
    """A connection as this service's user, and what the server refused to it."""
    errors: list[str] = []

    async def note(error: Exception) -> None:
        errors.append(str(error).lower())

    url: str = getattr(server.users, service)
    client = await nats.connect(url, error_cb=note, inbox_prefix=f"_INBOX.{service}")
    try:
        yield client, errors
    finally:
        await client.close()


async def all_told(client: Client, errors: list[str]) -> None:
    """Return when the server has answered for everything that was sent before."""
    await client.publish(LAST, b"")
    async with asyncio.timeout(10):
        while not any(f'"{LAST}"' in error for error in errors):  # noqa: ASYNC110 - a callback list
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("service", ["api", "discovery", "recorder", "streamer"])
async def test_a_service_publishes_only_what_its_wiring_names(
    nats_server: NatsServer, service: str
) -> None:
    async with user(nats_server, service) as (client, errors):
        for subject in PUBLISHERS:
            await client.publish(subject, b"")
        await all_told(client, errors)

    allowed = {s for s in PUBLISHERS if not any(f'publish to "{s.lower()}"' in e for e in errors)}
    assert allowed == {s for s, services in PUBLISHERS.items() if service in services}


@pytest.mark.parametrize("service", ["api", "discovery", "recorder", "streamer"])
async def test_a_service_listens_to_its_own_inbox_only(
    nats_server: NatsServer, service: str
) -> None:
    async def ignore(_: Msg) -> None:
        pass

    async with user(nats_server, service) as (client, errors):
        for subject in LISTENERS:
            await client.subscribe(subject, cb=ignore)
        await all_told(client, errors)

    refused = {s for s in LISTENERS if any(f'subscription to "{s.lower()}"' in e for e in errors)}
    assert set(LISTENERS) - refused == {s for s, who in LISTENERS.items() if service in who}


async def test_a_consumer_that_names_another_bucket_delivers_nothing_into_it(
    nats_server: NatsServer,
) -> None:
    await declare(BusConfig(url=nats_server.users.admin), [])
    async with (
        user(nats_server, "streamer") as (streamer, _),
        user(nats_server, "admin") as (admin, _),
    ):
        await streamer.jetstream().publish("$KV.demand.door", b"no camera at all")
        arrived = await streamer.subscribe(inbox := streamer.new_inbox())
        # The server takes both, and delivers only where somebody listens to just that subject.
        for target in ("$KV.cameras.main.door", inbox):
            config = {"deliver_subject": target, "ack_policy": "none", "deliver_policy": "all"}
            answer = await streamer.request(
                "$JS.API.CONSUMER.CREATE.KV_demand",
                json.dumps({"stream_name": "KV_demand", "config": config}).encode(),
                timeout=5,
            )
            assert "error" not in json.loads(answer.data)
        message = await arrived.next_msg(timeout=10)
        state = (await admin.jetstream().stream_info("KV_cameras")).state

    assert message.data == b"no camera at all"
    assert state.messages == 0
