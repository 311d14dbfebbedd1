"""How recorders share the cameras. No I/O: who holds what in, what to take and to give up out."""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """What one recorder should do next."""

    take: tuple[str, ...]
    """Free cameras, in the order in which to try them."""
    give_up: str | None
    """A camera to hand over, because another recorder has too few."""
    wait_seconds: float
    """How long to wait before taking, so that a less busy recorder comes first."""


def plan(
    *,
    me: str,
    recorders: AbstractSet[str],
    wanted: AbstractSet[str],
    holders: Mapping[str, str],
    max_cameras: int,
    resting: AbstractSet[str] = frozenset(),
    patience_seconds: float = 1.0,
) -> Plan:
    """Decide what recorder `me` takes and gives up.

    `recorders` are alive (with `me`); `holders` maps camera to recorder; `resting` are wanted
    cameras that `me` leaves to others for now. A free camera is taken by anybody with room: at
    once by who has less than an even share, after `patience_seconds` by the others, so that
    nothing stays unrecorded when the count of recorders is not up to date. One camera at a time
    is given up, by the busiest, while somebody with room has at least two less and no camera is
    free: each move makes the shares more even, so sharing settles and does not swing.
    """
    load = Counter(dict.fromkeys(recorders, 0))
    load.update(holder for camera, holder in holders.items() if camera in wanted)
    mine = sorted(camera for camera, holder in holders.items() if holder == me)
    others = [load[name] for name in recorders if name != me and load[name] < max_cameras]
    floor, rest = divmod(len(wanted), max(1, len(recorders)))

    free = wanted - holders.keys()
    room = max(0, max_cameras - len(mine))
    # the cameras that do not divide evenly go to whoever comes first, after the floors are filled
    share = floor + (1 if rest and min(others, default=floor) >= floor else 0)
    within_share = min(room, max(0, share - len(mine)))
    candidates = sorted(free - resting, key=lambda camera: (hash_of(camera, me), camera))
    take = tuple(candidates[: within_share or room])
    wait = 0.0 if within_share or not take else patience_seconds

    busiest = max(recorders, key=lambda name: (load[name], name), default=me)
    is_uneven = bool(others) and len(mine) - min(others) >= 2
    give = mine[-1] if mine and busiest == me and is_uneven and not free else None
    return Plan(take, give, wait)


def hash_of(camera: str, recorder: str) -> int:
    """Return a number that orders cameras differently for each recorder, alike in every process."""
    value = 2166136261
    for byte in f"{recorder}/{camera}".encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value
