"""What goes wrong below HTTP, seen by a client that reads bytes."""

import asyncio
import gc

import httpx
import pytest

from tests.integration.camera_sim_devices.simulated_device_client import client
from tests.waiting import eventually
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.spec import DeviceSpec

SPEC = DeviceSpec(protocols=frozenset({"isapi"}))
INFO = "/ISAPI/System/deviceInfo"
REQUEST = f"GET {INFO} HTTP/1.1\r\nHost: device\r\n\r\n".encode()


def open_device() -> SimulatedDevice:
    """Nobody has to log in: one request is enough."""
    device = SimulatedDevice(SPEC)
    device.faults.auth_scheme = "none"
    return device


async def exchange(device: SimulatedDevice, request: bytes = REQUEST) -> bytes:
    """Everything that comes until the device closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", device.port)
    try:
        writer.write(request)
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_without_a_content_length_the_end_of_the_connection_is_the_end() -> None:
    async with open_device() as device:
        device.faults.missing_content_length = True
        answer = await exchange(device)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-length" not in head.lower()
    assert body.rstrip().endswith(b"</DeviceInfo>")


async def test_a_truncated_body_is_half_of_what_was_announced() -> None:
    async with open_device() as device:
        device.faults.truncated_body = True
        head, _, body = (await exchange(device)).partition(b"\r\n\r\n")

    announced = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert len(body) == announced // 2


async def test_a_dropped_connection_closes_without_a_word() -> None:
    async with open_device() as device:
        device.faults.drops = True

        assert await exchange(device) == b""


async def test_a_stalled_device_says_nothing_until_the_client_gives_up() -> None:
    async with open_device() as device, client(device, login=False, timeout=0.2) as opened:
        device.faults.stalls = True
        with pytest.raises(httpx.ReadTimeout):
            await opened.get(INFO)

        await eventually(lambda: device.connections == 0)


async def test_a_slow_answer_comes_byte_by_byte_and_is_whole() -> None:
    async with open_device() as device:
        whole = await exchange(
            device, REQUEST.replace(b"device\r\n", b"d\r\nConnection: close\r\n")
        )
        device.faults.slow_drip = 0.0001
        reader, writer = await asyncio.open_connection("127.0.0.1", device.port)
        writer.write(REQUEST)
        first = await reader.read(100_000)
        rest = await reader.readexactly(len(whole) - len(first))
        writer.close()

    assert len(first) < len(whole)
    assert first + rest == whole


@pytest.mark.parametrize(
    ("kind", "part"), [("xml", b"&nbsp;"), ("dtd", b"<!ENTITY"), ("text", b"It works!")]
)
async def test_garbage_comes_as_a_good_http_answer(kind: str, part: bytes) -> None:
    async with open_device() as device:
        device.faults.change("garbage", kind)
        answer = await exchange(device)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert part in answer


async def test_garbage_bytes_are_not_http() -> None:
    async with open_device() as device:
        device.faults.garbage = "bytes"
        answer = await exchange(device)

    assert not answer.startswith(b"HTTP")
    assert len(answer) == 4096


async def test_a_huge_answer_goes_on_until_the_client_leaves() -> None:
    async with open_device() as device:
        device.faults.huge_answer = True
        reader, writer = await asyncio.open_connection("127.0.0.1", device.port)
        writer.write(REQUEST)
        await reader.readexactly(4_000_000)
        writer.close()
        await writer.wait_closed()

        await eventually(lambda: device.connections == 0)


async def test_a_device_closes_while_a_client_does_not_read_its_huge_answer() -> None:
    device = open_device()
    await device.listen()
    device.faults.huge_answer = True
    _, writer = await asyncio.open_connection("127.0.0.1", device.port)
    writer.write(REQUEST)
    await eventually(lambda: device.requests != [])

    async with asyncio.timeout(10):
        await device.close()

    assert device.connections == 0
    writer.close()


async def test_the_next_requests_fail_with_the_status_that_is_switched_on() -> None:
    async with open_device() as device, client(device, login=False) as opened:
        device.faults.transient_400, device.faults.status_500 = 1, 2
        answers = [await opened.get(INFO) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [400, 500, 500, 200]


async def test_faults_of_the_wire_hit_only_the_path_that_is_named() -> None:
    async with open_device() as device, client(device, login=False) as opened:
        device.faults.transient_400, device.faults.wire_path = 1, "System/time"
        spared, hit = await opened.get(INFO), await opened.get("/ISAPI/System/time")

    assert [spared.status_code, hit.status_code] == [200, 400]


async def test_faults_of_the_wire_let_a_client_log_in_first() -> None:
    async with SimulatedDevice(SPEC) as device, client(device) as opened:
        device.faults.transient_400 = 1
        answer = await opened.get(INFO)

    assert answer.status_code == 400
    assert device.account.attempts == 1


async def test_more_connections_than_allowed_are_answered_with_503() -> None:
    async with open_device() as device, client(device, login=False) as first:
        device.faults.max_sessions = 1
        good = await first.get(INFO)
        async with client(device, login=False) as second:
            refused = await second.get(INFO)

    assert [good.status_code, refused.status_code] == [200, 503]


async def test_a_mistake_in_the_simulator_fails_whoever_uses_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    device = open_device()
    device.faults.zone = "no zone at all"

    with pytest.raises(ExceptionGroup, match="the simulated device failed"):
        async with device:
            await exchange(device, REQUEST.replace(b"deviceInfo", b"time"))

    assert "a simulated device failed" in caplog.text


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"x" * 100_000,
    ],
)
async def test_what_is_not_http_ends_the_connection_and_nothing_else(request_bytes: bytes) -> None:
    async with open_device() as device:
        try:
            answer = await exchange(device, request_bytes)
        except ConnectionError:
            answer = b""
        after = await exchange(
            device, REQUEST.replace(b"device\r\n", b"d\r\nConnection: close\r\n")
        )

    gc.collect()  # a task that nobody looked after would complain now
    assert answer == b""
    assert after.startswith(b"HTTP/1.1 200")
