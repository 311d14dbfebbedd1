"""Identifiers: short, readable, safe in paths, subjects, metrics and logs."""

import re
import unicodedata
from datetime import datetime
from typing import Annotated, NewType

from pydantic import StringConstraints

from libs.contracts.times import isoformat_z

CAMERA_ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,39}$"
CameraId = Annotated[
    str,
    StringConstraints(pattern=CAMERA_ID_PATTERN),
]
"""An immutable slug, made from the camera's name when it is added: `front-door`."""

Site = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
"""Where a camera is recorded. A single installation has one site."""

DEFAULT_SITE = "main"

EventId = NewType("EventId", str)


def camera_id_from_name(name: str, *, taken: frozenset[str] = frozenset()) -> str:
    """Return a free camera id for a display name; `Front door` gives `front-door`.

    Names without any latin letter or digit give `camera`. A taken id gets `-2`, `-3`, ...
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:40].rstrip("-") or "camera"
    if base not in taken:
        return base
    number = 2
    while (candidate := f"{base[: 39 - len(str(number))]}-{number}") in taken:
        number += 1
    return candidate


def recording_id(camera_id: str, started_at: datetime, epoch: int) -> str:
    """Return the id of a recording; the lease epoch keeps two owners' recordings apart."""
    return f"{camera_id}/{isoformat_z(started_at)}/{epoch}"
