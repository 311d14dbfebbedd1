import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from libs.contracts.devices import FailureReason
from libs.devices.breaker import Breaker
from libs.devices.driver import Login
from libs.devices.errors import DeviceError
from libs.devices.rtsp import RtspProbe, sdp_media
from tests.waiting import eventually
from tools.camera_sim.auth import AuthScheme
from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.simulator import CameraSimulator

LOGIN = Login("viewer", "correct horse")
SDP = b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _breaker() -> Breaker:
    return Breaker(lambda: datetime.now(UTC))


@pytest.fixture(scope="session")
def clips_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@contextlib.asynccontextmanager
async def _camera(clips_dir: Path, **spec: object) -> AsyncIterator[CameraSimulator]:
    given = CameraSpec(name="cam", **spec)  # type: ignore[arg-type]  # the tests' own keywords
    async with CameraSimulator([given], clips_dir=clips_dir) as simulator:
        yield simulator


@contextlib.asynccontextmanager
async def _server(handler: Handler) -> AsyncIterator[str]:
    """Serve RTSP by hand; every connection that came is closed at the end."""
    writers: list[asyncio.StreamWriter] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await handler(reader, writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"rtsp://127.0.0.1:{server.sockets[0].getsockname()[1]}/live"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()


def _answering(*answers: bytes) -> Handler:
    """Answer one request after the other with these bytes, then hang up."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        writer.close()

    return handle


async def _failure(handler: Handler, *, timeout_seconds: float = 5.0) -> DeviceError:
    async with _server(handler) as url:
        with pytest.raises(DeviceError) as caught:
            await RtspProbe().describe(url, LOGIN, _breaker(), timeout_seconds=timeout_seconds)
    return caught.value


def _ok(body: bytes = SDP, *, cseq: int = 1) -> bytes:
    return b"RTSP/1.0 200 OK\r\nCSeq: %d\r\nContent-Length: %d\r\n\r\n%s" % (cseq, len(body), body)


async def test_options_tells_methods_and_round_trip_without_a_login(clips_dir: Path):
    async with _camera(clips_dir, username="viewer", password="x") as simulator:
        answer = await RtspProbe().options(simulator["cam"].plain_url, timeout_seconds=5)

    assert answer.status == 200
    assert {"DESCRIBE", "PLAY"} <= set(answer.public)
    assert answer.server == "camera"
    assert answer.rtt_ms > 0


@pytest.mark.parametrize("scheme", ["digest", "basic", "both"])
async def test_a_stream_is_described_with_each_kind_of_login(clips_dir: Path, scheme: AuthScheme):
    account = {"username": LOGIN.username, "password": LOGIN.password, "auth": scheme}
    breaker = _breaker()
    async with _camera(clips_dir, **account) as simulator:
        url = simulator["cam"].plain_url
        answer = await RtspProbe().describe(url, LOGIN, breaker, timeout_seconds=5)

    assert ("video", "h264") in sdp_media(answer.sdp)
    assert not breaker.is_open


async def test_a_stream_over_tls_is_described(clips_dir: Path):
    async with _camera(clips_dir, tls=True) as simulator:
        url = simulator["cam"].plain_url
        answer = await RtspProbe().describe(url, None, _breaker(), timeout_seconds=5)
        with pytest.raises(DeviceError) as caught:
            await RtspProbe().describe(url, None, _breaker(), timeout_seconds=5, verify_tls=True)

    assert url.startswith("rtsps://")
    assert sdp_media(answer.sdp)[0] == ("video", "h264")
    assert caught.value.reason == FailureReason.TLS


async def test_a_rejected_login_opens_the_breaker_and_is_not_sent_again(clips_dir: Path):
    breaker = _breaker()
    wrong = Login("viewer", "battery staple")
    account = {"username": LOGIN.username, "password": LOGIN.password}
    async with _camera(clips_dir, **account) as simulator:
        url = simulator["cam"].plain_url
        failures = await asyncio.gather(
            *(RtspProbe().describe(url, wrong, breaker, timeout_seconds=5) for _ in range(4)),
            return_exceptions=True,
        )

    reasons = [error.reason for error in failures if isinstance(error, DeviceError)]
    assert reasons == [FailureReason.UNAUTHORIZED] * 4
    assert breaker.is_open
    assert not any("staple" in repr(error) for error in failures)


async def test_a_needed_login_that_is_not_set_leaves_the_breaker_closed(clips_dir: Path):
    breaker = _breaker()
    async with _camera(clips_dir, username="viewer", password="x") as simulator:
        with pytest.raises(DeviceError) as caught:
            await RtspProbe().describe(simulator["cam"].plain_url, None, breaker, timeout_seconds=5)

    assert caught.value.reason == FailureReason.UNAUTHORIZED
    assert not breaker.is_open


async def test_an_unknown_path_is_not_found(clips_dir: Path):
    async with _camera(clips_dir) as simulator:
        url = simulator["cam"].plain_url + "x"
        with pytest.raises(DeviceError) as caught:
            await RtspProbe().describe(url, None, _breaker(), timeout_seconds=5)

    assert caught.value.reason == FailureReason.NOT_FOUND


async def test_no_session_is_left_on_the_camera(clips_dir: Path):
    async with _camera(clips_dir) as simulator:
        camera = simulator["cam"]
        await RtspProbe().describe(camera.plain_url, None, _breaker(), timeout_seconds=5)
        await eventually(lambda: not camera._open)

        assert not camera.sessions


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (403, FailureReason.NO_PERMISSION),
        (404, FailureReason.NOT_FOUND),
        (454, FailureReason.NOT_FOUND),
        (453, FailureReason.BUSY),
        (503, FailureReason.BUSY),
        (551, FailureReason.UNSUPPORTED),
        (302, FailureReason.NOT_FOUND),
        (500, FailureReason.PROTOCOL),
    ],
)
async def test_each_status_has_its_reason(status: int, reason: FailureReason):
    error = await _failure(_answering(b"RTSP/1.0 %d Odd\r\nCSeq: 1\r\n\r\n" % status))

    assert error.reason == reason


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n",
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 500\r\n\r\nv=0",
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: -5\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 1073741824\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nCSeq: " + b"9" * 9000 + b"\r\nContent-Length: x\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
        b"RTSP/1.0 200 OK\r\nX: " + b"y" * 100_000,
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00\xff" * 50_000,
        b"$\x00\xff\xff" + b"z" * 100,
        b"$\x00\x00\x00" * 5000,
        b"\r\n" * 5000,
        b"RTSP/1.0 200 OK\r\nCSeq: 0\r\n\r\n" * 3000,
        b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n",
    ],
)
async def test_garbage_is_a_protocol_error(answer: bytes):
    error = await _failure(_answering(answer))

    assert error.reason == FailureReason.PROTOCOL


async def test_a_server_that_never_answers_is_a_timeout():
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    error = await _failure(silent, timeout_seconds=0.2)

    assert error.reason == FailureReason.TIMEOUT


async def test_a_server_that_never_stops_dripping_is_a_timeout():
    async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"RTSP/1.0 200 OK\r\nX: ")
        while not writer.is_closing():
            writer.write(b"y")
            await writer.drain()
            await asyncio.sleep(0.01)

    error = await _failure(dripping, timeout_seconds=0.3)

    assert error.reason == FailureReason.TIMEOUT


async def test_a_server_that_is_silent_during_the_tls_handshake_is_a_timeout():
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with _server(silent) as url:
        with pytest.raises(DeviceError) as caught:
            await RtspProbe().options(url.replace("rtsp:", "rtsps:"), timeout_seconds=0.3)

    assert caught.value.reason == FailureReason.TIMEOUT


async def test_plain_text_instead_of_tls_is_a_tls_error():
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"RTSP/1.0 400 Bad Request\r\n\r\n")
        await reader.read()

    async with _server(plain) as url:
        with pytest.raises(DeviceError) as caught:
            await RtspProbe().options(url.replace("rtsp:", "rtsps:"), timeout_seconds=5)

    assert caught.value.reason == FailureReason.TLS


async def test_a_closed_port_is_refused():
    async with _server(_answering()) as url:
        pass
    with pytest.raises(DeviceError) as caught:
        await RtspProbe().options(url, timeout_seconds=5)

    assert caught.value.reason == FailureReason.REFUSED


async def test_a_name_without_an_address_is_unknown():
    with pytest.raises(DeviceError) as caught:
        await RtspProbe().options("rtsp://no..such..camera/", timeout_seconds=5)

    assert caught.value.reason == FailureReason.NAME_UNKNOWN


async def test_what_comes_before_the_answer_is_passed_over():
    noise = (
        b"$\x00\x00\x03abc"
        b"OPTIONS rtsp://x RTSP/1.0\r\nCSeq: 9\r\nContent-Length: 2\r\n\r\nhi"
        b"RTSP/1.0 500 Late\r\nCSeq: 0\r\n\r\n"
    )
    async with _server(_answering(noise + _ok())) as url:
        answer = await RtspProbe().describe(url, None, _breaker(), timeout_seconds=5)

    assert sdp_media(answer.sdp) == (("video", "h264"),)


async def test_a_stale_nonce_is_answered_once_more_without_opening_the_breaker():
    challenge = b'WWW-Authenticate: Digest realm="r", nonce="%s"%s\r\n\r\n'
    refusals = [
        b"RTSP/1.0 401 No\r\nCSeq: 1\r\n" + challenge % (b"one", b""),
        b"RTSP/1.0 401 No\r\nCSeq: 2\r\n" + challenge % (b"two", b", stale=true"),
    ]
    breaker = _breaker()
    async with _server(_answering(*refusals, _ok(cseq=3))) as url:
        answer = await RtspProbe().describe(url, LOGIN, breaker, timeout_seconds=5)

    assert answer.status == 200
    assert not breaker.is_open


async def test_an_always_stale_nonce_ends_after_the_second_try():
    refusal = (
        b'RTSP/1.0 401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n", stale=true\r\n\r\n'
    )

    error = await _failure(_answering(*[refusal] * 10))

    assert error.reason == FailureReason.UNAUTHORIZED


async def test_a_server_that_closes_after_its_challenge_is_asked_on_a_new_connection():
    requests: list[bytes] = []

    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        is_first = b"Authorization" not in requests[-1]
        refusal = (
            b"RTSP/1.0 401 No\r\nConnection: close\r\n"
            b'WWW-Authenticate: Digest realm="r", nonce="n"\r\n\r\n'
        )
        writer.write(refusal if is_first else _ok(cseq=2))
        writer.close()

    async with _server(closing) as url:
        answer = await RtspProbe().describe(url, LOGIN, _breaker(), timeout_seconds=5)

    assert answer.status == 200
    assert [b"Authorization" in request for request in requests] == [False, True]


async def test_a_server_that_echoes_the_login_does_not_bring_it_into_the_failure():
    async def echoing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'RTSP/1.0 401 No\r\nWWW-Authenticate: Basic realm="r"\r\n\r\n')
        request = await reader.readuntil(b"\r\n\r\n")
        proof = request.partition(b"Authorization: ")[2].partition(b"\r\n")[0]
        writer.write(b"RTSP/1.0 500 " + proof + b"\r\nServer: " + proof + b"\r\n\r\n")
        await reader.read()

    error = await _failure(echoing)

    assert error.reason == FailureReason.PROTOCOL
    assert "Basic" not in f"{error!r} {error.failure!r}"


async def test_a_login_or_challenge_that_would_break_the_request_is_not_sent():
    requests: list[bytes] = []

    async def asking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(
            b'RTSP/1.0 401 No\r\nWWW-Authenticate: Digest realm="a\rX: y", nonce="n"\r\n\r\n'
        )
        requests.append(await reader.read())

    error = await _failure(asking)

    assert error.reason == FailureReason.PROTOCOL
    assert requests[1:] in ([], [b""])


async def test_an_unknown_digest_is_unsupported_and_never_answered_with_basic():
    requests: list[bytes] = []

    async def asking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(
            b'RTSP/1.0 401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n", algorithm=FANCY\r\n'
            b'WWW-Authenticate: Basic realm="r"\r\n\r\n'
        )
        requests.append(await reader.read())

    error = await _failure(asking)

    assert error.reason == FailureReason.UNSUPPORTED
    assert requests[1:] in ([], [b""])


async def test_a_login_with_any_characters_is_sent(clips_dir: Path):
    login = Login('vie"wer\\', "pässwörd 🔑")
    account = {"username": login.username, "password": login.password, "auth": "basic"}
    async with _camera(clips_dir, **account) as simulator:
        url = simulator["cam"].plain_url
        answer = await RtspProbe().describe(url, login, _breaker(), timeout_seconds=5)

    assert answer.status == 200


async def test_a_cancelled_probe_leaves_no_connection():
    is_waiting, is_closed = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_waiting.set()
        try:
            while await reader.read(1000):
                pass
        finally:
            is_closed.set()

    async with _server(silent) as url, asyncio.timeout(5):
        task = asyncio.create_task(RtspProbe().options(url, timeout_seconds=60))
        await is_waiting.wait()
        task.cancel()
        await asyncio.wait([task])
        await is_closed.wait()

    assert task.cancelled()
