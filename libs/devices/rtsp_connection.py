"""One RTSP client connection: requests and answers, bounded in time and size (RFC 2326)."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, urlsplit

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.devices.tls import client_context

_MAX_LINE_BYTES: Final = 16 * 1024
_MAX_HEADER_LINES: Final = 100
_MAX_BODY_BYTES: Final = 256 * 1024
_MAX_SKIPPED: Final = 1000
"""Interleaved packets, late answers and the server's own requests before our answer."""
_MAX_ADDRESSES: Final = 4


@dataclass(frozen=True, slots=True)
class RtspTarget:
    """Where an RTSP URL leads."""

    host: str
    port: int
    is_tls: bool
    url: str
    """As it stands in requests: without a login."""

    @classmethod
    def of(cls, url: str) -> "RtspTarget":
        """Read a URL; a login in it is left out. PROTOCOL when it is none."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            host, port = "", None
        if not host or parts.scheme not in {"rtsp", "rtsps"} or re.search(r"[\x00-\x20\x7f]", url):
            raise DeviceError(FailureReason.PROTOCOL, "this is not an RTSP URL")
        is_tls = parts.scheme == "rtsps"
        name = f"[{host}]" if ":" in host else host
        authority = name if port is None else f"{name}:{port}"
        # Encoded once more only where a byte could not stand in a request line.
        rest = quote(url.partition("://")[2].partition("#")[0], safe="!$%&'()*+,/:;=?@[]~")
        slash = min((rest.find(c) for c in "/?" if c in rest), default=len(rest))
        return cls(
            host=host,
            port=port or (322 if is_tls else 554),
            is_tls=is_tls,
            url=f"{parts.scheme}://{authority}{rest[slash:]}",
        )


@dataclass(frozen=True, slots=True)
class RtspMessage:
    """An answer; header names are in lower case."""

    status: int
    headers: Mapping[str, tuple[str, ...]]
    body: bytes
    rtt_ms: float = 0.0

    def header(self, name: str) -> str:
        """Return a header's value by its name in lower case; empty without it."""
        return ", ".join(self.headers.get(name, ()))

    @property
    def challenges(self) -> tuple[str, ...]:
        """The values of WWW-Authenticate."""
        return self.headers.get("www-authenticate", ())

    @property
    def is_last(self) -> bool:
        """Whether the server closes the connection after it."""
        return "close" in self.header("connection").lower()


@asynccontextmanager
async def connected(
    target: RtspTarget, timeout_seconds: float, *, verify_tls: bool
) -> AsyncIterator["RtspConnection"]:
    """Hold a connection for everything inside, which has `timeout_seconds` in all."""
    connection = RtspConnection(target, verify_tls=verify_tls)
    try:
        async with asyncio.timeout(timeout_seconds):
            await connection.reopen()
            yield connection
    except TimeoutError as error:
        raise DeviceError(FailureReason.TIMEOUT, "the RTSP server did not answer") from error
    except (EOFError, OSError) as error:
        raise DeviceError(
            FailureReason.PROTOCOL, "the RTSP server hung up in the middle of an answer"
        ) from error
    finally:
        connection.close()


class RtspConnection:
    """One request after the other over one TCP or TLS connection."""

    def __init__(self, target: RtspTarget, *, verify_tls: bool) -> None:
        self._target, self._verify_tls = target, verify_tls
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None
        self._cseq = 0

    async def reopen(self) -> None:
        """Connect, or connect anew."""
        self.close()
        self._reader, self._writer = await _open(self._target, verify_tls=self._verify_tls)

    def close(self) -> None:
        """Cut the connection; more than once is fine."""
        if self._writer is not None:
            # A polite TLS goodbye could wait for the other side.
            self._writer.transport.abort()
            self._writer = None

    @property
    def url(self) -> str:
        """The URL that requests name."""
        return self._target.url

    async def ask(self, method: str, headers: Mapping[str, str]) -> RtspMessage:
        """Send a request and return its answer."""
        assert self._writer is not None
        self._cseq += 1
        lines = [f"{method} {self.url} RTSP/1.0", f"CSeq: {self._cseq}", "User-Agent: Everframe"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if any(re.search(r"[\x00-\x1f\x7f]", line) for line in lines):
            raise DeviceError(FailureReason.PROTOCOL, "a header of the request would be two")
        clock = asyncio.get_running_loop().time
        sent_at = clock()
        self._writer.write("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        await self._writer.drain()
        message = await self._answer()
        return replace(message, rtt_ms=(clock() - sent_at) * 1000)

    async def _answer(self) -> RtspMessage:
        for _ in range(_MAX_SKIPPED):
            first = await self._reader.readexactly(1)
            if first == b"$":  # media of somebody's session (RFC 2326 10.12)
                head = await self._reader.readexactly(3)
                await self._reader.readexactly(int.from_bytes(head[1:]))
                continue
            line = (first + await self._line()).strip()
            if line:
                message = await self._message(line)
                if message is not None:
                    return message
        raise DeviceError(FailureReason.PROTOCOL, "the server sends anything but an answer")

    async def _message(self, line: bytes) -> RtspMessage | None:
        """Read the rest of a message; None for a request of the server's or a late answer."""
        is_answer = re.match(rb"RTSP/\d\.\d (\d{3})(?:\s|$)", line)
        if not is_answer and not line.endswith(b" RTSP/1.0"):
            kind = "HTTP" if line.startswith(b"HTTP/") else "something else"
            raise DeviceError(FailureReason.PROTOCOL, f"the port speaks {kind}, not RTSP")
        headers = await self._headers()
        body = await self._body(headers.get("content-length", ("0",))[0])
        cseq = headers.get("cseq", ("",))[0]
        is_late = re.fullmatch(r"[0-9]{1,9}", cseq) is not None and int(cseq) < self._cseq
        if is_answer is None or is_late:
            return None
        return RtspMessage(int(is_answer[1]), headers, body)

    async def _headers(self) -> dict[str, tuple[str, ...]]:
        headers: dict[str, tuple[str, ...]] = {}
        for _ in range(_MAX_HEADER_LINES):
            line = (await self._line()).decode("latin-1").strip()
            if not line:
                return headers
            name, _, value = line.partition(":")
            key = name.strip().lower()
            headers[key] = (*headers.get(key, ()), value.strip())
        raise DeviceError(FailureReason.PROTOCOL, "an answer has too many headers")

    async def _body(self, length: str) -> bytes:
        if not re.fullmatch(r"[0-9]{1,9}", length) or int(length) > _MAX_BODY_BYTES:
            raise DeviceError(FailureReason.PROTOCOL, "an answer has a senseless length")
        return await self._reader.readexactly(int(length))

    async def _line(self) -> bytes:
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as error:
            raise DeviceError(FailureReason.PROTOCOL, "an answer has an endless line") from error


async def _open(
    target: RtspTarget, *, verify_tls: bool
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the first address of the host that takes the connection."""
    failure = DeviceError(FailureReason.NAME_UNKNOWN, "the host name has no address")
    for address in await _addresses(target):
        try:
            return await asyncio.open_connection(
                address,
                target.port,
                limit=_MAX_LINE_BYTES,
                ssl=client_context(verify=verify_tls) if target.is_tls else None,
                server_hostname=target.host if target.is_tls else None,
            )
        except TimeoutError as error:
            failure = _because(error, FailureReason.TIMEOUT, "nobody answers at this address")
        except ssl.SSLError as error:
            failure = _because(error, FailureReason.TLS, "TLS could not be agreed on")
        except ConnectionRefusedError as error:
            failure = _because(error, FailureReason.REFUSED, "nothing listens on the port")
        except ConnectionError as error:
            reason = FailureReason.TLS if target.is_tls else FailureReason.REFUSED
            failure = _because(error, reason, "the server hung up at once")
        except (OSError, ValueError) as error:
            failure = _because(error, FailureReason.UNREACHABLE, "the host cannot be reached")
    raise failure


async def _addresses(target: RtspTarget) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            target.host, target.port, type=1, proto=6
        )
    except (OSError, UnicodeError, ValueError) as error:
        raise DeviceError(FailureReason.NAME_UNKNOWN, "the host name has no address") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))[:_MAX_ADDRESSES]


def _because(error: Exception, reason: FailureReason, detail: str) -> DeviceError:
    failure = DeviceError(reason, detail)
    failure.__cause__ = error
    return failure
