"""Scopes: what a device tells of itself in GetScopes and WS-Discovery (ONVIF Core 7.3.2.2)."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from tools.camera_sim.devices.spec import DeviceSpec

_ROOT: Final = "onvif://www.onvif.org"


def scopes_of(spec: DeviceSpec, missing_services: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the scopes; the profiles follow from what the device has."""
    missing = frozenset(missing_services)
    profiles = ["Streaming"]
    profiles += [] if "media2" in missing else ["T"]
    profiles += [] if missing & {"search", "replay", "recording"} else ["G"]
    kind = "Network_Video_Recorder" if spec.kind == "recorder" else "video_encoder"
    return (
        *(f"{_ROOT}/Profile/{profile}" for profile in profiles),
        f"{_ROOT}/type/{kind}",
        f"{_ROOT}/name/{quote(spec.name, safe='')}",
        f"{_ROOT}/hardware/{quote(spec.model, safe='')}",
        f"{_ROOT}/location/country/nowhere",
        f"{_ROOT}/MacAddress/{quote(spec.mac, safe=':')}",
    )
