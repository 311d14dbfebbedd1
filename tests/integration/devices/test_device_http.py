"""HTTP to devices that stall, lie, or are none, over real sockets."""

import asyncio
import hashlib
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from libs.contracts.devices import FailureReason
from libs.devices.breaker import Breaker
from libs.devices.driver import Address, Login
from libs.devices.errors import DeviceError
from libs.devices.http import DeviceHttp, HttpAnswer
from libs.devices.http_login import Authorizer
from tests.waiting import eventually
from tools.camera_sim.tls import self_signed_context

NOW = datetime(2025, 3, 1, tzinfo=UTC)
LOGIN = Login("admin", "right-password")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Heard:
    """One request, as it came."""

    line: str
    authorization: str
    connection: int


Answer = Callable[[Heard, asyncio.StreamWriter], Awaitable[bool | None]]
"""Writes an answer; False closes the connection."""


@dataclass
class RawDevice:
    """A server on a raw socket that answers as a test says."""

    answer: Answer
    port: int = 0
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0
    open: int = 0

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", self.port)

    @property
    def attempts(self) -> list[str]:
        """Logins that were sent."""
        return [heard.authorization for heard in self.heard if heard.authorization]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        connection = self.connections
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = re.search(r"(?i)content-length: (\d+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
                authorization = re.search(r"(?i)authorization: (.*)\r\n", head)
                self.heard.append(
                    Heard(
                        head.split("\r\n")[0],
                        authorization[1] if authorization else "",
                        connection,
                    )
                )
                if await self.answer(self.heard[-1], writer) is False:
                    return
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def a_device(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawDevice]:
    device = RawDevice(answer)
    server = await asyncio.start_server(device.serve, "127.0.0.1", 0, ssl=tls, limit=2**20)
    device.port = server.sockets[0].getsockname()[1]
    try:
        yield device
    finally:
        server.close()
        await server.wait_closed()
        await eventually(lambda: device.open == 0)


@asynccontextmanager
async def a_client(
    address: Address,
    login: Login | None = LOGIN,
    *,
    breaker: Breaker | None = None,
    timeout_seconds: float = 5.0,
    max_bytes: int = 100_000,
    fresh_challenge: bool = False,
    locked: Callable[[HttpAnswer], DeviceError | None] = lambda _: None,
) -> AsyncIterator[DeviceHttp]:
    http = DeviceHttp(
        address,
        login,
        breaker or Breaker(lambda: NOW),
        timeout_seconds=timeout_seconds,
        max_bytes=max_bytes,
        fresh_challenge=fresh_challenge,
        locked=locked,
    )
    try:
        yield http
    finally:
        await http.aclose()


def says(*parts: bytes, closes: bool = True) -> Answer:
    async def answer(_: Heard, writer: asyncio.StreamWriter) -> bool:
        for part in parts:
            writer.write(part)
            await writer.drain()
        return not closes

    return answer


def refusal(*challenges: str, body: str = "") -> bytes:
    lines = [f"WWW-Authenticate: {challenge}\r\n" for challenge in challenges]
    return f"HTTP/1.1 401 No\r\nContent-Length: {len(body)}\r\n{''.join(lines)}\r\n{body}".encode()


class Account:
    """A server's side of Digest; answers 200 to the right password."""

    def __init__(self, password: str = LOGIN.password, *, qop: str = ', qop="auth"') -> None:
        self.password, self.qop = password, qop
        self.nonce = 0
        self.one_use_nonces = False
        self.says_stale = True

    async def __call__(self, heard: Heard, writer: asyncio.StreamWriter) -> None:
        verdict = self._judge(heard)
        if verdict == "right":
            writer.write(OK)
            self.nonce += self.one_use_nonces
            return
        if self.says_stale or not heard.authorization:
            self.nonce += 1
        stale = ", stale=true" if verdict == "stale" and self.says_stale else ""
        digest = f'Digest realm="cam"{self.qop}, nonce="{self.nonce}"{stale}'
        writer.write(refusal('Basic realm="cam"', digest))

    def _judge(self, heard: Heard) -> str:
        given = dict(re.findall(r'(\w+)="?([^",]*)', heard.authorization))
        method, uri, _ = heard.line.split(" ")
        if not given or given["uri"] != uri:
            return "wrong"
        expected = Authorizer(Login(LOGIN.username, self.password))
        expected.take([f'Digest realm="cam", nonce="{given["nonce"]}"'])
        if "qop" not in given:
            mine = dict(re.findall(r'(\w+)="?([^",]*)', expected.header(method, uri)))
            is_right = mine["response"] == given["response"]
        else:
            is_right = _response(given, self.password, method) == given["response"]
        if is_right and given["nonce"] != str(self.nonce):
            return "stale"
        return "right" if is_right else "wrong"


def _response(given: dict[str, str], password: str, method: str) -> str:
    def digest(*parts: str) -> str:
        return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()

    return digest(
        digest(given["username"], given["realm"], password),
        given["nonce"],
        given["nc"],
        given["cnonce"],
        given["qop"],
        digest(method, given["uri"]),
    )


async def failure_of(work: Awaitable[object]) -> DeviceError:
    with pytest.raises(DeviceError) as raised:
        await work
    return raised.value


# ---- logins ----


@pytest.mark.parametrize("qop", ['qop="auth"', "qop=auth", 'qop="auth-int,auth"', ""])
async def test_a_right_login_is_accepted_and_its_nonce_used_again(qop):
    account = Account(qop=f", {qop}" if qop else "")
    async with a_device(account) as device, a_client(device.address) as http:
        answers = [await http.request("GET", f"/a?b={number}&c=%20") for number in range(3)]

    assert [answer.body for answer in answers] == [b"ok"] * 3
    assert len(device.heard) == 4
    assert device.attempts == [heard.authorization for heard in device.heard[1:]]


async def test_a_fresh_challenge_is_asked_for_each_time_where_that_is_wanted():
    async with (
        a_device(Account()) as device,
        a_client(device.address, fresh_challenge=True) as http,
    ):
        for _ in range(3):
            await http.request("POST", "/a", content=b"<a/>")

    assert [bool(heard.authorization) for heard in device.heard] == [False, True] * 3


@pytest.mark.parametrize("says_stale", [True, False])
@pytest.mark.parametrize("fresh_challenge", [True, False])
async def test_a_wrong_password_is_sent_once_by_many_requests(says_stale, fresh_challenge):
    account = Account("another")
    account.says_stale = says_stale
    breaker = Breaker(lambda: NOW)
    async with (
        a_device(account) as device,
        a_client(device.address, breaker=breaker, fresh_challenge=fresh_challenge) as one,
        a_client(device.address, breaker=breaker, fresh_challenge=fresh_challenge) as other,
    ):
        requests = [http.request("GET", "/a") for http in (one, other) for _ in range(5)]
        errors = await asyncio.gather(*requests, return_exceptions=True)

    assert len(device.attempts) == 1
    assert {error.reason for error in errors if isinstance(error, DeviceError)} == {
        FailureReason.UNAUTHORIZED
    }
    assert len(errors) == 10
    assert breaker.is_open


async def test_an_open_breaker_keeps_every_request_at_home():
    breaker = Breaker(lambda: NOW)
    breaker.note(DeviceError(FailureReason.UNAUTHORIZED, "before"))
    async with a_device(Account()) as device, a_client(device.address, breaker=breaker) as http:
        error = await failure_of(http.request("GET", "/a"))

    assert str(error) == "before"
    assert device.heard == []


@pytest.mark.parametrize("says_stale", [True, False])
async def test_a_nonce_that_is_too_old_costs_one_request_and_no_rejection(says_stale):
    account = Account()
    account.one_use_nonces, account.says_stale = True, says_stale
    breaker = Breaker(lambda: NOW)
    async with a_device(account) as device, a_client(device.address, breaker=breaker) as http:
        answers = [await http.request("GET", "/a") for _ in range(3)]

    assert [answer.status for answer in answers] == [200] * 3
    assert not breaker.is_open


async def test_a_server_that_calls_every_nonce_too_old_is_not_asked_for_ever():
    async def answer(_: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(refusal(f'Digest realm="x", nonce="{len(device.heard)}", stale=true'))

    async with a_device(answer) as device, a_client(device.address) as http:
        error = await failure_of(http.request("GET", "/a"))

    assert error.reason is FailureReason.UNAUTHORIZED
    assert len(device.attempts) == 2


async def test_a_password_that_was_changed_is_noticed_within_two_tries():
    account = Account()
    async with a_device(account) as device, a_client(device.address) as http:
        await http.request("GET", "/a")
        account.password = "changed"
        errors = await asyncio.gather(
            *(http.request("GET", "/a") for _ in range(5)), return_exceptions=True
        )

    assert len(device.attempts) <= 3
    assert all(isinstance(error, DeviceError) for error in errors)


async def test_basic_is_sent_where_nothing_else_is_offered_and_only_when_asked():
    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(OK if heard.authorization else refusal('Basic realm="x"'))

    async with a_device(answer) as device, a_client(device.address) as http:
        await http.request("GET", "/a")
        await http.request("GET", "/b")

    assert [heard.authorization[:6] for heard in device.heard] == ["", "Basic ", "", "Basic "]


@pytest.mark.parametrize(
    ("challenges", "reason"),
    [
        ((), FailureReason.PROTOCOL),
        (("Negotiate",), FailureReason.UNSUPPORTED),
        (('Digest realm="x", qop="auth-int", nonce="1"',), FailureReason.UNSUPPORTED),
        (('Digest realm="x"', 'Basic realm="x"'), FailureReason.UNSUPPORTED),
    ],
)
async def test_a_login_that_cannot_be_made_is_never_sent(challenges, reason):
    breaker = Breaker(lambda: NOW)
    async with (
        a_device(says(refusal(*challenges), closes=False)) as device,
        a_client(device.address, breaker=breaker) as http,
    ):
        error = await failure_of(http.request("GET", "/a"))

    assert error.reason is reason
    assert device.attempts == []
    assert not breaker.is_open


async def test_without_a_login_a_401_is_an_error_or_an_answer_as_is_asked_for():
    async with a_device(Account()) as device, a_client(device.address, None) as http:
        error = await failure_of(http.request("GET", "/a"))
        answer = await http.request_anonymously("GET", "/a")

    assert error.reason is FailureReason.UNAUTHORIZED
    assert answer.status == 401
    assert answer.challenges[0] == 'Basic realm="cam"'


async def test_an_answer_that_needed_no_login_does_not_prove_one():
    breaker = Breaker(lambda: NOW)
    async with (
        a_device(says(OK, closes=False)) as device,
        a_client(device.address, breaker=breaker) as http,
    ):
        await http.request("GET", "/a")

    assert not breaker.is_accepted


@pytest.mark.parametrize("status", [400, 403, 503])
async def test_an_answer_that_may_come_before_the_login_is_looked_at_does_not_prove_it(status):
    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> None:
        busy = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()
        writer.write(busy if heard.authorization else refusal('Digest realm="x", nonce="1"'))

    breaker = Breaker(lambda: NOW)
    async with a_device(answer) as device, a_client(device.address, breaker=breaker) as http:
        answered = await http.request("GET", "/a")

    assert answered.status == status
    assert not breaker.is_accepted


async def test_a_locked_account_is_not_tried():
    def locked(answer: HttpAnswer) -> DeviceError | None:
        until = NOW + timedelta(minutes=30)
        is_locked = answer.body == b"locked"
        return DeviceError(FailureReason.LOCKED, locked_until=until) if is_locked else None

    breaker = Breaker(lambda: NOW)
    refused = says(refusal('Digest realm="x", nonce="1"', body="locked"), closes=False)
    async with (
        a_device(refused) as device,
        a_client(device.address, breaker=breaker, locked=locked) as http,
    ):
        error = await failure_of(http.request("GET", "/a"))

    assert error.reason is FailureReason.LOCKED
    assert device.attempts == []
    assert breaker.reason is FailureReason.LOCKED


async def test_a_login_that_is_answered_with_a_closed_connection_is_not_sent_again():
    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> bool:
        if heard.authorization:
            return False
        writer.write(refusal('Digest realm="x", nonce="1"'))
        return True

    async with a_device(answer) as device, a_client(device.address) as http:
        error = await failure_of(http.request("GET", "/a"))

    assert error.reason is FailureReason.PROTOCOL
    assert len(device.attempts) == 1


async def test_an_accepted_login_survives_connections_that_close_without_a_word():
    account = Account()

    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> bool:
        # Every connection hears two requests and answers one.
        if sum(one.connection == heard.connection for one in device.heard) == 2:
            return False
        await account(heard, writer)
        return True

    async with a_device(answer) as device, a_client(device.address) as http:
        answers = [await http.request("GET", "/a") for _ in range(4)]

    assert [answer.status for answer in answers] == [200] * 4


# ---- what comes over the wire ----


@pytest.mark.parametrize(
    "parts",
    [
        (b"\x00\x01\x02\xff" * 50,),
        (b"HTTP/9.9 abc\r\n\r\n",),
        (b"SSH-2.0-camera\r\n",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b"half"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",),
        (b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 50_000 + b"\r\n",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n" + b"x" * 200_000,),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000,),
        (),
    ],
)
async def test_garbage_is_a_protocol_error(parts):
    async with a_device(says(*parts)) as device, a_client(device.address, None) as http:
        error = await failure_of(http.request("GET", "/a"))

    assert error.reason is FailureReason.PROTOCOL


async def test_an_answer_without_a_length_ends_with_the_connection():
    whole = b"HTTP/1.0 200 OK\r\n\r\nall of it"
    async with a_device(says(whole)) as device, a_client(device.address, None) as http:
        answer = await http.request("GET", "/a")

    assert answer.body == b"all of it"


async def test_a_larger_limit_may_be_set_for_one_request():
    body = b"x" * 150_000
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    async with (
        a_device(says(head, body, closes=False)) as device,
        a_client(device.address, None) as http,
    ):
        answer = await http.request("GET", "/a", max_bytes=200_000)

    assert len(answer.body) == 150_000


async def _endless(_: Heard, writer: asyncio.StreamWriter) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def _dripping(_: Heard, writer: asyncio.StreamWriter) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (_endless, FailureReason.PROTOCOL),
        (_dripping, FailureReason.TIMEOUT),
    ],
)
async def test_an_answer_that_does_not_end_is_left(answer, reason):
    async with (
        a_device(answer) as device,
        a_client(device.address, None, timeout_seconds=0.5) as http,
    ):
        error = await failure_of(http.request("GET", "/a"))
        await eventually(lambda: device.open == 0)

    assert error.reason is reason


async def test_a_device_that_never_answers_runs_into_the_timeout_and_the_next_request_goes_on():
    never = asyncio.Event()

    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> None:
        if "/slow" in heard.line:
            await never.wait()
        writer.write(OK)

    async with (
        a_device(answer) as device,
        a_client(device.address, None, timeout_seconds=0.3) as http,
    ):
        slow, quick = await asyncio.gather(
            http.request("GET", "/slow"), http.request("GET", "/quick"), return_exceptions=True
        )
        never.set()

    assert isinstance(slow, DeviceError)
    assert slow.reason is FailureReason.TIMEOUT
    assert isinstance(quick, HttpAnswer)


async def test_a_cancelled_request_leaves_no_connection():
    never = asyncio.Event()

    async def answer(_: Heard, writer: asyncio.StreamWriter) -> None:
        await never.wait()

    async with a_device(answer) as device, a_client(device.address, None) as http:
        task = asyncio.create_task(http.request("GET", "/a"))
        await eventually(lambda: bool(device.heard))
        task.cancel()
        await asyncio.wait([task])
        never.set()
        await eventually(lambda: device.open == 0)

    assert task.cancelled()


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"])
async def test_a_request_that_is_cancelled_twice_at_once_takes_no_connection_along(begun):
    # Two deadlines that ended together cancelled the cleaning up as well: the only connection
    # stayed taken, and every later request ran into its timeout.
    never = asyncio.Event()

    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(begun if "/slow" in heard.line else OK)
        if "/slow" in heard.line:
            await never.wait()

    async with a_device(answer) as device, a_client(device.address, None) as http:
        task = asyncio.create_task(http.request("GET", "/slow"))
        await eventually(lambda: bool(device.heard))
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([task])
        quick = await http.request("GET", "/quick")
        never.set()
        await eventually(lambda: device.open == 1)

    assert task.cancelled()
    assert quick.body == b"ok"


async def test_requests_use_one_connection_after_the_other():
    async with a_device(says(OK, closes=False)) as device, a_client(device.address, None) as http:
        await asyncio.gather(*(http.request("GET", "/a") for _ in range(6)))

    assert device.connections == 1


@pytest.mark.parametrize("status", [302, 404, 500, 503])
async def test_other_statuses_are_answers_and_nothing_is_followed(status):
    head = f"HTTP/1.1 {status} X\r\nLocation: http://127.0.0.2:1/\r\nContent-Length: 0\r\n\r\n"
    async with (
        a_device(says(head.encode(), closes=False)) as device,
        a_client(device.address, None) as http,
    ):
        answer = await http.request("GET", "/a")

    assert answer.status == status
    assert len(device.heard) == 1


# ---- addresses ----


async def test_a_port_where_nothing_listens_refuses():
    async with a_device(says(OK)) as device:
        address = device.address
    async with a_client(address) as http:
        error = await failure_of(http.request("GET", "/a"))

    assert error.reason is FailureReason.REFUSED


@pytest.mark.parametrize("host", ["a..b", "x" * 70, "\udc80"])
async def test_a_name_without_an_address_is_unknown(host):
    async with a_client(Address(host, 80)) as http:
        error = await failure_of(http.request("GET", "/a"))

    assert error.reason is FailureReason.NAME_UNKNOWN


@pytest.mark.parametrize("path", ["@127.0.0.2/", ":1/", "", "http://127.0.0.2/"])
async def test_a_path_cannot_lead_to_another_host(path):
    async with a_client(Address("127.0.0.1", 9)) as http:
        error = await failure_of(http.request("GET", path))

    assert error.reason is FailureReason.PROTOCOL


# ---- TLS ----


@pytest.mark.parametrize(("verify_tls", "is_taken"), [(False, True), (True, False)])
async def test_a_self_signed_certificate_is_taken_unless_it_must_be_checked(verify_tls, is_taken):
    async with a_device(says(OK, closes=False), self_signed_context()) as device:
        address = Address("127.0.0.1", device.port, use_tls=True, verify_tls=verify_tls)
        async with a_client(address, None) as http:
            if is_taken:
                assert (await http.request("GET", "/a")).body == b"ok"
            else:
                assert (await failure_of(http.request("GET", "/a"))).reason is FailureReason.TLS


async def test_a_handshake_that_never_ends_leaves_no_socket():
    # The HTTP client let go of the socket without closing it, one for each try.
    opened: list[asyncio.StreamWriter] = []
    ended = 0

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal ended
        opened.append(writer)
        await reader.read()
        ended += 1
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    address = Address("127.0.0.1", server.sockets[0].getsockname()[1], use_tls=True)
    async with a_client(address, timeout_seconds=0.2) as http:
        error = await failure_of(http.request("GET", "/a"))
        await eventually(lambda: ended == len(opened))
    server.close()
    await server.wait_closed()

    assert error.reason is FailureReason.TIMEOUT
    assert len(opened) == 1


async def test_a_port_without_tls_is_a_tls_failure():
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    address = Address("127.0.0.1", server.sockets[0].getsockname()[1], use_tls=True)
    async with server, a_client(address, None) as http:
        error = await failure_of(http.request("GET", "/a"))

    assert error.reason is FailureReason.TLS
