"""WS-Discovery: which devices are in the network, asked or told (ONVIF Core 7.3).

The answers are datagrams from anybody. What is no answer to a question of ours is passed over
and counted, and nothing in an answer is believed: callers ask the device itself.
"""

import asyncio
import random
import socket
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from typing import Final, Literal

from libs.contracts.devices import FailureReason
from libs.devices.errors import DeviceError
from libs.devices.ws_discovery_messages import (
    PROBED_TYPES,
    Bye,
    Hello,
    ProbeMatch,
    Received,
    new_message_id,
    probe_message,
    read_message,
)
from libs.devices.ws_discovery_scopes import Scopes
from libs.devices.ws_discovery_sockets import (
    GROUP,
    PORT,
    Mailbox,
    Sockets,
    asking_socket,
    listening_socket,
    probing_socket,
)

__all__ = ["Bye", "Hello", "Ignored", "ProbeMatch", "Scopes", "listen", "probe", "probe_unicast"]

Ignored = Literal["not_understood", "not_asked", "too_many"]
"""Why a datagram was passed over."""

_JITTER_SECONDS: Final = (0.05, 0.25)
_MAX_DEVICES = 5000
_REMEMBERED = 1000


def _ignore(_: Ignored) -> None:
    """Count nothing."""


async def probe(
    interfaces: Sequence[str],
    *,
    wait_seconds: float = 3.0,
    repeats: int = 4,
    port: int = PORT,
    on_ignored: Callable[[Ignored], None] = _ignore,
) -> AsyncGenerator[ProbeMatch, None]:
    """Ask all devices in the networks of these interfaces; yield each once, as it answers.

    `interfaces` are IPv4 addresses of this machine. Datagrams get lost, so the question is put
    `repeats` times, and three times in other words. Ends `wait_seconds` after the first. Close
    the generator (contextlib.aclosing) when leaving it early. Raises DeviceError(UNREACHABLE)
    when no interface can be used.
    """
    mailbox = Mailbox(lambda: on_ignored("too_many"))
    async with Sockets(mailbox) as sockets:
        await sockets.open_all(interfaces, probing_socket)
        send = partial(sockets.send, host=GROUP, port=port)
        async for match in _matches(mailbox, send, wait_seconds, repeats, on_ignored):
            yield match


async def probe_unicast(
    host: str,
    *,
    wait_seconds: float = 2.0,
    repeats: int = 2,
    port: int = PORT,
    on_ignored: Callable[[Ignored], None] = _ignore,
) -> AsyncGenerator[ProbeMatch, None]:
    """Ask one host, where multicast does not reach; several devices may answer.

    Raises DeviceError(NAME_UNKNOWN) when the host has no IPv4 address.
    """
    address = await _ipv4_of(host, wait_seconds)
    mailbox = Mailbox(lambda: on_ignored("too_many"))
    async with Sockets(mailbox) as sockets:
        await sockets.open_all([address], asking_socket)
        send = partial(sockets.send, host=address, port=port)
        async for match in _matches(mailbox, send, wait_seconds, repeats, on_ignored):
            yield match


async def listen(
    interfaces: Sequence[str],
    *,
    port: int = PORT,
    on_ignored: Callable[[Ignored], None] = _ignore,
) -> AsyncGenerator[Hello | Bye, None]:
    """Yield what devices tell unasked, without an end; repeats of a message are left out.

    Raises DeviceError(UNREACHABLE) when no interface can be used.
    """
    mailbox = Mailbox(lambda: on_ignored("too_many"))
    known: OrderedDict[str, None] = OrderedDict()
    async with Sockets(mailbox) as sockets:
        await sockets.open_all(interfaces, partial(listening_socket, port=port))
        while (datagram := await mailbox.next()) is not None:
            received = read_message(datagram.content, datagram.from_host)
            if received is None:
                # probes of others come here too, and are no harm
                on_ignored("not_understood")
            elif not received.message_id or received.message_id not in known:
                _remember(known, received.message_id)
                for item in received.items:
                    if not isinstance(item, ProbeMatch):
                        yield item


async def _matches(
    mailbox: Mailbox,
    send: Callable[[bytes], None],
    wait_seconds: float,
    repeats: int,
    on_ignored: Callable[[Ignored], None],
) -> AsyncGenerator[ProbeMatch, None]:
    """Send and receive in turns: a generator that is left early leaves no task behind."""
    clock = asyncio.get_running_loop().time
    questions = {new_message_id(): types for types in PROBED_TYPES}
    datagrams = [probe_message(name, types) for name, types in questions.items()]
    ends_at = clock() + wait_seconds
    sends_at = [clock() + delay for delay in _delays(repeats)]
    collected = _Collected()
    while (now := clock()) < ends_at:
        if sends_at and sends_at[0] <= now:
            sends_at.pop(0)
            for datagram in datagrams:
                send(datagram)
        told = await mailbox.next(until=min([ends_at, *sends_at[:1]]))
        if told is None:
            continue
        received = read_message(told.content, told.from_host)
        if received is None:
            on_ignored("not_understood")
        elif received.relates_to not in questions:
            on_ignored("not_asked")
        else:
            for match in collected.new_of(received, on_ignored):
                yield match
    for match in collected.without_address():
        yield match


class _Collected:
    """The devices that have answered. Who tells no address may do so in a later answer."""

    def __init__(self) -> None:
        self._told: set[tuple[str, ...]] = set()
        self._waiting: dict[tuple[str, ...], ProbeMatch] = {}

    def new_of(self, received: Received, on_ignored: Callable[[Ignored], None]) -> list[ProbeMatch]:
        found = []
        for match in received.items:
            if not isinstance(match, ProbeMatch):
                continue
            key = (match.endpoint_id,) if match.endpoint_id else (match.from_host, *match.xaddrs)
            if key in self._told:
                continue
            if len(self._told) + len(self._waiting) >= _MAX_DEVICES:
                on_ignored("too_many")
            elif match.xaddrs:
                self._told.add(key)
                self._waiting.pop(key, None)
                found.append(match)
            else:
                self._waiting[key] = match
        return found

    def without_address(self) -> list[ProbeMatch]:
        return list(self._waiting.values())


def _delays(repeats: int) -> list[float]:
    """Return when to send, in seconds from now; SOAP-over-UDP asks for random pauses."""
    delays = [0.0]
    for _ in range(1, repeats):
        delays.append(delays[-1] + random.uniform(*_JITTER_SECONDS))  # noqa: S311 - no secret
    return delays


async def _ipv4_of(host: str, timeout_seconds: float) -> str:
    try:
        async with asyncio.timeout(timeout_seconds):
            found = await asyncio.get_running_loop().getaddrinfo(
                host, None, family=socket.AF_INET, type=socket.SOCK_DGRAM
            )
    except TimeoutError as error:
        raise DeviceError(FailureReason.TIMEOUT, "the name service does not answer") from error
    except (OSError, UnicodeError) as error:
        raise DeviceError(FailureReason.NAME_UNKNOWN, "the host has no IPv4 address") from error
    return str(found[0][4][0])


def _remember(known: OrderedDict[str, None], message_id: str) -> None:
    known[message_id] = None
    if len(known) > _REMEMBERED:
        known.popitem(last=False)
