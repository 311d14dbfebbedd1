"""Specs as JSON, for a simulator in another process."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_spec import ClipSpec
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec


class Specs(NamedTuple):
    """What a simulator puts on air."""

    cameras: list[CameraSpec]
    devices: list[DeviceSpec]


def specs_to_json(cameras: Sequence[CameraSpec], devices: Sequence[DeviceSpec] = ()) -> str:
    """The reverse of `specs_from_json`."""
    given = {
        "cameras": [asdict(spec) for spec in cameras],
        "devices": [asdict(spec) for spec in devices],
    }
    return json.dumps(given, default=sorted)  # sets


def specs_from_json(text: str) -> Specs:
    """Fields that are left out have their defaults. Raises TypeError on unknown ones."""
    given = json.loads(text)
    return Specs(
        [_camera(spec) for spec in given.pop("cameras", [])],
        [_device(spec) for spec in given.pop("devices", [])],
    )


def _camera(given: dict[str, Any]) -> CameraSpec:
    clip = ClipSpec(**given.pop("clip", {}))
    transports = tuple(given.pop("transports", ("tcp", "udp")))
    return CameraSpec(**given, clip=clip, transports=transports)


def _device(given: dict[str, Any]) -> DeviceSpec:
    channels = tuple(ChannelSpec(**channel) for channel in given.pop("channels", [{}]))
    protocols = frozenset(given.pop("protocols", ["onvif"]))
    return DeviceSpec(**given, channels=channels, protocols=protocols)
