"""WS-Discovery for scans: what `libs.devices.ws_discovery` hears, as announced devices."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Final
from urllib.parse import urlsplit

from libs.devices.errors import DeviceError
from libs.devices.ws_discovery import ProbeMatch, probe, probe_unicast
from services.discovery.candidates import Announced

MULTICAST_SECONDS: Final = 3.0
UNICAST_SECONDS: Final = 1.2
"""Devices wait half a second at most (ONVIF Core 7.3), and the question is repeated."""
_MOST_SCOPES: Final = 40
_MOST_SCOPE_LETTERS: Final = 200


class WsProbes:
    """Sends probes; raises nothing."""

    def __init__(self, interfaces: Sequence[str], *, port: int) -> None:
        self._interfaces = tuple(interfaces)
        self._port = port

    async def multicast(self, note: Callable[[str], None]) -> Sequence[Announced]:
        """Probe on every configured interface; `note` hears what could not be done."""
        if not self._interfaces:
            note("No interface is set for multicast: EVERFRAME_DISCOVERY_MULTICAST_INTERFACES.")
            return ()
        try:
            return await _collect(
                probe(self._interfaces, wait_seconds=MULTICAST_SECONDS, port=self._port)
            )
        except DeviceError as error:
            note(f"Multicast could not be sent: {error.detail}.")
            return ()

    async def unicast(self, host: str) -> Sequence[Announced]:
        """Ask one address directly; several devices may answer."""
        if ":" in host:
            return ()  # IPv4 only
        try:
            found = await _collect(
                probe_unicast(host, wait_seconds=UNICAST_SECONDS, port=self._port)
            )
        except DeviceError:
            return ()
        return [known for known in found if known.host == host]


async def _collect(matches: AsyncGenerator[ProbeMatch, None]) -> list[Announced]:
    found = []
    async with aclosing(matches):
        async for match in matches:
            known = announced(match)
            if known is not None:
                found.append(known)
    return found


def announced(match: ProbeMatch) -> Announced | None:
    """Return where the device is: at the address that it answered from, whatever it writes.

    None without a usable port. Addresses in answers are often those of another network.
    """
    places = [place for xaddr in match.xaddrs[:16] if (place := _place(xaddr)) is not None]
    if not places:
        return None
    # one with its own address is more likely to be reachable from here
    _, port, use_tls = next((p for p in places if p[0] == match.from_host), places[0])
    scopes = tuple(scope[:_MOST_SCOPE_LETTERS] for scope in match.scopes[:_MOST_SCOPES])
    return Announced(match.from_host, port, use_tls, match.endpoint_id[:200], scopes)


def _place(xaddr: str) -> tuple[str, int, bool] | None:
    try:
        parts = urlsplit(xaddr)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or parts.scheme not in {"http", "https"} or port == 0:
        return None
    use_tls = parts.scheme == "https"
    return host, port or (443 if use_tls else 80), use_tls
