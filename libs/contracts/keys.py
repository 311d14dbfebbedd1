"""Object keys. A person finds footage with any S3 browser; retention lists by day."""

from datetime import UTC, datetime

BUCKET = "everframe"


def recording_key(camera_id: str, started_at: datetime, epoch: int) -> str:
    """Return `recordings/{camera}/{YYYY}/{MM}/{DD}/{HH-MM-SS.mmm}Z-{epoch}.mp4`.

    The lease epoch is part of the key: two recorders that both believe to own a camera see the
    same keyframe within the same millisecond and must not overwrite each other's footage.
    """
    utc = started_at.astimezone(UTC)
    stamp = f"{utc:%H-%M-%S}.{utc.microsecond // 1000:03d}Z-{epoch}"
    return f"{recording_day_prefix(camera_id, utc)}{stamp}.mp4"


def recording_day_prefix(camera_id: str, day: datetime) -> str:
    """Return the prefix under which a camera's recordings that start on a UTC day lie."""
    return f"recordings/{camera_id}/{day.astimezone(UTC):%Y/%m/%d}/"
