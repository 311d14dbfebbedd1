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
    patience_seconds: float = 1.0,
) -> Plan:
    """Decide what recorder `me` takes and gives up.

    `recorders` are alive (with `me`); `holders` maps camera to recorder. A free camera is taken by
    anybody with room: at once by those with less than an even share, after `patience_seconds` by
    the others, so that nothing stays unrecorded when the count of recorders is not up to date.
    One camera at a time is given up, by the busiest, and only while someone has less than the
    floor of an even share: sharing settles and does not swing.
    """
    load = Counter(dict.fromkeys(recorders, 0))
    load.update(holder for camera, holder in holders.items() if camera in wanted)
    mine = sorted(camera for camera, holder in holders.items() if holder == me)
    floor, rest = divmod(len(wanted), max(1, len(recorders)))
    ceiling = floor + (1 if rest else 0)

    room = max_cameras - len(mine)
    free = sorted(wanted - holders.keys(), key=lambda camera: (hash_of(camera, me), camera))
    within_share = max(0, min(room, ceiling - len(mine)))
    take = tuple(free[: within_share or max(0, room)])
    wait = 0.0 if within_share else patience_seconds

    alive = {name: count for name, count in load.items() if name in recorders}
    is_needed = any(count < min(floor, max_cameras) for count in alive.values())
    busiest = max(alive, key=lambda name: (alive[name], name), default=me)
    give = mine[-1] if mine and is_needed and busiest == me and len(mine) > floor else None
    return Plan(take, give, wait if take else 0.0)


def hash_of(camera: str, recorder: str) -> int:
    """Return a number that orders cameras differently for each recorder, alike in every process."""
    value = 2166136261
    for byte in f"{recorder}/{camera}".encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value
