"""Scans of real sockets: what is found, and how often anybody logs in."""

import contextlib
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

from libs.contracts.asks import CancelScan, ScanNetwork, ScanState
from libs.contracts.devices import DriverName, FailureReason, device_key
from tests.integration.discovery.discovery_world import World, device, simulated
from tests.waiting import eventually, eventually_async
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.ws_discovery import DiscoveryResponder

ALL = frozenset({"onvif", "isapi"})


def scan_of(*devices: SimulatedDevice, **changes: Any) -> ScanNetwork:
    values: dict[str, Any] = {
        "scan_id": secrets.token_hex(8),
        "targets": ("127.0.0.1",),
        "ports": tuple(found.port for found in devices),
    }
    return ScanNetwork(**values | changes)


async def three(stack: AsyncExitStack) -> list[SimulatedDevice]:
    devices = [
        simulated(1, protocols=ALL),
        simulated(2, protocols=frozenset({"dahua"})),
        simulated(3, protocols=frozenset({"onvif"})),
    ]
    return [await stack.enter_async_context(found) for found in devices]


async def test_a_scan_of_a_network_finds_exactly_the_devices_that_are_there(world: World):
    await world.discovery()
    async with AsyncExitStack() as stack:
        devices = await three(stack)

        state = await world.scan(
            scan_of(*devices, targets=("127.0.0.0/24",), credentials=world.sealed())
        )

    assert state.state == "finished", state.failure
    assert {(d.host, d.port) for d in state.devices} == {
        ("127.0.0.1", found.port) for found in devices
    }
    by_port = {d.port: d for d in state.devices}
    assert [by_port[found.port].driver for found in devices] == [
        DriverName.ISAPI,
        DriverName.DAHUA,
        DriverName.ONVIF,
    ]
    assert by_port[devices[0].port].also == (DriverName.ONVIF,)
    assert [d.failure for d in state.devices] == [None] * 3
    assert {d.details.identity.serial for d in state.devices if d.details} == {
        found.spec.serial for found in devices
    }
    assert state.checked == state.total == 254 * 3


async def test_without_a_login_devices_are_found_and_say_that_they_want_one(world: World):
    await world.discovery()
    async with simulated(1, protocols=ALL) as found:
        state = await world.scan(scan_of(found))

        assert found.account.attempts == 0
    (only,) = state.devices
    assert only.details is None
    assert only.failure is not None
    assert only.failure.reason is FailureReason.UNAUTHORIZED


async def test_a_wrong_login_is_sent_once_and_in_one_protocol_only(world: World):
    await world.discovery()
    async with simulated(1, protocols=ALL) as found:
        wrong = world.sealed("wrong")
        first = await world.scan(scan_of(found, credentials=wrong))
        again = await world.scan(scan_of(found, credentials=wrong))

        assert found.account.attempts == 1
    for state in (first, again):
        (only,) = state.devices
        assert only.failure is not None
        assert only.failure.reason is FailureReason.UNAUTHORIZED


async def test_the_same_device_has_the_same_id_in_every_scan(world: World):
    await world.discovery()
    async with simulated(1, protocols=ALL) as found:
        first = await world.scan(scan_of(found))
        again = await world.scan(scan_of(found))

    assert [d.found_id for d in first.devices] == [d.found_id for d in again.devices]


async def test_devices_that_answer_multicast_are_found_without_a_target(world: World):
    await world.discovery(multicast_interfaces="127.0.0.1", ws_discovery_port=13702)
    async with (
        simulated(1, protocols=ALL) as one,
        simulated(2, protocols=frozenset({"onvif"})) as two,
        DiscoveryResponder([one, two], interface="127.0.0.1", port=13702),
    ):
        ask = scan_of(one, targets=(), multicast=True, credentials=world.sealed())
        state = await world.scan(ask)

    assert {d.endpoint_id for d in state.devices} == {
        device(1).endpoint_id,
        device(2).endpoint_id,
    }
    assert all(d.details is not None for d in state.devices)
    assert {d.port for d in state.devices} == {one.port, two.port}


async def test_a_third_scan_at_once_is_refused_and_a_cancelled_one_keeps_what_it_found(
    world: World,
):
    await world.discovery(scan_concurrency=1, scan_connect_seconds=1.0)
    await world.answered()
    # nobody answers there, and nothing refuses: connecting takes its whole time
    async with simulated(1, protocols=ALL) as found, _silent_port() as port:
        asks = [
            scan_of(found, targets=("127.0.0.1-127.0.0.120",), ports=(found.port, port))
            for _ in range(3)
        ]
        accepted = [await world.api.ask(ask) for ask in asks]
        assert [a.failure is None for a in accepted] == [True, True, False]
        assert accepted[2].failure is not None
        assert accepted[2].failure.reason is FailureReason.BUSY
        repeated = await world.api.ask(asks[0])
        assert repeated == accepted[0]

        cancelled = [await world.api.ask(CancelScan(scan_id=ask.scan_id)) for ask in asks]

        assert [c.was_running for c in cancelled] == [True, True, False]
        ends = [await world.scan_end(ask.scan_id) for ask in asks[:2]]
    assert [end.state for end in ends] == ["cancelled", "cancelled"]


async def test_a_scan_is_cancelled_wherever_it_runs(world: World):
    one = await world.discovery("1", scan_concurrency=1, scan_connect_seconds=1.0)
    async with _silent_port() as port:
        await world.answered()
        ask = ScanNetwork(scan_id="a" * 16, targets=("127.0.0.1-127.0.0.120",), ports=(port,))
        await world.api.ask(ask)
        two = await world.discovery("2")
        other = two.discovery.scans
        await eventually_async(lambda: _is_known(world, ask.scan_id))

        answer = await other.cancel(CancelScan(scan_id=ask.scan_id))

        assert answer.was_running
        assert (await world.scan_end(ask.scan_id)).state == "cancelled"
        await eventually(lambda: not one.discovery.scans.is_running(ask.scan_id))


async def test_a_scan_whose_instance_was_killed_is_declared_failed(world: World):
    one = await world.discovery("1", scan_concurrency=1, scan_connect_seconds=1.0)
    async with _silent_port() as port:
        await world.answered()
        ask = ScanNetwork(scan_id="b" * 16, targets=("127.0.0.1-127.0.0.120",), ports=(port,))
        await world.api.ask(ask)
        await one.kill()

        two = await world.discovery("2")
        two.discovery.scans._stale_seconds = 1.0
        state = await world.scan_end(ask.scan_id)

    assert state.state == "failed"
    assert state.failure is not None


async def test_forbidden_addresses_are_refused_with_the_address(world: World):
    await world.discovery(allow_loopback_cameras=False)
    await world.answered()

    answer = await world.api.ask(ScanNetwork(scan_id="c" * 16, targets=("127.0.0.0/30",)))

    assert answer.failure is not None
    assert answer.failure.reason is FailureReason.NOT_ALLOWED
    assert "127.0.0.1" in answer.failure.detail
    assert await world.scan_state("c" * 16) is None


async def _is_known(world: World, scan_id: str) -> bool:
    entry = await world.api.kv(ScanState).get(device_key("main", scan_id))
    return entry is not None


@contextlib.asynccontextmanager
async def _silent_port() -> AsyncIterator[int]:
    """A port whose queue of connections is full: further ones are neither taken nor refused."""
    with socket.socket() as server, contextlib.ExitStack() as clients:
        server.bind(("", 0))
        server.listen(0)
        address = ("127.0.0.1", server.getsockname()[1])
        for _ in range(4):
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(address)
        yield address[1]
