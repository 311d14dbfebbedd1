"""What a scan has found: devices merged, limited in number and in size. No I/O."""

from collections.abc import Callable, Sequence
from typing import Final

from pydantic import BaseModel

from libs.contracts.asks import FoundDevice, ScanState
from services.discovery.candidates import best_first, is_same

MOST_DEVICES: Final = 500
MOST_NOTES: Final = 20
MOST_BYTES: Final = 400 * 1024
"""A value in a bucket may be half a MiB; what comes around it needs room too."""


Shorten = Callable[[FoundDevice], FoundDevice]


class Findings:
    """The devices of one scan, in the order in which they were found."""

    def __init__(self) -> None:
        self._devices: list[FoundDevice] = []
        self.left_out = 0
        """Devices beyond the limit."""

    @property
    def devices(self) -> tuple[FoundDevice, ...]:
        """Each once."""
        return tuple(self._devices)

    def add(self, found: FoundDevice) -> bool:
        """Take a device in; False when it was there already, or when there are too many."""
        for index, known in enumerate(self._devices):
            if _is_one(known, found):
                self._devices[index] = _merged(known, found)
                return False
        if len(self._devices) >= MOST_DEVICES:
            self.left_out += 1
            return False
        self._devices.append(found)
        return True


def fitting(state: ScanState) -> ScanState:
    """Return the state within the size of a bucket's value: channels go first, then details.

    The newest devices lose theirs first; that it was done is among the notes.
    """
    if _size(state) <= MOST_BYTES:
        return state
    note = "There is more than fits in here: some devices are shown without their details."
    state = state.model_copy(update={"notes": (*state.notes, note)})
    for shorten in (_without_channels, _without_details):
        state = _shortened(state, shorten)
        if _size(state) <= MOST_BYTES:
            return state
    return state.model_copy(update={"devices": _while_fitting(state.devices)})


def _shortened(state: ScanState, shorten: Shorten) -> ScanState:
    devices = list(state.devices)
    excess = _size(state) - MOST_BYTES
    for index in range(len(devices) - 1, -1, -1):
        if excess <= 0:
            break
        less = shorten(devices[index])
        excess -= _size(devices[index]) - _size(less)
        devices[index] = less
    return state.model_copy(update={"devices": tuple(devices)})


def _while_fitting(devices: Sequence[FoundDevice]) -> tuple[FoundDevice, ...]:
    kept: list[FoundDevice] = []
    room = MOST_BYTES - 8 * 1024
    for device in devices:
        room -= _size(device) + 1
        if room < 0:
            break
        kept.append(device)
    return tuple(kept)


def _without_channels(device: FoundDevice) -> FoundDevice:
    if device.details is None:
        return device
    details = device.details.model_copy(update={"channels": ()})
    return device.model_copy(update={"details": details, "scopes": ()})


def _without_details(device: FoundDevice) -> FoundDevice:
    return device.model_copy(update={"details": None, "scopes": ()})


def _size(model: BaseModel) -> int:
    return len(model.model_dump_json(exclude_none=True).encode())


def _is_one(known: FoundDevice, found: FoundDevice) -> bool:
    if known.found_id == found.found_id:
        return True
    if known.endpoint_id or found.endpoint_id:
        if known.endpoint_id == found.endpoint_id:
            return True
        if known.endpoint_id and found.endpoint_id:
            return False
    if known.details is None or found.details is None:
        return False
    return is_same(
        known.details.identity, found.details.identity, same_host=known.host == found.host
    )


def _merged(known: FoundDevice, found: FoundDevice) -> FoundDevice:
    """Return the device that was found twice; it keeps its id."""
    best = known if known.details is not None or found.details is None else found
    names = [d for d in (known.driver, found.driver, *known.also, *found.also) if d is not None]
    return best.model_copy(
        update={
            "found_id": known.found_id,
            "endpoint_id": known.endpoint_id or found.endpoint_id,
            "scopes": known.scopes or found.scopes,
            "rtsp_port": best.rtsp_port or known.rtsp_port or found.rtsp_port,
            "also": tuple(name for name in best_first(names) if name is not best.driver),
            "seen_at": found.seen_at,
        }
    )
