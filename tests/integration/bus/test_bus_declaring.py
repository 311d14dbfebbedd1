"""The declare step, and services that refuse a server which is not as declared."""

import os
import sys

import pytest
from nats.js import api

from libs.bus.client import Bus
from libs.bus.declare import declare
from libs.bus.errors import TopologyDrift
from libs.bus.topology import Limits
from tests.integration.bus.bus_worlds import (
    API,
    RECORDER,
    ServerWorld,
)
from tools.local.nats_server import NatsServer
from tools.local.processes import ManagedProcess, ProcessSpec

ALL = [RECORDER, API]


async def test_a_service_refuses_an_undeclared_server_and_says_what_to_do(nats_server: NatsServer):
    world = ServerWorld(nats_server)

    with pytest.raises(TopologyDrift, match=r"declare step.*stream EVENTS is missing"):
        await Bus.connect(world.config(API), API, wait_seconds=5)


async def test_declaring_twice_changes_nothing_the_second_time(nats_server: NatsServer):
    world = ServerWorld(nats_server)

    first, second = await world.declare(), await world.declare()

    assert first[0] == "created stream EVENTS"
    assert "created consumer api" in first
    assert second == []


async def test_what_was_changed_by_hand_is_refused_and_put_right(server_world: ServerWorld):
    async with server_world.admin() as admin:
        js = admin.jetstream()
        consumer = (await js.consumer_info("EVENTS", "api")).config
        await js.add_consumer("EVENTS", consumer.evolve(max_ack_pending=50))
        owner = (await js.stream_info("KV_owner")).config
        await js.update_stream(owner.evolve(max_msgs_per_subject=7))

    with pytest.raises(TopologyDrift) as raised:
        await server_world.bus(API)
    done = await server_world.declare()
    api_bus = await server_world.bus(API)

    assert "consumer api max_ack_pending: 50 -> 1" in str(raised.value)
    assert sorted(done) == [
        "changed consumer api max_ack_pending: 50 -> 1",
        "changed stream KV_owner max_msgs_per_subject: 7 -> 1",
    ]
    assert api_bus.is_connected


async def test_new_sizes_are_applied(server_world: ServerWorld):
    limits = Limits(events_max_bytes=10_000_000)

    done = await declare(server_world.admin_config, ALL, limits=limits)

    assert done == ["changed stream EVENTS max_bytes: 4294967296 -> 10000000"]


async def test_what_cannot_be_changed_in_place_is_an_error_and_stays(server_world: ServerWorld):
    async with server_world.admin() as admin:
        js = admin.jetstream()
        config = (await js.stream_info("KV_presence")).config
        await js.delete_stream("KV_presence")
        await js.add_stream(config.evolve(storage=api.StorageType.MEMORY))

    with pytest.raises(TopologyDrift, match=r"KV_presence: storage: memory -> file"):
        await server_world.declare()

    async with server_world.admin() as admin:
        info = await admin.jetstream().stream_info("KV_presence")
    assert info.config.storage == api.StorageType.MEMORY


async def test_the_command_declares_for_the_named_services(nats_server: NatsServer, tmp_path):
    user, _, password = (
        nats_server.users.admin.removeprefix("nats://").partition("@")[0].partition(":")
    )
    process = ManagedProcess(
        ProcessSpec(
            name="declare",
            argv=(
                sys.executable,
                *("-m", "libs.bus.declare", "--user", user),
                *("--url", f"nats://127.0.0.1:{nats_server.port}"),
                *("--service", "api", "--service", "recorder"),
            ),
            cwd=tmp_path,
            log=tmp_path / "declare.log",
            env={"EVERFRAME_BUS_PASSWORD": password, "PYTHONPATH": os.getcwd()},  # noqa: PTH109
        )
    )

    await process.start()
    code = await process.wait()

    assert code == 0
    assert "created consumer api" in process.log.tail()
