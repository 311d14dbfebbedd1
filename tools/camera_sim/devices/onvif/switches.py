"""What can be odd about a device's ONVIF alone; the rest is in `faults` of the device."""

from dataclasses import dataclass
from typing import Final, Literal
from weakref import WeakKeyDictionary

PRE_AUTH: Final = frozenset(
    {
        "GetSystemDateAndTime",
        "GetServices",
        "GetServiceCapabilities",
        "GetCapabilities",
        "GetHostname",
    }
)
"""What anyone may ask (ONVIF Core 5.9.4.3)."""


@dataclass(slots=True)
class OnvifSwitches:
    """The defaults are a healthy device; each may change while it runs."""

    auth: Literal["username_token", "http", "both"] = "username_token"
    """`http`: as `auth_scheme` of the device's faults says; `both`: either is taken."""
    free: frozenset[str] = PRE_AUTH
    """Operations that need no login; a login that is shown there is not looked at."""
    created_seconds: float = 5.0
    """How far the Created of a token may be from the device's clock."""
    content_type: str | None = None
    """In place of the right one."""
    search_seconds: float = 0.0
    """How long a search takes; its results come evenly over that time."""
    max_searches: int = 4
    """Search sessions at a time; one more is answered with ResourceProblem."""
    max_keep_alive_seconds: float = 60.0
    recording_events_only: bool = False
    """Events tell of recordings only, never of their tracks."""
    replay_url: str = ""
    """Where a replay server listens; empty: the host of the channel's live stream."""


_switches: WeakKeyDictionary[object, OnvifSwitches] = WeakKeyDictionary()


def switches_of(device: object) -> OnvifSwitches:
    """Return the switches of a device, healthy ones at first."""
    return _switches.setdefault(device, OnvifSwitches())
