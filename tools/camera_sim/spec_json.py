"""Camera specs as JSON, for a simulator in another process."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.clip_spec import ClipSpec


def specs_to_json(specs: Sequence[CameraSpec]) -> str:
    """The reverse of `specs_from_json`."""
    return json.dumps([asdict(spec) for spec in specs])


def specs_from_json(text: str) -> list[CameraSpec]:
    """Fields that are left out have their defaults. Raises TypeError on unknown ones."""
    specs = []
    for given in json.loads(text):
        clip = ClipSpec(**given.pop("clip", {}))
        transports = tuple(given.pop("transports", ("tcp", "udp")))
        specs.append(CameraSpec(**given, clip=clip, transports=transports))
    return specs
