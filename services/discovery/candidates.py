"""From what speaks at an address to the devices there. No I/O."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from libs.contracts.devices import DeviceIdentity, DriverName
from services.discovery.recognition import PREFERENCE, RTSP_PORTS, Speaker

_TLS_TWINS = {443: 80, 8443: 8080}
"""Where the same server usually speaks without TLS."""


@dataclass(frozen=True, slots=True)
class Announced:
    """A device that answered a WS-Discovery probe."""

    host: str
    port: int
    use_tls: bool
    endpoint_id: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One device at an address, before anybody has logged in."""

    host: str
    port: int
    use_tls: bool
    drivers: tuple[DriverName, ...]
    """Best first, at least one."""
    endpoint_id: str = ""
    scopes: tuple[str, ...] = ()
    other_ports: tuple[int, ...] = field(default=(), compare=False)

    def may_be(self, other: "Candidate") -> bool:
        """Whether both could be one device, for all that is known without a login.

        A device hardly speaks one protocol at two ports, besides the usual pairs with TLS, which
        are one candidate already.
        """
        if self.endpoint_id and self.endpoint_id == other.endpoint_id:
            return True
        if self.host != other.host or (self.endpoint_id and other.endpoint_id):
            return False
        return not set(self.drivers) & set(other.drivers)

    @property
    def found_id(self) -> str:
        """16 hex digits that are the same in every scan."""
        name = self.endpoint_id or f"{self.host}:{self.port}/{self.drivers[0]}"
        return found_id_of(name)


def found_id_of(name: str) -> str:
    """Return the id of a found device by what tells it from others."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def candidates(
    host: str, speakers: Sequence[Speaker], announced: Iterable[Announced]
) -> tuple[Candidate, ...]:
    """Return the devices of one address, in the order of their ports."""
    found: dict[int, Candidate] = {}
    for speaker in speakers:
        if speaker.drivers:
            found[speaker.port] = Candidate(host, speaker.port, speaker.use_tls, speaker.drivers)
    _merge_twins(found)
    for known in announced:
        _note_announced(found, known)
    return tuple(_merge_endpoints(found.values()))


def free_rtsp_ports(
    speakers: Sequence[Speaker], found: Sequence[Candidate], claimed: Iterable[int]
) -> tuple[int | None, tuple[int, ...]]:
    """Return the RTSP port of the one device there, and the RTSP ports that are no device's.

    `claimed` are ports that devices name in their stream URLs.
    """
    taken = set(claimed)
    ports = [speaker.port for speaker in speakers if speaker.is_rtsp and speaker.port not in taken]
    usual = next((port for port in ports if port in RTSP_PORTS), None)
    if len(found) != 1 or usual is None or taken:
        return None, tuple(ports)
    return usual, tuple(port for port in ports if port != usual)


def best_first(drivers: Iterable[DriverName]) -> tuple[DriverName, ...]:
    """Return each driver once, the one that tells most first."""
    return tuple(sorted(set(drivers), key=PREFERENCE.index))


def is_same(one: DeviceIdentity, other: DeviceIdentity, *, same_host: bool) -> bool:
    """Whether two looks saw one device, by serial number, by MAC, or by all that it said."""
    if _mac(one) and _mac(one) == _mac(other):
        return True
    if _is_unique(one.serial) and one.serial == other.serial:
        return same_host or (one.model == other.model and bool(one.model))
    told = one.model and one.firmware
    return bool(same_host and told and not one.serial and one == other)


def _is_unique(serial: str) -> bool:
    """Whether a serial number tells devices apart: cheap ones all have `000000` or `1234`."""
    return len(serial) >= 6 and len(set(serial)) > 2


def _mac(identity: DeviceIdentity) -> str:
    digits = "".join(c for c in identity.mac.lower() if c in "0123456789abcdef")
    return digits if len(digits) == 12 and digits.strip("0") and digits.strip("f") else ""


def _merge_twins(found: dict[int, Candidate]) -> None:
    for tls_port, plain_port in _TLS_TWINS.items():
        one, other = found.get(tls_port), found.get(plain_port)
        if one is not None and other is not None and set(one.drivers) & set(other.drivers):
            drivers = best_first((*one.drivers, *other.drivers))
            found[plain_port] = replace(other, drivers=drivers, other_ports=(tls_port,))
            del found[tls_port]


def _note_announced(found: dict[int, Candidate], known: Announced) -> None:
    at = next((p for p, c in found.items() if known.port == p or known.port in c.other_ports), None)
    if at is None:
        return  # nothing that was recognised is there, whatever it says
    before = found[at]
    if before.endpoint_id and before.endpoint_id != known.endpoint_id:
        return  # two devices claim one port; the first word stands
    drivers = best_first((*before.drivers, DriverName.ONVIF))
    found[at] = replace(before, drivers=drivers, endpoint_id=known.endpoint_id, scopes=known.scopes)


def _merge_endpoints(found: Iterable[Candidate]) -> Iterable[Candidate]:
    by_endpoint: dict[str, Candidate] = {}
    for candidate in sorted(found, key=lambda c: c.port):
        if not candidate.endpoint_id:
            yield candidate
        elif (before := by_endpoint.get(candidate.endpoint_id)) is None:
            by_endpoint[candidate.endpoint_id] = candidate
        else:
            drivers = best_first((*before.drivers, *candidate.drivers))
            by_endpoint[candidate.endpoint_id] = replace(before, drivers=drivers)
    yield from by_endpoint.values()
