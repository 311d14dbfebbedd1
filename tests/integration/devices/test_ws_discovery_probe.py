"""WS-Discovery on the loopback interface: probing and listening, hostile neighbours included."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.devices.ws_discovery import Bye, Hello, ProbeMatch, Scopes, listen, probe, probe_unicast
from tests.waiting import eventually, running
from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.spec import DeviceSpec
from tools.camera_sim.devices.ws_discovery import GROUP, DiscoveryFaults, DiscoveryResponder

LOOPBACK = ["127.0.0.1"]


@dataclass
class _Device:
    spec: DeviceSpec
    faults: DeviceFaults = field(default_factory=DeviceFaults)
    port: int = 8000


def _devices(count: int) -> list[_Device]:
    return [
        _Device(
            DeviceSpec(
                name=f"Gate {number}",
                endpoint_id=f"urn:uuid:00000000-0000-4000-8000-{number:012}",
            ),
            port=8000 + number,
        )
        for number in range(count)
    ]


def _responder(devices: list[_Device], **faults: object) -> DiscoveryResponder:
    odd = DiscoveryFaults(max_delay_seconds=0.02)
    for name, value in faults.items():
        setattr(odd, name, value)
    return DiscoveryResponder(devices, port=0, faults=odd)


async def _found(responder: DiscoveryResponder, ignored: Counter[str] | None = None):
    counted = Counter[str]() if ignored is None else ignored
    return [
        match
        async for match in probe(
            LOOPBACK,
            wait_seconds=0.6,
            repeats=2,
            port=responder.port,
            on_ignored=lambda why: counted.update([why]),
        )
    ]


async def test_several_devices_behind_one_address_are_found_once_each():
    async with _responder(_devices(3), copies=2) as responder:
        found = await _found(responder)

    assert sorted(match.xaddrs[0] for match in found) == [
        f"http://127.0.0.1:{port}/onvif/device_service" for port in (8000, 8001, 8002)
    ]
    assert {match.from_host for match in found} == {"127.0.0.1"}
    assert sorted(Scopes.of(match.scopes).name for match in found) == ["Gate 0", "Gate 1", "Gate 2"]


async def test_the_question_is_put_in_three_ways_and_repeated():
    async with _responder(_devices(1)) as responder:
        await _found(responder)
        queries = list(responder.queries)

    assert len(queries) == 6
    assert len({query.message_id for query in queries}) == 3


async def test_an_answer_whose_relation_lost_its_urn_counts():
    async with _responder(_devices(1), strips_urn=True) as responder:
        found = await _found(responder)

    assert len(found) == 1


async def test_answers_to_others_are_passed_over_and_counted():
    ignored = Counter[str]()
    async with _responder(_devices(2), wrong_relates_to=True) as responder:
        found = await _found(responder, ignored)

    assert found == []
    assert ignored["not_asked"] >= 2


async def test_garbage_beside_the_answers_is_passed_over_and_counted():
    ignored = Counter[str]()
    async with _responder(_devices(1), garbage=True) as responder:
        found = await _found(responder, ignored)

    assert len(found) == 1
    assert ignored["not_understood"] >= 5


async def test_a_silent_network_ends_the_probe():
    async with _responder(_devices(1), is_silent=True) as responder:
        assert await _found(responder) == []


async def test_an_interface_that_is_not_there_does_not_spoil_the_others():
    async with _responder(_devices(1)) as responder:
        interfaces = ["192.0.2.1", *LOOPBACK]
        found = [
            match
            async for match in probe(interfaces, wait_seconds=0.3, repeats=1, port=responder.port)
        ]

    assert len(found) == 1


async def test_without_any_interface_the_probe_fails():
    with pytest.raises(DeviceError) as failed:
        _ = [match async for match in probe(["192.0.2.1", "rubbish"], wait_seconds=0.1)]

    assert failed.value.reason is FailureReason.UNREACHABLE


async def test_one_host_is_asked_without_multicast():
    async with _responder(_devices(2)) as responder:
        found = [
            match
            async for match in probe_unicast("localhost", wait_seconds=0.5, port=responder.port)
        ]

    assert len({match.endpoint_id for match in found}) == 2


async def test_asking_a_port_where_nobody_listens_finds_nothing():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    found = [match async for match in probe_unicast("127.0.0.1", wait_seconds=0.2, port=port)]

    assert found == []


async def test_a_name_without_an_address_is_told_as_such():
    with pytest.raises(DeviceError) as failed:
        _ = [match async for match in probe_unicast("a" * 70 + ".invalid", wait_seconds=0.5)]

    assert failed.value.reason is FailureReason.NAME_UNKNOWN


async def test_leaving_a_probe_early_closes_its_sockets():
    async with (
        _responder(_devices(1)) as responder,
        aclosing(probe(LOOPBACK, wait_seconds=30, port=responder.port)) as found,
    ):
        first = await anext(found)

    # an open socket would be a ResourceWarning, which is an error here
    assert isinstance(first, ProbeMatch)


async def test_hello_and_bye_are_heard_once_each():
    devices = _devices(1)
    told: list[Hello | Bye] = []

    async with _responder(devices) as responder:
        port = responder.port

    async with running(_hear(told, listen(LOOPBACK, port=port))):
        async with asyncio.timeout(20):
            while not told:
                async with DiscoveryResponder(devices, port=port):
                    await asyncio.sleep(0)
        await eventually(lambda: any(isinstance(message, Bye) for message in told))

    assert isinstance(told[0], Hello | Bye)
    assert {message.endpoint_id for message in told} == {devices[0].spec.endpoint_id}
    hello = next(message for message in told if isinstance(message, Hello))
    assert hello.xaddrs == ("http://127.0.0.1:8000/onvif/device_service",)


async def test_a_listener_outlives_garbage_and_drops_repeats():
    ignored = Counter[str]()
    told: list[Hello | Bye] = []
    hello = _hello("1")

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        sender.bind(("127.0.0.1", 0))
        port = sender.getsockname()[1]

        heard = listen(LOOPBACK, port=port, on_ignored=lambda why: ignored.update([why]))
        async with running(_hear(told, heard)):
            async with asyncio.timeout(20):
                while not told:
                    sender.sendto(hello, (GROUP, port))
                    await asyncio.sleep(0)
            for datagram in (b"\0", b"<" * 65_000, hello, hello, _hello("2")):
                sender.sendto(datagram, (GROUP, port))
            await eventually(lambda: len(told) > 1)

    assert [message.endpoint_id for message in told] == ["urn:uuid:1", "urn:uuid:2"]
    assert ignored["not_understood"] == 2


async def _hear(told: list[Hello | Bye], messages: AsyncIterator[Hello | Bye]) -> None:
    async for message in messages:
        told.append(message)  # noqa: PERF401 - the list is read while it grows


def _hello(name: str) -> bytes:
    return f"""<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"
      xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
      xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">
      <e:Header><a:MessageID>urn:uuid:m{name}</a:MessageID></e:Header>
      <e:Body><d:Hello><a:EndpointReference><a:Address>urn:uuid:{name}</a:Address>
      </a:EndpointReference></d:Hello></e:Body></e:Envelope>""".encode()
