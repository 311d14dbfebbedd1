"""Ids of files on devices, short enough for an address."""

import hashlib

from libs.contracts.footage import FootageFile
from libs.contracts.times import isoformat_z


def footage_id(camera_id: str, device_id: str, file: FootageFile) -> str:
    """Return an id that stays the same when the file grows."""
    parts = (
        camera_id,
        device_id,
        file.channel,
        file.stream,
        file.file_id,
        isoformat_z(file.started_at),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
