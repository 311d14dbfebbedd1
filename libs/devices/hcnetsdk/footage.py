"""Search results of the library as footage files, times in UTC."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from libs.contracts.devices import FailureReason
from libs.contracts.footage import FootageFile
from libs.devices.driver import StreamName, Window
from libs.devices.errors import DeviceError
from libs.devices.hcnetsdk.channels import name_of
from libs.devices.hcnetsdk.clock import Zone, naive, wall_clock
from libs.devices.posix_tz import to_utc

STREAM_TYPES: Final[dict[StreamName, int]] = {"main": 0, "sub": 1}
"""What a search asks for; 0 is the main stream wherever there is one."""

_NOT_MAIN: Final = frozenset({1, 2})
_SECOND: Final = timedelta(seconds=1)


def local_window(window: Window, zone: Zone) -> tuple[list[int], list[int]]:
    """Return the window as the device's clock shows it, in whole seconds, never too small.

    Where the clock was put forward or back nearby, it is wider by that much on both sides: one
    reading of the clock then means two moments, and nobody knows which the device takes.
    """
    day = timedelta(days=1)
    offsets = [
        (window.start - day).astimezone(zone.rules).utcoffset(),
        (window.end + day).astimezone(zone.rules).utcoffset(),
    ]
    change = abs((offsets[1] or timedelta()) - (offsets[0] or timedelta()))
    start = wall_clock(window.start - change, zone)
    stop = wall_clock(window.end + change + _SECOND, zone)
    return _parts(start), _parts(stop)


def footage_files(
    found: Sequence[dict[str, Any]],
    *,
    channel: str,
    stream: StreamName,
    zone: Zone,
    window: Window,
    encoding: int,
) -> tuple[FootageFile, ...]:
    """Return what overlaps the window; raises PROTOCOL when a time makes no sense."""
    files: list[FootageFile] = []
    previous: datetime | None = None
    for entry in found:
        started_at = to_utc(naive(entry["start"]), zone.rules, not_before=previous)
        ended_at = to_utc(naive(entry["stop"]), zone.rules, not_before=started_at)
        if ended_at < started_at:
            raise DeviceError(FailureReason.PROTOCOL, "a file ends before it starts")
        previous = started_at
        # Times are cut to seconds: a file that ends in the second it starts in is short, not empty.
        ended_at = max(ended_at, started_at + _SECOND)
        if _is_asked_for(entry, stream) and _overlaps(started_at, ended_at, window):
            files.append(
                FootageFile(
                    channel=channel,
                    stream=stream,
                    file_id=_file_id(entry, started_at, encoding),
                    started_at=started_at,
                    ended_at=ended_at,
                    bytes=entry["size"] or None,
                )
            )
    return tuple(files)


def _is_asked_for(entry: dict[str, Any], stream: StreamName) -> bool:
    # A device that records only one stream may answer with it whatever was asked for.
    is_sub = entry["stream"] in _NOT_MAIN
    return is_sub if stream == "sub" else not is_sub


def _overlaps(started_at: datetime, ended_at: datetime, window: Window) -> bool:
    return started_at < window.end and ended_at > window.start


def _file_id(entry: dict[str, Any], started_at: datetime, encoding: int) -> str:
    raw = bytes.fromhex(entry["name"])
    # Without a name it can still be downloaded by its time.
    return name_of(raw, encoding) if raw else f"time:{started_at:%Y%m%dT%H%M%SZ}"


def _parts(moment: datetime) -> list[int]:
    return [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second]
