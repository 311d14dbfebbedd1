"""Probes of real streams and devices: reports, and the exact reason where there is none."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from libs.contracts.asks import ProbeCamera, StreamReport
from libs.contracts.devices import DriverName, FailureReason
from tests.integration.discovery.discovery_world import PASSWORD, World, simulated
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.simulator import CameraSimulator
from tools.local.ports import free_port


async def probe(world: World, url: str, **changes: object) -> StreamReport:
    answer = await world.api.ask(ProbeCamera.model_validate({"url": url, **changes}))
    assert answer.failure is None, answer.failure
    assert answer.stream is not None
    return answer.stream


async def test_a_probe_tells_what_a_stream_really_is(world: World):
    await world.discovery()
    await world.answered()
    async with CameraSimulator([CameraSpec("yard", username="admin", password=PASSWORD)]) as sim:
        report = await probe(world, sim["yard"].plain_url, credentials=world.sealed())

    assert report.failure is None
    assert report.video_codec == "h264"
    assert (report.width, report.height) == (sim["yard"].clip.width, sim["yard"].clip.height)
    assert report.rtt_ms is not None


async def test_a_rejected_login_is_not_sent_again_by_a_repeated_probe(world: World):
    await world.discovery()
    await world.answered()
    async with CameraSimulator([CameraSpec("yard", username="admin", password=PASSWORD)]) as sim:
        wrong = world.sealed("wrong")
        first = await probe(world, sim["yard"].plain_url, credentials=wrong)
        connections = sim["yard"].connection_count
        again = await probe(world, sim["yard"].plain_url, credentials=world.sealed("wrong"))
        assert sim["yard"].connection_count == connections
        other = await probe(world, sim["yard"].plain_url, credentials=world.sealed())

    assert first.failure is not None
    assert again.failure is not None
    assert first.failure.reason is again.failure.reason is FailureReason.UNAUTHORIZED
    assert "not sent again" in again.failure.advice
    assert other.failure is None


@contextlib.asynccontextmanager
async def server(answer: bytes) -> AsyncIterator[int]:
    """Says one thing to everybody; nothing at all when that is empty."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        if not answer:
            await over.wait()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        over.set()
        listening.close()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", FailureReason.TIMEOUT),
        (b"HTTP/1.1 200 OK\r\n\r\n", FailureReason.PROTOCOL),
        (b"RTSP/1.0 200 OK\r\nCSeq: 1", FailureReason.PROTOCOL),
    ],
)
async def test_a_probe_of_something_that_is_no_camera_says_so(
    world: World, answer: bytes, reason: FailureReason
):
    await world.discovery(device_timeout_seconds=1.0)
    await world.answered()
    async with server(answer) as port:
        report = await probe(world, f"rtsp://127.0.0.1:{port}/stream")

    assert report.failure is not None
    assert report.failure.reason is reason
    assert report.failure.advice


async def test_reasons_that_need_no_server_are_told_exactly(world: World):
    await world.discovery(device_timeout_seconds=2.0)
    await world.answered()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        refused = await probe(world, f"rtsp://127.0.0.1:{port}/")
    unknown = await probe(world, "rtsp://camera.invalid/")
    forbidden = await probe(world, "rtsp://169.254.169.254/latest")

    reasons = [r.failure.reason for r in (refused, unknown, forbidden) if r.failure]
    assert reasons == [
        FailureReason.REFUSED,
        FailureReason.NAME_UNKNOWN,
        FailureReason.NOT_ALLOWED,
    ]


async def test_a_stream_that_is_not_there_is_not_found(world: World):
    await world.discovery()
    await world.answered()
    async with CameraSimulator([CameraSpec("yard")]) as sim:
        report = await probe(world, sim["yard"].plain_url + "-of-another")

    assert report.failure is not None
    assert report.failure.reason is FailureReason.NOT_FOUND


async def test_a_probe_of_a_host_recognises_the_device_and_tells_its_details(world: World):
    await world.discovery()
    await world.answered()
    async with simulated(1, protocols=frozenset({"isapi", "onvif"})) as found:
        answer = await world.api.ask(
            ProbeCamera(host="127.0.0.1", port=found.port, credentials=world.sealed())
        )

    assert answer.device is not None
    assert answer.device.failure is None
    assert answer.device.driver is DriverName.ISAPI
    assert answer.device.details is not None
    assert answer.device.details.identity.serial == found.spec.serial


async def test_a_probe_of_a_host_where_nothing_listens_says_so(world: World):
    await world.discovery()
    await world.answered()

    answer = await world.api.ask(ProbeCamera(host="127.0.0.1", port=free_port()))

    assert answer.failure is not None
    assert answer.failure.reason is FailureReason.REFUSED


async def test_a_probe_respects_the_breaker_of_the_registered_device(world: World):
    await world.leader()
    await world.answered()
    async with simulated(1, protocols=frozenset({"isapi"})) as found:
        wrong = world.sealed("wrong")
        config = await world.add_device(found, credentials=wrong)
        await world.device_state(lambda state: state.login.failure is not None)
        assert found.account.attempts == 1

        answer = await world.api.ask(
            ProbeCamera(
                host="127.0.0.1",
                port=found.port,
                driver=DriverName.ISAPI,
                credentials=wrong,
                device_id=config.device_id,
            )
        )

        assert found.account.attempts == 1
    assert answer.device is not None
    assert answer.device.failure is not None
    assert answer.device.failure.reason is FailureReason.UNAUTHORIZED
