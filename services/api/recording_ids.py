"""The id of a recording as URLs carry it: `front-door~20261120T231805123Z~7`.

A substream's ends with `~sub`. It sorts by time within a camera.
"""

import re
from datetime import UTC, datetime

RECORDING_ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,39}~[0-9]{8}T[0-9]{9}Z~[0-9]{1,19}(~[a-z]{1,10})?$"
_ID = re.compile(RECORDING_ID_PATTERN)


def recording_url_id(camera_id: str, started_at: datetime, epoch: int, stream: str) -> str:
    """Return the id of a recording."""
    utc = started_at.astimezone(UTC)
    stamp = f"{utc:%Y%m%dT%H%M%S}{utc.microsecond // 1000:03d}Z"
    suffix = "" if stream == "main" else f"~{stream}"
    return f"{camera_id}~{stamp}~{epoch}{suffix}"


def camera_of(recording_id: str) -> str:
    """Return the camera that a recording is of."""
    return recording_id.partition("~")[0]


def is_recording_id(text: str) -> bool:
    """Whether this can be the id of a recording."""
    return bool(_ID.fullmatch(text)) and text.isascii()
