"""WS-Discovery of simulated devices on loopback, asked with datagrams written by hand."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import cast
from uuid import uuid4

import pytest
from lxml import etree

from tests.waiting import eventually
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.spec import DeviceSpec
from tools.camera_sim.devices.ws_discovery import GROUP, DiscoveryFaults, DiscoveryResponder

NAMES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "d": "http://schemas.xmlsoap.org/ws/2005/04/discovery",
    "dn": "http://www.onvif.org/ver10/network/wsdl",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
}
DOOR = DeviceSpec(name="Front door", endpoint_id="urn:uuid:00000001-0000-4000-8000-00000000000a")
YARD = DeviceSpec(name="Yard", endpoint_id="urn:uuid:00000002-0000-4000-8000-00000000000a")


class Asker(asyncio.DatagramProtocol):
    """Sends from its own port; keeps what comes back, readable or not."""

    def __init__(self, port: int) -> None:
        self.to = (GROUP, port)
        self.answers: list[etree._Element] = []
        self.senders: set[tuple[str, int]] = set()
        self.unreadable = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.senders.add(addr)
        try:
            self.answers.append(etree.fromstring(data, etree.XMLParser(resolve_entities=False)))
        except etree.XMLSyntaxError:
            self.unreadable += 1

    def ask(self, body: str, to: tuple[str, int] | None = None) -> str:
        message_id = f"urn:uuid:{uuid4()}"
        names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMES.items())
        self.transport.sendto(
            (
                f"<s:Envelope {names}><s:Header><a:MessageID>{message_id}</a:MessageID></s:Header>"
                f"<s:Body>{body}</s:Body></s:Envelope>"
            ).encode(),
            to or self.to,
        )
        return message_id

    def probe(self, types: str = "", scopes: str = "", match_by: str = "") -> str:
        rule = f' MatchBy="{match_by}"' if match_by else ""
        return self.ask(
            f"<d:Probe><d:Types>{types}</d:Types><d:Scopes{rule}>{scopes}</d:Scopes></d:Probe>"
        )

    def endpoints(self, message_id: str) -> list[str]:
        return sorted(
            answer.findtext(".//a:EndpointReference/a:Address", "", NAMES)
            for answer in self.answers
            if answer.findtext(".//a:RelatesTo", "", NAMES) == message_id
        )


@contextlib.asynccontextmanager
async def asking(port: int) -> AsyncIterator[Asker]:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
    opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
    opened.bind(("127.0.0.1", 0))
    loop = asyncio.get_running_loop()
    transport, asker = await loop.create_datagram_endpoint(lambda: Asker(port), sock=opened)
    try:
        yield asker
    finally:
        transport.close()
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def responding(
    faults: DiscoveryFaults | None = None, device_faults: DeviceFaults | None = None
) -> AsyncIterator[tuple[DiscoveryResponder, Asker]]:
    devices = [SimulatedDevice(DOOR, faults=device_faults), SimulatedDevice(YARD)]
    quick = faults or DiscoveryFaults(max_delay_seconds=0)
    responder = DiscoveryResponder(devices, port=0, faults=quick)
    async with devices[0], devices[1], responder, asking(responder.port) as asker:
        yield responder, asker


BOTH = [DOOR.endpoint_id, YARD.endpoint_id]


@pytest.mark.parametrize("types", ["", "dn:NetworkVideoTransmitter", "tds:Device"])
async def test_every_device_answers_a_probe_of_its_types_to_the_port_that_asked(
    types: str,
) -> None:
    async with responding() as (responder, asker):
        message_id = asker.probe(types)
        await eventually(lambda: len(asker.endpoints(message_id)) == 2)

        assert asker.endpoints(message_id) == BOTH
        assert asker.senders == {("127.0.0.1", responder.port)}
        assert asker.answers[0].findtext(".//a:Action", "", NAMES).endswith("/ProbeMatches")
        assert asker.answers[0].find(".//d:AppSequence", NAMES) is not None


async def test_an_answer_tells_address_scopes_types_and_metadata_version() -> None:
    async with responding() as (responder, asker):
        asker.probe(scopes="onvif://www.onvif.org/name/Yard")
        await eventually(lambda: bool(asker.answers))
        match = asker.answers[0].find(".//d:ProbeMatch", NAMES)
        assert match is not None
        port = responder.devices[1].port

        assert match.findtext("d:XAddrs", "", NAMES) == (
            f"http://127.0.0.1:{port}/onvif/device_service"
        )
        assert "onvif://www.onvif.org/Profile/G" in match.findtext("d:Scopes", "", NAMES)
        assert match.findtext("d:Types", "", NAMES) == "dn:NetworkVideoTransmitter tds:Device"
        assert match.findtext("d:MetadataVersion", "", NAMES) == "1"


SCOPES = {
    "whole path": ("onvif://www.onvif.org/name/Front%20door", "", [DOOR.endpoint_id]),
    "prefix of segments": ("onvif://www.onvif.org/Profile", "", BOTH),
    "scheme and host in capitals": ("ONVIF://WWW.onvif.org/name/Yard", "", [YARD.endpoint_id]),
    "half a segment": ("onvif://www.onvif.org/name/Ya", "", []),
    "one of two": ("onvif://www.onvif.org/name/Yard onvif://www.onvif.org/name/Nobody", "", []),
    "exact": (
        "onvif://www.onvif.org/name/Yard",
        "http://schemas.xmlsoap.org/ws/2005/04/discovery/strcmp0",
        [YARD.endpoint_id],
    ),
    "exact prefix": (
        "onvif://www.onvif.org/name",
        "http://schemas.xmlsoap.org/ws/2005/04/discovery/strcmp0",
        [],
    ),
    "unknown rule": ("onvif://www.onvif.org/name/Yard", "http://example.org/rule", []),
}


@pytest.mark.parametrize("case", SCOPES)
async def test_a_probe_with_scopes_is_answered_by_whom_they_match(case: str) -> None:
    scopes, match_by, expected = SCOPES[case]
    async with responding() as (_, asker):
        message_id = asker.probe(scopes=scopes, match_by=match_by)
        last = asker.probe()
        await eventually(lambda: len(asker.endpoints(last)) == 2)
        await eventually(lambda: len(asker.endpoints(message_id)) >= len(expected))

        assert asker.endpoints(message_id) == expected


async def test_a_probe_of_other_types_is_not_answered() -> None:
    async with responding() as (_, asker):
        message_id = asker.probe("dn:NetworkVideoTransmitter dn:Toaster")
        last = asker.probe()
        await eventually(lambda: len(asker.endpoints(last)) == 2)

        assert asker.endpoints(message_id) == []


async def test_a_probe_and_a_resolve_to_the_address_itself_are_answered_too() -> None:
    async with responding() as (responder, asker):
        probe = asker.ask("<d:Probe/>", ("127.0.0.1", responder.port))
        resolve = asker.ask(
            "<d:Resolve><a:EndpointReference><a:Address>"
            f"{YARD.endpoint_id}</a:Address></a:EndpointReference></d:Resolve>"
        )
        await eventually(lambda: len(asker.answers) == 3)

        assert asker.endpoints(probe) == BOTH
        assert asker.endpoints(resolve) == [YARD.endpoint_id]
        assert {answer.findtext(".//a:Action", "", NAMES)[-7:] for answer in asker.answers} == {
            "Matches"
        }


async def test_says_hello_at_the_start_and_bye_at_the_end() -> None:
    async with (
        SimulatedDevice(DOOR) as device,
        DiscoveryResponder([], port=0) as neighbour,
    ):
        heard = Asker(neighbour.port)
        loop = asyncio.get_running_loop()
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((GROUP, neighbour.port))
        membership = socket.inet_aton(GROUP) + socket.inet_aton("127.0.0.1")
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        transport, _ = await loop.create_datagram_endpoint(lambda: heard, sock=opened)

        async with DiscoveryResponder([device], port=neighbour.port):
            await eventually(lambda: len(heard.answers) == 1)
        await eventually(lambda: len(heard.answers) == 2)
        transport.close()
        await asyncio.sleep(0)

    hello, bye = heard.answers
    assert hello.findtext(".//d:Hello/a:EndpointReference/a:Address", "", NAMES) == (
        DOOR.endpoint_id
    )
    assert hello.find(".//d:Hello/d:XAddrs", NAMES) is not None
    assert bye.findtext(".//d:Bye/a:EndpointReference/a:Address", "", NAMES) == DOOR.endpoint_id


async def test_answers_as_often_as_it_is_told_and_with_garbage_before() -> None:
    faults = DiscoveryFaults(max_delay_seconds=0, copies=3, garbage=True)
    async with responding(faults) as (_, asker):
        message_id = asker.probe(scopes="onvif://www.onvif.org/name/Yard")
        await eventually(lambda: len(asker.endpoints(message_id)) == 3)

        assert asker.endpoints(message_id) == [YARD.endpoint_id] * 3
        assert asker.unreadable > 0


async def test_can_answer_with_a_relation_to_nothing_or_without_urn() -> None:
    faults = DiscoveryFaults(max_delay_seconds=0, wrong_relates_to=True)
    async with responding(faults) as (_, asker):
        message_id = asker.probe()
        await eventually(lambda: len(asker.answers) == 2)
        assert asker.endpoints(message_id) == []

        faults.wrong_relates_to, faults.strips_urn = False, True
        message_id = asker.probe()
        await eventually(lambda: len(asker.answers) == 4)
        assert asker.endpoints(message_id.removeprefix("urn:")) == BOTH


async def test_a_silent_responder_hears_and_says_nothing() -> None:
    faults = DiscoveryFaults(max_delay_seconds=0, is_silent=True)
    async with responding(faults) as (responder, asker):
        first = asker.probe()
        await eventually(lambda: len(responder.queries) == 1)

        faults.is_silent = False
        second = asker.probe()
        await eventually(lambda: len(asker.endpoints(second)) == 2)
        assert asker.endpoints(first) == []


async def test_ignores_what_is_no_query() -> None:
    async with responding() as (responder, asker):
        for datagram in (b"\xff\x00", b"<a/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"):
            asker.transport.sendto(datagram, asker.to)
        asker.ask("<d:Hello/>")
        message_id = asker.probe()
        await eventually(lambda: len(asker.endpoints(message_id)) == 2)

        assert responder.ignored == 4
        assert len(asker.answers) == 2


async def test_tells_the_host_that_the_device_believes_to_have() -> None:
    faults = DiscoveryFaults(
        max_delay_seconds=0, extra_addresses=("http://192.0.2.9/onvif/device_service",)
    )
    async with responding(faults, DeviceFaults(nat_host="192.0.2.8")) as (responder, asker):
        asker.probe(scopes="onvif://www.onvif.org/name/Front%20door")
        await eventually(lambda: bool(asker.answers))

        assert asker.answers[0].findtext(".//d:XAddrs", "", NAMES).split() == [
            f"http://192.0.2.8:{responder.devices[0].port}/onvif/device_service",
            "http://192.0.2.9/onvif/device_service",
        ]


async def test_no_answer_is_under_way_after_the_end() -> None:
    before = asyncio.all_tasks()
    async with SimulatedDevice(DOOR) as device:
        responder = DiscoveryResponder([device], port=0, faults=DiscoveryFaults(60.0))
        async with responder, asking(responder.port) as asker:
            asker.probe()
            await eventually(lambda: len(responder.queries) == 1)

    assert asyncio.all_tasks() == before
